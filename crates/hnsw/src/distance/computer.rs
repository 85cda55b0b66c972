//! The distance computer of a graph (FAISS `DistanceComputer`): comparisons only.
//!
//! Building and searching never add distances, they compare them. A [`DistanceComputer`] makes a
//! [`QueryScorer`] for each row, which maps every other row to an integer key; smaller is nearer.

use crate::queue::{CandidateQueue, QueryScorer};

/// The scorers of all rows of one data set.
pub trait DistanceComputer: Sync {
    /// Scores rows for one row as the query.
    type Scorer<'a>: QueryScorer<Queue = Self::Queue>
    where
        Self: 'a;
    /// The candidate queue that suits the keys.
    type Queue: CandidateQueue;

    /// Number of rows, n.
    fn rows(&self) -> usize;

    /// The scorer for row `id` as the query.
    fn scorer(&self, id: u32) -> Self::Scorer<'_>;

    /// Prefetches what `scorer(candidate).key(id)` reads for each of `ids`, but for what another candidate
    /// or a search has brought into cache.
    #[inline]
    fn prefetch(&self, candidate: u32, ids: impl Iterator<Item = u32>) {
        let _ = (candidate, ids);
    }

    /// Whether rows `a` and `b` are known to be equal, so that every row has the same key for both.
    #[inline]
    fn is_same_row(&self, a: u32, b: u32) -> bool {
        let _ = (a, b);
        false
    }

    /// The key of `origin` for the query `candidate`, given the key of `candidate` for the query
    /// `origin`.
    fn reverse_key(&self, candidate: u32, origin: u32, key: u32) -> u32;
}

/// A distance computer whose keys are reduced distances, mapped to integers of the same order: a
/// heuristic may scale what it compares.
pub trait ReducedKeys: DistanceComputer {}
