//! The one search loop, written once for building, plain search and recorded traversal.
//!
//! greedy descent through the upper layers, then best-first on one layer:
//!   pop the nearest unexpanded row; the frontier says when to stop
//!   fetch the links of the one that now comes first: mostly it is the next
//!   evaluate its unseen links                    each evaluation is told to the observer
//!     meanwhile fetch rows of the next one's     the memory has work until the next is popped
//!
//! Observing is a trait with empty defaults, so that a plain search pays nothing for it.

use crate::frontier::{Frontier, Seen};
use crate::graph::Links;
use crate::oracle::View;
use crate::visits::Visits;
use annatomy_vectors::kernels;

/// What a search tells as it goes.
pub(crate) trait Observer {
    /// `seen` was evaluated.
    fn met(&mut self, seen: Seen) {
        let _ = seen;
    }
    /// `popped` is about to be expanded.
    fn expands(&mut self, popped: Seen) {
        let _ = popped;
    }
}

/// Observes nothing.
pub(crate) struct Nobody;

impl Observer for Nobody {}

/// Best-first search of one layer from `entry`; the frontier must have been reset.
#[inline]
pub(crate) fn search_layer<V: View>(
    graph: &impl Links,
    view: V,
    level: usize,
    entry: Seen,
    frontier: &mut impl Frontier,
    observer: &mut impl Observer,
) {
    frontier.enter(entry);
    observer.met(entry);
    while let Some(popped) = frontier.pop(view) {
        observer.expands(popped);
        let next = frontier.first().map_or(&[][..], |next| graph.links(next, level));
        kernels::prefetch_whole(next);
        frontier.meet(view, graph.links(popped.id, level), next, |seen| observer.met(seen));
    }
}

/// Moves to ever nearer rows on the layers above `level`; the row it ends on. `keys` is room to work in.
pub(crate) fn descend<V: View>(
    graph: &impl Links,
    view: V,
    entry_point: u32,
    level: usize,
    keys: &mut Vec<u32>,
) -> Seen {
    let mut nearest = Seen { key: view.key(entry_point), id: entry_point };
    for layer in (level + 1..=graph.level(entry_point)).rev() {
        loop {
            let before = nearest;
            let links = graph.links(before.id, layer);
            keys.clear();
            view.keys(links, keys);
            for (&key, &id) in keys.iter().zip(links) {
                if key < nearest.key {
                    nearest = Seen { key, id };
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
    keys: Vec<u32>,
}

impl<F: Frontier> Search<F> {
    /// The ef nearest rows that a search of effort `ef` finds, ascending by (key, id); empty for an empty graph.
    pub fn nearest<V: View<Frontier = F>>(&mut self, graph: &impl Links, view: V, ef: usize, out: &mut Vec<Seen>) {
        out.clear();
        let Some(entry_point) = graph.entry_point() else {
            return;
        };
        self.frontier.reset(graph.nodes(), ef);
        let entry = descend(graph, view, entry_point, 0, &mut self.keys);
        search_layer(graph, view, 0, entry, &mut self.frontier, &mut Nobody);
        self.frontier.nearest(out);
    }
}

/// Reusable state for recorded traversals: one per query tells the answer at every (ef, k) up to the largest ef.
#[derive(Debug, Default)]
pub struct Traversal<F> {
    frontier: F,
    keys: Vec<u32>,
}

impl<F: Frontier> Traversal<F> {
    /// Traverses as a search of effort `ef` would and records every visit in `visits`.
    pub fn record<V: View<Frontier = F>>(&mut self, graph: &impl Links, view: V, ef: usize, visits: &mut Visits) {
        visits.begin(ef);
        if let Some(entry_point) = graph.entry_point() {
            self.frontier.reset(graph.nodes(), ef);
            let entry = descend(graph, view, entry_point, 0, &mut self.keys);
            search_layer(graph, view, 0, entry, &mut self.frontier, visits);
        }
        visits.finish(view);
    }
}
