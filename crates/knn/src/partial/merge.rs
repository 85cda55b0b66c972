//! Merging partials, whose ranges must follow one another and make up the base.

use super::lists::EMPTY;
use super::{BaseIdentity, Partial, PartialHeader};
use std::ops::Range;

/// Why partials do not merge.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is no partial.
    #[error("no partials to merge")]
    Nothing,
    /// Two are of different things.
    #[error(
        "the partial of rows {} has {found}, that of rows {} has {expected}",
        shown(rows),
        shown(other)
    )]
    Differs {
        /// Rows of one.
        rows: Range<u64>,
        /// What it has.
        found: String,
        /// Rows of the other.
        other: Range<u64>,
        /// What that has.
        expected: String,
    },
    /// A range is there more than once.
    #[error("rows {} are there twice", shown(rows))]
    Twice {
        /// The range.
        rows: Range<u64>,
    },
    /// Two ranges share rows.
    #[error("rows {} and {} overlap", shown(first), shown(second))]
    Overlap {
        /// The range that begins first.
        first: Range<u64>,
        /// The other.
        second: Range<u64>,
    },
    /// Rows of the base are in no range.
    #[error("rows {} are missing", missing.iter().map(shown).collect::<Vec<_>>().join(", "))]
    Missing {
        /// The rows, as ranges.
        missing: Vec<Range<u64>>,
    },
    /// Fewer rows than neighbors.
    #[error("k = {k} neighbors out of {available} rows: k must be between 1 and {available}")]
    TooManyNeighbors {
        /// Neighbors asked for.
        k: usize,
        /// Rows that can be neighbors.
        available: u64,
    },
    /// Ids beyond 32 bits.
    #[error("rows {} are beyond the {EMPTY} rows that ids can number", shown(rows))]
    Ids {
        /// The range.
        rows: Range<u64>,
    },
    /// Rows that are queries cannot be renumbered.
    #[error("rows {} are queries too, and keep their numbers", shown(rows))]
    Shifted {
        /// The range.
        rows: Range<u64>,
    },
}

/// A range as it is written in a command.
fn shown(rows: &Range<u64>) -> String {
    format!("{}:{}", rows.start, rows.end)
}

/// The order in which partials merge, where together they are of all base rows.
///
/// # Errors
/// Names the ranges that are there twice, overlap or are missing, or what two partials differ in.
pub fn merge_order(headers: &[PartialHeader]) -> Result<Vec<usize>, MergeError> {
    let first = headers.first().ok_or(MergeError::Nothing)?;
    headers
        .iter()
        .try_for_each(|header| check_same(header, first))?;
    let mut order: Vec<usize> = (0..headers.len()).collect();
    order.sort_by_key(|&place| (headers[place].rows.start, headers[place].rows.end));
    let (mut missing, mut before) = (Vec::new(), 0..0);
    for &place in &order {
        let rows = &headers[place].rows;
        check_apart(&before, rows)?;
        if before.end < rows.start {
            missing.push(before.end..rows.start);
        }
        before = rows.clone();
    }
    let rows = first.base.map_or(before.end, |base| base.rows);
    if before.end < rows {
        missing.push(before.end..rows);
    }
    if missing.is_empty() {
        Ok(order)
    } else {
        Err(MergeError::Missing { missing })
    }
}

/// Refuses a range that begins before the one before it ends.
fn check_apart(before: &Range<u64>, rows: &Range<u64>) -> Result<(), MergeError> {
    if before == rows {
        return Err(MergeError::Twice { rows: rows.clone() });
    }
    if rows.start < before.end {
        return Err(MergeError::Overlap {
            first: before.clone(),
            second: rows.clone(),
        });
    }
    Ok(())
}

/// Refuses headers that are not of the same search.
fn check_same(header: &PartialHeader, other: &PartialHeader) -> Result<(), MergeError> {
    let facts: [fn(&PartialHeader) -> String; 7] = [
        |header| format!("metric {}", header.metric),
        |header| format!("k = {}", header.k),
        |header| format!("{} columns", header.columns),
        |header| {
            let kind = if header.are_base_rows {
                "every base row as a query"
            } else {
                "other vectors as queries"
            };
            kind.to_owned()
        },
        |header| format!("{} queries", header.queries),
        |header| format!("queries with checksum {}", header.queries_checksum),
        |header| match header.base {
            Some(BaseIdentity { rows, checksum }) => {
                format!("a base of {rows} rows with checksum {checksum}")
            }
            None => "a base of unknown size".to_owned(),
        },
    ];
    for fact in facts {
        let (found, expected) = (fact(header), fact(other));
        if found != expected {
            return Err(MergeError::Differs {
                rows: header.rows.clone(),
                found,
                other: other.rows.clone(),
                expected,
            });
        }
    }
    Ok(())
}

impl Partial {
    /// The neighbors among the rows of both; `next` begins where this ends.
    ///
    /// # Errors
    /// If they are of different searches, or of ranges that do not follow one another.
    pub fn merge(&self, next: &Self) -> Result<Self, MergeError> {
        check_same(&next.header, &self.header)?;
        let rows = self.header.rows.start..next.header.rows.end;
        check_apart(&self.header.rows, &next.header.rows)?;
        if self.header.rows.end < next.header.rows.start {
            let between = self.header.rows.end..next.header.rows.start;
            return Err(MergeError::Missing {
                missing: Vec::from([between]),
            });
        }
        let header = PartialHeader {
            rows,
            ..self.header.clone()
        };
        let lists = self
            .lists
            .merged(&next.lists, header.queries, header.width());
        Ok(Self { header, lists })
    }

    /// Ids and distances of the neighbors among all rows, queries × k row after row: as of one run.
    ///
    /// # Errors
    /// If rows are missing, or there are fewer than k.
    pub fn finish(self) -> Result<(Vec<u32>, Vec<f32>), MergeError> {
        merge_order(std::slice::from_ref(&self.header))?;
        let header = &self.header;
        let available = header.rows.end - u64::from(header.are_base_rows);
        if header.k as u64 > available {
            return Err(MergeError::TooManyNeighbors {
                k: header.k,
                available,
            });
        }
        let metric = header.metric;
        let distance = |&reduced: &f64| metric.true_distance_f64(reduced) as f32;
        let distances = self.lists.reduced.iter().map(distance).collect();
        Ok((self.lists.ids, distances))
    }
}
