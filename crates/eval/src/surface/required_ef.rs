//! Required efs: per query and k, the efforts at which one more neighbor is found or one more slot
//! filled.
//!
//! Enters: a graph and the exact neighbors. Leaves: [`RequiredEfs`]: per query and k the k smallest
//! efs at which one more row that counts is visited (overlap, ties included) and one more slot is
//! filled. Overlap and fill at any ef are the share of them that do not exceed it.
//!
//! Cost: one traversal to the largest ef per query, and 8·Σk bytes per query and graph.

use super::Arrivals;
use crate::distance_source::DistanceSource;
use crate::lists::NEVER;
use crate::query_state::{QueryState, Searched};
use annatomy_hnsw::CandidateQueue;
use annatomy_runtime::{PerThread, TASK_QUERIES};
use rayon::prelude::*;

/// Required efs of all queries on one graph.
#[derive(Debug)]
pub struct RequiredEfs {
    ks: Vec<usize>,
    ef: usize,
    /// Per query, and per k of `ks` in turn: k efs of overlap, k efs of fill, ascending.
    queries: Vec<Vec<u32>>,
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
        let scratch = PerThread::new(|| (QueryState::<S::Queue>::default(), Arrivals::default()));
        let queries = (0..on.truth.queries().count())
            .into_par_iter()
            .with_max_len(TASK_QUERIES)
            .map(|query| {
                scratch.with(|(state, arrivals)| {
                    state.begin(on.truth, query);
                    state.traverse(on, query, ef);
                    arrivals.read(ks, &state.exact, &state.visited, &state.visits);
                    required(ks, arrivals, state)
                })
            })
            .collect();
        Self {
            ks: ks.to_vec(),
            ef,
            queries,
        }
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
