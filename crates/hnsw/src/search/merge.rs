//! Merged traces of segments: each is searched at the same effort, and the k nearest of all their
//! answers are returned.
//!
//! A row of any segment is seen by efforts from some smallest one on. In the order of that effort the
//! rows of all segments make one trace, whose prefixes are what the segments see at an effort; its k
//! nearest are the k nearest of the answers of k, since a row beyond the k nearest of its segment is
//! beyond the k nearest of all. Ties stand by id, so by segment, then by the order in it: as FAISS's
//! `IndexShards` and Lucene's `TopDocs.merge` leave them. A queue is tied at an effort where that of some
//! segment is. Cost: a sort of all visits.
//!
//! Where an engine counts allowed rows alone, the efforts are those of its own searches. Does not: cut
//! the answer of a segment to ef rows; who reads the merged trace counts by
//! [`segment_of`](crate::graph::Links::segment_of).

use super::trace::Visits;
use crate::queue::QueryScorer;

/// Rows of all segments; reused from query to query.
#[derive(Debug, Default)]
pub(super) struct Merge {
    ef: usize,
    /// Id, key, effort.
    rows: Vec<(u32, Option<u32>, usize)>,
    /// Ties of all segments.
    tied: Vec<[u32; 2]>,
    decided_above: u32,
}

impl Merge {
    pub(super) fn begin(&mut self, ef: usize) {
        self.ef = ef;
        self.rows.clear();
        self.tied.clear();
        self.decided_above = u32::MAX;
    }

    /// Adds the trace of a segment.
    pub(super) fn add(&mut self, segment: &Visits) {
        self.rows.extend(segment.arrivals());
        self.tied.extend_from_slice(segment.tied());
        self.decided_above = self.decided_above.min(segment.decided_above());
    }

    /// The trace of all.
    pub(super) fn finish(&mut self, visits: &mut Visits, scorer: impl QueryScorer) {
        self.rows.sort_by_key(|&(.., effort)| effort);
        visits.record_efforts(self.ef, self.rows.drain(..), scorer);
        visits.tie(&self.tied, self.decided_above);
    }
}
