//! Required efs: per query and k, the efforts at which one more neighbor is found or one more slot
//! filled.
//!
//! Enters: a graph and the exact neighbors. Leaves: [`RequiredEfs`]: per query and k the k smallest
//! efs at which one more row that counts is visited (overlap, ties included) and one more slot is
//! filled. Overlap and fill at any ef are the share of them that do not exceed it. Per ef, how many rows
//! the queries visit together.
//!
//! Cost: one traversal to the largest ef per query, and 8·Σk bytes per query and graph.

use super::Arrivals;
use super::ties::{TieCounts, Ties};
use crate::distance_source::DistanceSource;
use crate::lists::NEVER;
use crate::query_state::{QueryState, Searched};
use annatomy_hnsw::{CandidateQueue, Visits};
use annatomy_runtime::{PerThread, TASK_QUERIES};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// Required efs of all queries on one graph.
#[derive(Debug)]
pub struct RequiredEfs {
    ks: Vec<usize>,
    ef: usize,
    /// Per query, and per k of `ks` in turn: k efs of overlap, k efs of fill, ascending.
    queries: Vec<Vec<u32>>,
    /// The rows that all queries visit together, at efs from 1.
    visited: Vec<u64>,
    /// At efs from 1.
    ties: TieCounts,
    /// Per query the effort above which the order of equal rows may decide.
    decided_above: Vec<u32>,
}

/// A figure that required efs answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Overlap, ties at the k-th distance counted as found.
    Overlap,
    /// Filled slots.
    Fill,
}

impl RequiredEfs {
    /// Traverses every query to `ef` on the current rayon pool.
    pub fn record<S: DistanceSource>(on: &Searched<'_, S>, ks: &[usize], ef: usize) -> Self {
        Self::record_and(on, ks, ef, |_, _| ()).0
    }

    /// The same, and what `read` reads from the traversal of each query, given by its number.
    pub fn record_and<S: DistanceSource, R: Send>(
        on: &Searched<'_, S>,
        ks: &[usize],
        ef: usize,
        read: impl Fn(&mut QueryState<S::Queue>, usize) -> R + Sync,
    ) -> (Self, Vec<R>) {
        let no_ties = TieCounts::new((1..=ef).collect());
        let scratch = PerThread::new(|| {
            let state = QueryState::<S::Queue>::default();
            (state, Arrivals::default(), no_ties.clone())
        });
        let more: Vec<AtomicU64> = (0..ef).map(|_| AtomicU64::new(0)).collect();
        let (found, read): (Vec<_>, Vec<_>) = (0..on.truth.queries().count())
            .into_par_iter()
            .with_max_len(TASK_QUERIES)
            .map(|query| {
                scratch.with(|(state, arrivals, ties)| {
                    state.begin(on.truth, query);
                    state.traverse(on, query, ef);
                    arrivals.read(ks, &state.exact, &state.visited, &state.visits);
                    count_visited(&state.visits, &more);
                    ties.add(&state.visits);
                    let decided_above = state.visits.decided_above();
                    let required = required(ks, arrivals, state);
                    ((required, decided_above), read(state, query))
                })
            })
            .unzip();
        let (queries, decided_above) = found.into_iter().unzip();
        let mut sum = 0;
        let visited = more.into_iter().map(|more| {
            sum += more.into_inner();
            sum
        });
        let mut ties = no_ties;
        for (.., counted) in scratch.into_values() {
            ties.merge(&counted);
        }
        let required = Self {
            ks: ks.to_vec(),
            ef,
            queries,
            visited: visited.collect(),
            ties,
            decided_above,
        };
        (required, read)
    }

    /// The mean of V(`ef`) over the queries.
    ///
    /// # Panics
    /// If `ef` is 0 or exceeds the largest.
    pub fn mean_visited(&self, ef: usize) -> f64 {
        self.visited[ef - 1] as f64 / self.queries.len() as f64
    }

    /// The queries whose queue of `ef` rows ends among rows of equal distance.
    ///
    /// # Panics
    /// If `ef` is 0 or exceeds the largest.
    pub fn ties(&self, ef: usize) -> Ties {
        self.ties.at(ef).expect("from 1 to the largest")
    }

    /// The queries of which the queue of an engine may visit other rows at `ef` than the traversal says.
    pub fn decided_by_order(&self, ef: usize) -> impl Iterator<Item = usize> + '_ {
        let decided = self.decided_above.iter().enumerate();
        let decided = decided.filter(move |&(_, &above)| ef > above as usize);
        decided.map(|(query, _)| query)
    }

    /// How many queries there are.
    pub fn queries(&self) -> usize {
        self.queries.len()
    }

    /// The largest ef that can be asked for.
    pub fn ef(&self) -> usize {
        self.ef
    }

    /// Per query the smallest ef at which its figure is 1, k by its index; `None` where none is.
    pub fn completing(
        &self,
        figure: Figure,
        k_index: usize,
    ) -> impl Iterator<Item = Option<usize>> + '_ {
        let k = self.ks[k_index];
        let before: usize = self.ks[..k_index].iter().sum();
        let last = 2 * before + if figure == Figure::Fill { 2 * k } else { k } - 1;
        let needed = self.queries.iter().map(move |required| required[last]);
        needed.map(|needed| (needed != NEVER).then_some(needed as usize))
    }

    /// The figure of every query at (`ef`, k), k by its index.
    pub fn at(&self, figure: Figure, k_index: usize, ef: usize) -> impl Iterator<Item = f64> + '_ {
        let k = self.ks[k_index];
        let before: usize = self.ks[..k_index].iter().sum();
        let start = 2 * before + if figure == Figure::Fill { k } else { 0 };
        self.queries.iter().map(move |required| {
            let required = &required[start..start + k];
            required.partition_point(|&needed| needed as usize <= ef) as f64 / k as f64
        })
    }
}

/// Adds to each ef by how many rows more than the ef before a query visits. Sums do not depend on their
/// order.
fn count_visited(visits: &Visits, more: &[AtomicU64]) {
    let mut before = 0;
    for (ef, visited) in visits.visited_from() {
        let Some(more) = more.get(ef - 1) else {
            break;
        };
        more.fetch_add((visited - before) as u64, Ordering::Relaxed);
        before = visited;
    }
}

fn required<Q: CandidateQueue>(
    ks: &[usize],
    arrivals: &mut Arrivals,
    state: &QueryState<Q>,
) -> Vec<u32> {
    let mut required = Vec::with_capacity(2 * ks.iter().sum::<usize>());
    let ef_of = |arrival: u32| state.required_ef(arrival) as u32;
    let largest = ks.last().copied().unwrap_or(0);
    let under_filter = state.is_filtered().then(|| state.first_arrivals(largest));
    for (k_index, &k) in ks.iter().enumerate() {
        let start = required.len();
        let found = arrivals.smallest(k_index, k);
        required.extend(found.iter().map(|&arrival| ef_of(arrival)));
        required.resize(start + k, NEVER);
        match &under_filter {
            Some(first) => required.extend(first.iter().take(k).map(|&arrival| ef_of(arrival))),
            None => required.extend(arrivals.first_visits(k).map(ef_of)),
        }
        required.resize(start + 2 * k, NEVER);
    }
    required
}
