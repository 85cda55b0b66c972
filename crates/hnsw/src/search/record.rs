//! What a search reports while it runs: a trait with empty defaults, so that a plain search pays
//! nothing for it (DiskANN's `SearchRecord`).

use crate::queue::{Coverage, Scored};

/// Receives the events of one search.
pub(crate) trait SearchRecord {
    /// `scored` was evaluated.
    fn on_evaluated(&mut self, scored: Scored) {
        let _ = scored;
    }

    /// `count` more rows were seen and skipped: ef rows seen before are at least as near.
    fn on_skipped(&mut self, count: usize) {
        let _ = count;
    }

    /// `popped` is about to be expanded.
    fn on_expanded(&mut self, popped: Scored) {
        let _ = popped;
    }

    /// Which rows the search must evaluate.
    fn coverage(&self) -> Coverage {
        Coverage::MayBeCloser
    }
}

/// Records nothing.
pub(crate) struct NoopRecord;

impl SearchRecord for NoopRecord {}
