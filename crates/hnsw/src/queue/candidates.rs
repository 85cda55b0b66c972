//! The two contracts of best-first search: [`QueryScorer`] scores rows for one query,
//! [`CandidateQueue`] decides which row is expanded next and when the search stops.
//!
//! Both live here because each names the other: a scorer knows which queue suits its keys.

use super::engine::QueueRule;
use super::lower_bound::LowerBoundFilter;

/// A row with its key for one query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scored {
    /// Its key: an integer that orders as the distance does.
    pub key: u32,
    /// Its id.
    pub id: u32,
}

/// A row and its links on the layer that is searched.
#[derive(Clone, Copy, Debug)]
pub struct RowLinks<'g> {
    /// The row.
    pub row: u32,
    /// Its links.
    pub links: &'g [u32],
}

/// Which unseen links a search evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Every one.
    All,
    /// A queue may skip rows whose lower bound shows that ef rows seen so far are at least as near.
    MayBeCloser,
}

/// Search state over the rows of one graph, reused from query to query.
pub trait CandidateQueue: Default + Send {
    /// Empties the queue for a search over `rows` rows with effort `ef`.
    fn reset(&mut self, rows: usize, ef: usize);

    /// Adds a row that was evaluated before the search began.
    fn push<S: QueryScorer>(&mut self, scorer: S, scored: Scored);

    /// Evaluates those links of `expanded` that are new, in their order, calls `on_evaluated` for each, and
    /// adds them to the queue. `likely_next` is the row that is probably expanded after it: what that
    /// takes may be prefetched, and changes no result.
    ///
    /// With [`Coverage::MayBeCloser`] it may skip rows whose lower bound exceeds the ef-th best;
    /// returns the number of rows skipped.
    fn evaluate<S: QueryScorer>(
        &mut self,
        scorer: S,
        expanded: RowLinks<'_>,
        likely_next: Option<RowLinks<'_>>,
        coverage: Coverage,
        on_evaluated: impl FnMut(Scored),
    ) -> usize;

    /// Removes the nearest unexpanded row, or `None` when the search is over.
    fn pop<S: QueryScorer>(&mut self, scorer: S) -> Option<Scored>;

    /// The two nearest unexpanded rows: the next pops, unless nearer rows are evaluated before. A queue that finds
    /// only the first at little cost says `None` for the second.
    fn upcoming(&self) -> [Option<u32>; 2];

    /// The ef nearest rows seen, ascending by (key, id).
    fn nearest(&mut self, out: &mut Vec<Scored>);
}

/// Scores rows for one query (qdrant's `PointScorer`): integer keys, smaller is nearer.
pub trait QueryScorer: Copy {
    /// The candidate queue that suits the keys.
    type Queue: CandidateQueue;

    /// The key of row `id`.
    fn key(self, id: u32) -> u32;

    /// Whether the row with key `a` is truly nearer than the one with key `b` (a tie is not).
    fn strictly_closer(self, a: u32, b: u32) -> bool {
        a < b
    }

    /// The smallest key of the same distance as `key`: `key` itself unless keys break ties.
    fn first_of_tie(self, key: u32) -> u32 {
        key
    }

    /// Whether no row can be strictly closer than `key`; `false` where that is not known.
    #[inline]
    fn is_smallest(self, key: u32) -> bool {
        let _ = key;
        false
    }

    /// Whether a row of equal key and smaller id counts as nearer, as in DiskANN: else a tie is none.
    #[inline]
    fn ties_go_by_id(self) -> bool {
        false
    }

    /// The queue of the engine whose distances these are; `None`: none is followed among equal rows.
    #[inline]
    fn queue_rule(self) -> Option<QueueRule> {
        None
    }

    /// n, where keys are ranks in 0..n, one per row.
    fn ranks(self) -> Option<usize> {
        None
    }

    /// Appends the keys of `ids` in their order. An engine's own arithmetic may depend on how many
    /// rows are scored at once.
    #[inline]
    fn keys(self, ids: &[u32], out: &mut Vec<u32>) {
        out.extend(ids.iter().map(|&id| self.key(id)));
    }

    /// Prefetches what `key(id)` reads.
    fn prefetch(self, id: u32) {
        let _ = id;
    }

    /// The lower-bound filter for rows that matter only below `key`; `None` where there is no bound
    /// cheaper than `key(id)`.
    #[inline]
    fn lower_bound_filter(self, key: u32) -> Option<LowerBoundFilter> {
        let _ = key;
        None
    }

    /// Whether the key of `id` may be below the key that `filter` was made for. If not, it is not.
    #[inline]
    fn may_be_closer(self, id: u32, filter: LowerBoundFilter) -> bool {
        let _ = (id, filter);
        true
    }

    /// [`QueryScorer::may_be_closer`] of four rows.
    #[inline]
    fn may_be_closer_x4(self, ids: [u32; 4], filter: LowerBoundFilter) -> [bool; 4] {
        ids.map(|id| self.may_be_closer(id, filter))
    }

    /// Prefetches what `may_be_closer(id, …)` reads.
    #[inline]
    fn prefetch_codes(self, id: u32) {
        let _ = id;
    }

    /// Whether [`prefetch`](Self::prefetch) covers the whole row. Only then does prefetching pay
    /// before it is certain that the row is scored.
    fn prefetches_whole(self) -> bool {
        true
    }
}
