//! The one search loop, written once for building, plain search and recorded traversal.
//!
//! greedy descent through the upper layers, then best-first on one layer:
//!   pop the nearest unexpanded row; the frontier says when to stop
//!   fetch the links of the one that now comes first: mostly it is the next
//!   sift its unseen links                        where a sketch tells that most are too far to be held
//!   evaluate those that are left                 each evaluation is told to the observer
//!     meanwhile fetch rows of the next one's     the memory has work until the next is popped
//!
//! Observing is a trait with empty defaults, so that a plain search pays nothing for it.

use super::trace::Visits;
use crate::distance::QueryScorer;
use crate::graph::Links;
use crate::queue::{CandidateQueue, Scored};
use annatomy_vectors::kernels;

/// What a search tells as it goes.
pub(crate) trait SearchRecord {
    /// `seen` was evaluated.
    fn met(&mut self, seen: Scored) {
        let _ = seen;
    }
    /// So many more were seen, that are no nearer than the ef nearest by then.
    fn passed_over(&mut self, count: usize) {
        let _ = count;
    }
    /// Whether it must be told of each that is seen, however far.
    fn wants_all(&self) -> bool {
        false
    }
    /// `popped` is about to be expanded.
    fn expands(&mut self, popped: Scored) {
        let _ = popped;
    }
}

/// Observes nothing.
pub(crate) struct NoopRecord;

impl SearchRecord for NoopRecord {}

/// Best-first search of one layer from `entry`; the frontier must have been reset.
#[inline]
pub(crate) fn search_layer<V: QueryScorer>(
    graph: &impl Links,
    view: V,
    level: usize,
    entry: Scored,
    frontier: &mut impl CandidateQueue,
    observer: &mut impl SearchRecord,
) {
    frontier.enter(entry);
    observer.met(entry);
    while let Some(popped) = frontier.pop(view) {
        observer.expands(popped);
        let next = frontier
            .first()
            .map_or(&[][..], |next| graph.links(next, level));
        kernels::prefetch_whole(next);
        let all = observer.wants_all();
        let passed_over = frontier.meet(view, graph.links(popped.id, level), next, all, |seen| {
            observer.met(seen)
        });
        observer.passed_over(passed_over);
    }
}

/// What a descent works in.
#[derive(Debug, Default)]
pub(crate) struct DescentScratch {
    ids: Vec<u32>,
    keys: Vec<u32>,
}

/// Moves to ever nearer rows on the layers above `level`; the row it ends on.
pub(crate) fn descend<V: QueryScorer>(
    graph: &impl Links,
    view: V,
    entry_point: u32,
    level: usize,
    DescentScratch { ids, keys }: &mut DescentScratch,
) -> Scored {
    let mut nearest = Scored {
        key: view.key(entry_point),
        id: entry_point,
    };
    for layer in (level + 1..=graph.level(entry_point)).rev() {
        loop {
            let before = nearest;
            let links = graph.links(before.id, layer);
            ids.clear();
            if let Some(sieve) = view.sieve(before.key) {
                links.iter().for_each(|&id| view.prefetch_for_sieve(id));
                ids.extend(links.iter().copied().filter(|&id| view.passes(id, sieve)));
            } else {
                ids.extend(links);
            }
            keys.clear();
            view.keys(ids, keys);
            for (&key, &id) in keys.iter().zip(&*ids) {
                if key < nearest.key {
                    nearest = Scored { key, id };
                }
            }
            if nearest == before {
                break;
            }
        }
    }
    nearest
}

/// Reusable state for plain searches of one graph.
#[derive(Debug, Default)]
pub struct Search<F> {
    frontier: F,
    room: DescentScratch,
}

impl<F: CandidateQueue> Search<F> {
    /// The ef nearest rows that a search of effort `ef` finds, ascending by (key, id); empty for an
    /// empty graph.
    pub fn nearest<V: QueryScorer<Queue = F>>(
        &mut self,
        graph: &impl Links,
        view: V,
        ef: usize,
        out: &mut Vec<Scored>,
    ) {
        out.clear();
        let Some(entry_point) = graph.entry_point() else {
            return;
        };
        self.frontier.reset(graph.nodes(), ef);
        let entry = descend(graph, view, entry_point, 0, &mut self.room);
        search_layer(graph, view, 0, entry, &mut self.frontier, &mut NoopRecord);
        self.frontier.nearest(out);
    }
}

/// Reusable state for recorded traversals: one per query tells the answer at every (ef, k) up to
/// the largest ef.
#[derive(Debug, Default)]
pub struct Traversal<F> {
    frontier: F,
    room: DescentScratch,
}

impl<F: CandidateQueue> Traversal<F> {
    /// Traverses as a search of effort `ef` would and records every visit in `visits`.
    pub fn record<V: QueryScorer<Queue = F>>(
        &mut self,
        graph: &impl Links,
        view: V,
        ef: usize,
        visits: &mut Visits,
    ) {
        self.record_for_k(graph, view, ef, usize::MAX, visits);
    }

    /// The same where of each answer only the `most` nearest rows are wanted: rows that are surely
    /// in none may be counted among the visits without their ids and keys, which takes less time.
    pub fn record_for_k<V: QueryScorer<Queue = F>>(
        &mut self,
        graph: &impl Links,
        view: V,
        ef: usize,
        most: usize,
        visits: &mut Visits,
    ) {
        visits.begin(ef, most);
        if let Some(entry_point) = graph.entry_point() {
            self.frontier.reset(graph.nodes(), ef);
            let entry = descend(graph, view, entry_point, 0, &mut self.room);
            search_layer(graph, view, 0, entry, &mut self.frontier, visits);
        }
        visits.finish(view);
    }
}
