//! The search for a partial: a range of base rows block by block, so that one block is in memory.
//!
//! for each block                                    of the caller's size
//!   exact neighbors among its rows, with v          `float64`
//!   merge into each query's list                    `lists`
//!
//! Where queries are base rows, those of the block are searched without themselves and the others
//! as held-out queries.

use super::lists::Lists;
use super::merge::MergeError;
use super::{BaseIdentity, Checksum256, Partial, PartialHeader};
use crate::exact::ExactError;
use crate::float64::exact_knn_float64;
use crate::queries::Queries;
use annatomy_vectors::{MatrixView, Metric, PointId};
use std::ops::Range;

/// The queries of a partial search.
#[derive(Clone, Copy, Debug)]
pub enum PartialQueries<'q> {
    /// Other vectors.
    HeldOut(MatrixView<'q>),
    /// Every row of the base, itself left out.
    BaseRows(MatrixView<'q>),
}

impl<'q> PartialQueries<'q> {
    pub(super) fn rows(self) -> MatrixView<'q> {
        match self {
            Self::HeldOut(rows) | Self::BaseRows(rows) => rows,
        }
    }

    pub(super) fn are_base_rows(self) -> bool {
        matches!(self, Self::BaseRows(_))
    }
}

/// A search through a range of base rows.
///
/// ```
/// use annatomy_knn::{PartialQueries, PartialSearch};
/// use annatomy_vectors::{Matrix, Metric};
///
/// let base = Matrix::new(4, 1, vec![0.0, 3.0, 7.0, 2.0])?;
/// let query = Matrix::new(1, 1, vec![2.0])?;
/// let of = |rows: std::ops::Range<usize>| {
///     let queries = PartialQueries::HeldOut(query.view());
///     let range = rows.start as u64..rows.end as u64;
///     let mut search = PartialSearch::new(queries, 2, Metric::L2, range, None)?;
///     search.add(base.view().row_range(rows), 0)?;
///     Ok::<_, Box<dyn std::error::Error>>(search.finish())
/// };
/// let (ids, distances) = of(0..1)?.merge(&of(1..4)?)?.finish()?;
/// assert_eq!((ids, distances), (vec![3, 1], vec![0.0, 1.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PartialSearch<'q> {
    queries: PartialQueries<'q>,
    header: PartialHeader,
    /// The first row that is still to come.
    next: u64,
    lists: Lists,
}

/// Bytes of rows that a block has, where that is rows enough.
const BLOCK_BYTES: usize = 128 << 20;
/// Rows of a block for each neighbor wanted: one row in this many is evaluated in float64, at most.
const ROWS_PER_NEIGHBOR: usize = 100;

impl<'q> PartialSearch<'q> {
    /// How many rows of `columns` numbers are best searched at once for `k` neighbors.
    pub fn block_rows(columns: usize, k: usize) -> usize {
        let in_bytes = BLOCK_BYTES / (size_of::<f32>() * columns.max(1));
        in_bytes.max(k.saturating_mul(ROWS_PER_NEIGHBOR)).max(1)
    }

    /// A search of the base rows `rows`, none of which has been seen.
    ///
    /// # Errors
    /// If k is 0 or more than a base of known size has, the range is empty, beyond 32 bits or outside
    /// the base, or the lists do not fit in memory.
    pub fn new(
        queries: PartialQueries<'q>,
        k: usize,
        metric: Metric,
        rows: Range<u64>,
        base: Option<BaseIdentity>,
    ) -> Result<Self, PartialError> {
        let vectors = queries.rows();
        let are_base_rows = queries.are_base_rows();
        let known = base
            .map(|base| base.rows)
            .or(are_base_rows.then_some(vectors.rows() as u64));
        check_range(&rows, known)?;
        let available = known.map_or(usize::MAX, |rows| {
            (rows - u64::from(are_base_rows && rows > 0)) as usize
        });
        if k == 0 || k > available {
            return Err(ExactError::TooManyNeighbors { k, available }.into());
        }
        let header = PartialHeader {
            metric,
            k,
            queries: vectors.rows(),
            columns: vectors.columns(),
            are_base_rows,
            queries_checksum: Checksum256::of_matrix(vectors),
            rows,
            base,
        };
        annatomy_runtime::check_memory("the partial result", header.list_bytes())
            .map_err(ExactError::from)?;
        Ok(Self {
            queries,
            next: header.rows.start,
            lists: Lists::empty(header.queries, header.width()),
            header,
        })
    }

    /// Rows that are still to come.
    pub fn rows_left(&self) -> Range<u64> {
        self.next..self.header.rows.end
    }

    /// Searches the next rows of the range; `budget_bytes` as in [`exact_knn`](crate::exact_knn).
    ///
    /// # Errors
    /// As there, and if there are more rows than are left.
    pub fn add(&mut self, block: MatrixView<'_>, budget_bytes: u64) -> Result<(), PartialError> {
        let rows = self.next..self.next + block.rows() as u64;
        if rows.end > self.header.rows.end {
            return Err(PartialError::TooManyRows {
                found: rows.end - self.header.rows.start,
                rows: self.header.rows.clone(),
            });
        }
        let vectors = self.queries.rows();
        let mut search = |first: usize, queries: Queries<'_>, available: usize| {
            let k = self.header.k.min(available);
            if k == 0 || queries.count() == 0 {
                return Ok(());
            }
            let metric = self.header.metric;
            let (ids, reduced) = exact_knn_float64(block, queries, k, metric, budget_bytes)?;
            let global = |PointId(id)| rows.start as u32 + id;
            let found = Lists::new(k, reduced, ids.into_iter().map(global).collect());
            self.lists.merge(first, &found);
            Ok::<(), ExactError>(())
        };
        match self.queries {
            PartialQueries::HeldOut(_) => search(0, Queries::HeldOut(vectors), block.rows())?,
            PartialQueries::BaseRows(_) => {
                let (start, end) = (rows.start as usize, rows.end as usize);
                let others = |range: Range<usize>| Queries::HeldOut(vectors.row_range(range));
                search(0, others(0..start), block.rows())?;
                search(start, Queries::AllRows(block), block.rows() - 1)?;
                search(end, others(end..vectors.rows()), block.rows())?;
            }
        }
        self.next = rows.end;
        Ok(())
    }

    /// The partial, once every row of the range has been added.
    ///
    /// # Panics
    /// If rows are missing.
    pub fn finish(self) -> Partial {
        assert_eq!(self.next, self.header.rows.end, "every row is added");
        Partial {
            header: self.header,
            lists: self.lists,
        }
    }
}

/// Why a partial cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum PartialError {
    /// As of the neighbors of all rows.
    #[error(transparent)]
    Exact(#[from] ExactError),
    /// The range is empty or ends behind the base.
    #[error(
        "rows {}:{} of a base of {base_rows}: a range holds at least one row and ends by {base_rows}",
        rows.start,
        rows.end
    )]
    Range {
        /// The range.
        rows: Range<u64>,
        /// Rows of the base.
        base_rows: u64,
    },
    /// Ids beyond 32 bits.
    #[error(transparent)]
    Ids(#[from] MergeError),
    /// More rows were added than the range has.
    #[error("{found} rows for the range {}:{}", rows.start, rows.end)]
    TooManyRows {
        /// Rows added.
        found: u64,
        /// The range.
        rows: Range<u64>,
    },
}

fn check_range(rows: &Range<u64>, base_rows: Option<u64>) -> Result<(), PartialError> {
    check_ids(rows)?;
    let base_rows = base_rows.unwrap_or(u64::from(super::lists::EMPTY));
    if rows.is_empty() || rows.end > base_rows {
        return Err(PartialError::Range {
            rows: rows.clone(),
            base_rows,
        });
    }
    Ok(())
}

/// Refuses rows whose ids do not fit 32 bits, or are that of an empty slot.
pub(super) fn check_ids(rows: &Range<u64>) -> Result<(), MergeError> {
    if rows.end > u64::from(super::lists::EMPTY) {
        return Err(MergeError::Ids { rows: rows.clone() });
    }
    Ok(())
}
