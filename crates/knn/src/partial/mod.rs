//! Partial exact neighbors: the nearest of a range of base rows, which merge into those of all rows.
//!
//! Enters: blocks of base rows of a range ([`PartialSearch`]), on any machine. Leaves: a
//! [`Partial`], k slots per query with the reduced distance in float64 and the id. [`Partial::merge`]
//! joins two ranges that follow one another; of all rows, [`Partial::finish`] makes a table.
//!
//! **Why merged neighbors are certified as those of one run.** Let v(q, x) be the float64 reduced
//! distance. It depends on the two rows alone, on every machine (`vectors::kernels`, law 4).
//! 1. One run leaves the k smallest rows by (v, id), in that order: rows whose float32 intervals meet
//!    are sorted by (v, id), and intervals that do not meet are in the order of v, since each holds the
//!    row's v (`prepared::FLOAT64_SLACK`). Equal v have intervals that meet, so ties go by id.
//! 2. A partial leaves the same of its range, and a row of the k smallest of all is one of the k
//!    smallest of its range.
//! 3. Merging lists by (v, id) gives the k smallest of their union in that order. Keys that are equal
//!    on both sides are ties in one run too, and go by id there as here.
//!
//! No interval is left open: v settles every candidate, at d flops in float64 for each of k neighbors.
//! Reference: certificates as in `refine`; merging sorted runs.

mod encoding;
mod files;
mod lists;
mod merge;
mod plan;
mod search;

pub use encoding::PartialFileError;
pub use files::{FileSearchError, PartialRequest, identity_of, partial_of_file, valid_rows};
pub use merge::{MergeError, merge_order};
pub use plan::{NodeCost, PartialPlan};
pub use search::{PartialError, PartialQueries, PartialSearch};

use annatomy_vectors::{MatrixView, Metric};
use lists::Lists;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::ops::Range;

/// Neighbors of every query among a range of base rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Partial {
    header: PartialHeader,
    lists: Lists,
}

/// What a partial is of: partials merge where all but their rows agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialHeader {
    /// How far apart rows are.
    pub metric: Metric,
    /// Neighbors asked for of each query.
    pub k: usize,
    /// Number of queries, q.
    pub queries: usize,
    /// Number of columns, d.
    pub columns: usize,
    /// Whether every base row is a query, itself left out.
    pub are_base_rows: bool,
    /// Checksum of the queries' values.
    pub queries_checksum: Checksum256,
    /// The base rows that were searched.
    pub rows: Range<u64>,
    /// The base that they are of, where it is known.
    pub base: Option<BaseIdentity>,
}

/// What is known of a base of which a part is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseIdentity {
    /// Number of rows, n.
    pub rows: u64,
    /// A checksum of what can be read without reading it all.
    pub checksum: Checksum256,
}

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Checksum256(pub [u8; 32]);

impl Checksum256 {
    /// Of a matrix: its shape and its values.
    pub fn of_matrix(matrix: MatrixView<'_>) -> Self {
        /// Values hashed at once.
        const BLOCK: usize = 1 << 14;
        let mut hasher = Sha256::new();
        for length in [matrix.rows(), matrix.columns()] {
            hasher.update((length as u64).to_le_bytes());
        }
        let mut bytes = Vec::with_capacity(4 * BLOCK);
        for values in matrix.values().chunks(BLOCK) {
            annatomy_runtime::check();
            bytes.clear();
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            hasher.update(&bytes);
        }
        Self(hasher.finalize().into())
    }
}

impl fmt::Display for Checksum256 {
    /// The first 16 digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..8]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Checksum256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl PartialHeader {
    /// Slots of each list: fewer than k where the range has fewer rows.
    pub fn width(&self) -> usize {
        self.k
            .min(usize::try_from(self.row_count()).unwrap_or(usize::MAX))
    }

    fn row_count(&self) -> u64 {
        self.rows.end.saturating_sub(self.rows.start)
    }

    /// Rows that can be neighbors of a query.
    fn available(&self, query: usize) -> u64 {
        let own = self.are_base_rows && self.rows.contains(&(query as u64));
        self.row_count() - u64::from(own)
    }

    /// Bytes that the lists take.
    pub fn list_bytes(&self) -> u64 {
        (self.queries as u64)
            .saturating_mul(self.width() as u64)
            .saturating_mul(Lists::SLOT_BYTES)
    }
}

impl Partial {
    /// What it is of.
    pub fn header(&self) -> &PartialHeader {
        &self.header
    }

    /// The same partial of a base of which its own is rows `first`.. .
    ///
    /// # Errors
    /// If ids would not fit 32 bits, or queries are base rows, whose ids would not be theirs.
    pub fn shifted(mut self, first: u64) -> Result<Self, MergeError> {
        let rows = &self.header.rows;
        let moved = rows.start + first..rows.end.saturating_add(first);
        if self.header.are_base_rows && first > 0 {
            return Err(MergeError::Shifted { rows: rows.clone() });
        }
        search::check_ids(&moved)?;
        for id in &mut self.lists.ids {
            if *id != lists::EMPTY {
                *id += first as u32;
            }
        }
        self.header.rows = moved;
        Ok(self)
    }

    /// The same partial of base `base`.
    #[must_use]
    pub fn of_base(mut self, base: Option<BaseIdentity>) -> Self {
        self.header.base = base;
        self
    }
}
