//! A whole search of a graph with its reusable state: [`Search`] for the ef nearest rows,
//! [`Traversal`] for the trace of every visit.

use super::beam::{DescentScratch, descend, search_layer};
use super::merge::Merge;
use super::record::NoopRecord;
use super::trace::Visits;
use crate::graph::Links;
use crate::queue::{CandidateQueue, QueryScorer, Scored};

/// Reusable state for plain searches of one graph.
#[derive(Debug, Default)]
pub struct Search<Q> {
    queue: Q,
    scratch: DescentScratch,
}

impl<Q: CandidateQueue> Search<Q> {
    /// The ef nearest rows that a search of effort `ef` finds, ascending by (key, id), those of all
    /// segments merged; empty for an empty graph.
    pub fn nearest<S: QueryScorer<Queue = Q>>(
        &mut self,
        graph: &impl Links,
        scorer: S,
        ef: usize,
        out: &mut Vec<Scored>,
    ) {
        out.clear();
        if let Some(entry_point) = graph.entry_point() {
            self.nearest_from(graph, scorer, (entry_point, ef), out);
        }
        let more = graph.more_entry_points();
        if more.is_empty() {
            return;
        }
        let mut of_segment = Vec::new();
        for &entry_point in more {
            self.nearest_from(graph, scorer, (entry_point, ef), &mut of_segment);
            out.append(&mut of_segment);
        }
        out.sort_unstable_by_key(|found| (found.key, found.id));
        out.truncate(ef);
    }

    fn nearest_from<S: QueryScorer<Queue = Q>>(
        &mut self,
        graph: &impl Links,
        scorer: S,
        (entry_point, ef): (u32, usize),
        out: &mut Vec<Scored>,
    ) {
        self.queue.reset(graph.nodes(), ef);
        let entry = descend(graph, scorer, entry_point, 0, &mut self.scratch);
        search_layer(graph, scorer, 0, entry, &mut self.queue, &mut NoopRecord);
        self.queue.nearest(out);
    }
}

/// Reusable state for recorded traversals: one per query gives the answer at every (ef, k) up to
/// the largest ef.
#[derive(Debug, Default)]
pub struct Traversal<Q> {
    queue: Q,
    scratch: DescentScratch,
    /// Of a segment, where there are several.
    segment: Visits,
    merge: Merge,
    descended: usize,
}

impl<Q: CandidateQueue> Traversal<Q> {
    /// Traverses as a search of effort `ef` would and records every visit in `visits`.
    pub fn record<S: QueryScorer<Queue = Q>>(
        &mut self,
        graph: &impl Links,
        scorer: S,
        ef: usize,
        visits: &mut Visits,
    ) {
        self.record_for_k(graph, scorer, ef, usize::MAX, visits);
    }

    /// The same for answers of at most `max_k` rows: rows that are surely in no such answer may be
    /// counted among the visits without their ids and keys, which takes less time.
    pub fn record_for_k<S: QueryScorer<Queue = Q>>(
        &mut self,
        graph: &impl Links,
        scorer: S,
        ef: usize,
        max_k: usize,
        visits: &mut Visits,
    ) {
        self.descended = 0;
        if let (Some(entry_point), []) = (graph.entry_point(), graph.more_entry_points()) {
            self.record_from(graph, scorer, (entry_point, ef, max_k), visits);
            return;
        }
        let mut segment = std::mem::take(&mut self.segment);
        self.merge.begin(ef);
        for entry_point in graph.entry_points() {
            self.record_from(graph, scorer, (entry_point, ef, max_k), &mut segment);
            self.merge.add(&segment);
        }
        self.merge.finish(visits, scorer);
        self.segment = segment;
    }

    /// As [`record`](Self::record), of an engine that counts allowed rows alone: filters and deleted
    /// rows of hnswlib, usearch and Lucene. It expands every row, and its search stops at the first
    /// pop with `ef` *allowed* rows strictly nearer; in each segment, where there are several.
    ///
    /// `allowed` is how many rows `is_allowed` holds for. Cost: a traversal until there are `ef`
    /// allowed rows: first to about ef·n/allowed rows, then to twice that, and so on.
    pub fn record_allowed<S: QueryScorer<Queue = Q>>(
        &mut self,
        graph: &impl Links,
        scorer: S,
        ef: usize,
        (allowed, is_allowed): (usize, impl Fn(u32) -> bool),
        visits: &mut Visits,
    ) {
        let about = ef as u128 * graph.nodes() as u128 / allowed.max(1) as u128;
        let about = usize::try_from(about).unwrap_or(usize::MAX);
        self.descended = 0;
        if let (Some(entry_point), []) = (graph.entry_point(), graph.more_entry_points()) {
            self.record_allowed_from(graph, scorer, (entry_point, ef, about), &is_allowed, visits);
            return;
        }
        let mut segment = std::mem::take(&mut self.segment);
        self.merge.begin(ef);
        for entry_point in graph.entry_points() {
            let from = (entry_point, ef, about);
            self.record_allowed_from(graph, scorer, from, &is_allowed, &mut segment);
            self.merge.add(&segment);
        }
        self.merge.finish(visits, scorer);
        self.segment = segment;
    }

    /// Records to `about`, and further until the search has stopped.
    fn record_allowed_from<S: QueryScorer<Queue = Q>>(
        &mut self,
        graph: &impl Links,
        scorer: S,
        (entry_point, ef, about): (u32, usize, usize),
        is_allowed: impl Fn(u32) -> bool,
        visits: &mut Visits,
    ) {
        let most = graph.nodes().max(ef);
        let mut recorded = about.clamp(ef, most);
        loop {
            self.record_from(graph, scorer, (entry_point, recorded, usize::MAX), visits);
            if visits.count_only(ef, scorer, &is_allowed) {
                return;
            }
            recorded = recorded.saturating_mul(2).min(most);
        }
    }

    /// Distances that the last traversal evaluated on the layers above; those of its visits come on top.
    pub fn descended(&self) -> usize {
        self.descended
    }

    fn record_from<S: QueryScorer<Queue = Q>>(
        &mut self,
        graph: &impl Links,
        scorer: S,
        (entry_point, ef, max_k): (u32, usize, usize),
        visits: &mut Visits,
    ) {
        visits.begin(ef, max_k);
        self.queue.reset(graph.nodes(), ef);
        let entry = descend(graph, scorer, entry_point, 0, &mut self.scratch);
        self.descended += self.scratch.evaluated;
        search_layer(graph, scorer, 0, entry, &mut self.queue, visits);
        visits.finish(scorer);
    }
}
