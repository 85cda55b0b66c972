//! Which base rows a query may be answered with.

use annatomy_hnsw::FilterRule;
use annatomy_vectors::BitSet;

/// The rows that answers may hold: the same for all queries, or some for each.
#[derive(Clone, Debug)]
pub struct Allowed {
    rows: usize,
    /// One for all queries, or one per query.
    masks: Vec<Mask>,
}

#[derive(Clone, Debug)]
struct Mask {
    rows: BitSet,
    count: usize,
}

/// Allowed rows and what the engine does with them.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The rows.
    pub allowed: Allowed,
    /// The engine's rule.
    pub rule: FilterRule,
}

/// A mask that does not fit.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MaskError {
    /// No mask for each query.
    #[error("{found} masks for {queries} queries: expected one for all, or one per query")]
    Queries {
        /// Masks given.
        found: usize,
        /// Queries there are.
        queries: usize,
    },
    /// A row that the base does not have.
    #[error("row {row} is allowed, and the base has {rows} rows")]
    NoSuchRow {
        /// The row.
        row: u64,
        /// Rows of the base.
        rows: usize,
    },
}

impl Allowed {
    /// The rows of `lists`: one list for all of `queries`, or one per query. Rows that are named
    /// twice are allowed once.
    pub fn new<L: AsRef<[u32]>>(
        rows: usize,
        queries: usize,
        lists: &[L],
    ) -> Result<Self, MaskError> {
        if lists.len() != 1 && lists.len() != queries {
            let found = lists.len();
            return Err(MaskError::Queries { found, queries });
        }
        let masks = lists.iter().map(|list| Mask::new(rows, list.as_ref()));
        let masks = masks.collect::<Result<_, _>>()?;
        Ok(Self { rows, masks })
    }

    /// Rows of the base, allowed or not.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether all queries have the same rows.
    pub fn is_shared(&self) -> bool {
        self.masks.len() == 1
    }

    /// Whether `query` may be answered with `row`.
    #[inline]
    pub fn holds(&self, query: usize, row: u32) -> bool {
        self.mask(query).rows.contains(row as usize)
    }

    /// How many rows `query` may be answered with.
    pub fn count(&self, query: usize) -> usize {
        self.mask(query).count
    }

    /// The rows that `query` may be answered with, ascending.
    pub fn of(&self, query: usize) -> impl Iterator<Item = u32> + '_ {
        self.mask(query).rows.iter()
    }

    /// The mean share of rows that a query may be answered with.
    pub fn selectivity(&self) -> f64 {
        let count: usize = self.masks.iter().map(|mask| mask.count).sum();
        count as f64 / (self.rows * self.masks.len()).max(1) as f64
    }

    fn mask(&self, query: usize) -> &Mask {
        self.masks.get(query).unwrap_or(&self.masks[0])
    }
}

impl Mask {
    fn new(rows: usize, list: &[u32]) -> Result<Self, MaskError> {
        let mut mask = vec![false; rows];
        for &row in list {
            let no_such_row = || MaskError::NoSuchRow {
                row: row.into(),
                rows,
            };
            *mask.get_mut(row as usize).ok_or_else(no_such_row)? = true;
        }
        let mut rows = BitSet::default();
        rows.assign(mask.iter().copied());
        let count = mask.iter().filter(|&&allowed| allowed).count();
        Ok(Self { rows, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mask_serves_all_queries_or_each_has_its_own() {
        let shared = Allowed::new(5, 3, &[[1, 4, 4]]).expect("rows");
        assert!(shared.is_shared() && shared.holds(2, 4) && !shared.holds(0, 0));
        assert_eq!((shared.count(2), shared.selectivity()), (2, 0.4));
        let own = Allowed::new(5, 2, &[vec![0], vec![1, 2, 3]]).expect("rows");
        assert!(own.holds(0, 0) && !own.holds(1, 0));
        assert_eq!(own.of(1).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(own.selectivity(), 0.4);
    }

    #[test]
    fn masks_that_do_not_fit_are_refused_with_their_numbers() {
        let error = Allowed::new(5, 3, &[[0], [1]]).expect_err("two for three");
        assert_eq!(
            error,
            MaskError::Queries {
                found: 2,
                queries: 3
            }
        );
        let error = Allowed::new(5, 1, &[[5]])
            .expect_err("no row 5")
            .to_string();
        assert_eq!(error, "row 5 is allowed, and the base has 5 rows");
    }
}
