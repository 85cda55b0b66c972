//! When a search stops that counts allowed rows alone: filters and deleted rows of hnswlib, usearch
//! and Lucene.
//!
//! Such an engine expands every row and returns allowed ones. It stops at the first pop with ef
//! *allowed* rows strictly nearer, so the order of pops is that of the search without a filter, and
//! each step of the trace counts allowed rows in place of all.
//!
//! Enters: a trace and which rows are allowed. Leaves: V(ef) under that rule. A trace recorded to
//! effort e ends where e rows of any kind are nearer; few of them may be allowed, so it may end
//! before ef allowed rows are seen. [`AllowedSteps::visited`] then has no value, and the trace is to
//! be recorded further: one of effort n never ends early. Cost: as the steps of a trace.

use super::trace::{Step, Visits, step_at, step_before};
use crate::queue::QueryScorer;
use annatomy_vectors::RankedBitSet;

/// V(ef) of one trace under a filter; reused from query to query.
#[derive(Debug, Default)]
pub struct AllowedSteps {
    steps: Vec<Step>,
    seen: RankedBitSet,
    /// Rows visited in all.
    total: usize,
    /// Whether the trace went on until no row was left.
    is_whole: bool,
}

impl AllowedSteps {
    /// Reads a trace of a graph of `nodes` rows, recorded for answers of any length.
    pub fn read(
        &mut self,
        visits: &Visits,
        scorer: impl QueryScorer,
        nodes: usize,
        is_allowed: impl Fn(u32) -> bool,
    ) {
        self.total = visits.visited(visits.ef());
        self.is_whole = visits.ef() >= nodes;
        visits.steps_over(scorer, is_allowed, &mut self.seen, &mut self.steps);
    }

    /// How many rows a search of effort `ef` visits; `None` if the trace ends before.
    pub fn visited(&self, ef: usize) -> Option<usize> {
        step_at(&self.steps, ef).or(self.is_whole.then_some(self.total))
    }

    /// The smallest ef whose search visits the row that arrived after `arrival` others.
    pub fn required_ef(&self, arrival: u32) -> usize {
        step_before(&self.steps, arrival)
    }
}
