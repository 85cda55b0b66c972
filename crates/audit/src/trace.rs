//! Overlap and fill at every ef, from one traversal a query: what the advice is read from.
//!
//! Enters: a graph and the exact neighbors. Leaves: for each query and k the k smallest efs at
//! which one more neighbor is found (overlap, ties included) and one more slot is filled; the
//! figure at any ef is the share of them that do not exceed it.
//!
//! Cost: one traversal to the largest ef a query, and 8·Σk bytes a query and graph.

use super::exact::{ExactList, VisitedList};
use super::sight::Sight;
use annatomy_eval::dataset::Dataset;
use annatomy_hnsw::{CandidateQueue, DistanceComputer, Graph, Traversal, Visits};
use annatomy_knn::NeighborTable;
use annatomy_measures::corrected::TIE_TOLERANCE;
use annatomy_runtime::{PerThread, TASK_QUERIES};
use rayon::prelude::*;

/// The ef that is never enough.
const NEVER: u32 = u32::MAX;

/// What all queries of one graph found, to the largest ef recorded.
pub(super) struct Trace {
    ks: Vec<usize>,
    /// The largest ef that can be asked.
    pub(super) ef: usize,
    /// Per query and k, k values ascending; first for overlap, then for fill.
    queries: Vec<Vec<u32>>,
}

/// Which of the two figures of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    Overlap,
    Fill,
}

impl Trace {
    pub(super) fn record<S: Sight>(
        sight: &S,
        data: &Dataset,
        exact: &NeighborTable,
        graph: &Graph,
        ks: &[usize],
        ef: usize,
    ) -> Self {
        let scratch = PerThread::new(Scratch::<<S::Distances as DistanceComputer>::Queue>::default);
        let queries = (0..data.queries.count())
            .into_par_iter()
            .with_max_len(TASK_QUERIES)
            .map(|query| {
                scratch.with(|scratch| scratch.trace(sight, data, exact, graph, ks, ef, query))
            })
            .collect();
        Self {
            ks: ks.to_vec(),
            ef,
            queries,
        }
    }

    /// The figure of every query at `ef` and the `k_index`-th k.
    pub(super) fn at(
        &self,
        figure: Figure,
        k_index: usize,
        ef: usize,
    ) -> impl Iterator<Item = f64> + '_ {
        let k = self.ks[k_index];
        let before: usize = self.ks[..k_index].iter().sum();
        let start = 2 * before + if figure == Figure::Fill { k } else { 0 };
        self.queries.iter().map(move |required| {
            let required = &required[start..start + k];
            required.partition_point(|&needed| needed as usize <= ef) as f64 / k as f64
        })
    }
}

#[derive(Default)]
struct Scratch<F> {
    traversal: Traversal<F>,
    visits: Visits,
    exact: ExactList,
    visited: VisitedList,
    arrivals: Vec<u32>,
}

impl<F: CandidateQueue> Scratch<F> {
    #[expect(
        clippy::too_many_arguments,
        reason = "the body of one loop, split for length"
    )]
    fn trace<S: Sight>(
        &mut self,
        sight: &S,
        data: &Dataset,
        exact: &NeighborTable,
        graph: &Graph,
        ks: &[usize],
        ef: usize,
        query: usize,
    ) -> Vec<u32>
    where
        S::Distances: DistanceComputer<Queue = F>,
    {
        annatomy_runtime::check();
        self.exact.read(exact, query, data.base.rows());
        self.traversal
            .record(graph, sight.scorer(query), ef, &mut self.visits);
        self.visited
            .read(sight, data, query, &self.visits, &self.exact);
        let mut required = Vec::with_capacity(2 * ks.iter().sum::<usize>());
        for &k in ks {
            self.find_neighbors(k);
            self.push_required(k, &mut required);
            self.fill_slots(k);
            self.push_required(k, &mut required);
        }
        required
    }

    /// The arrivals of everything that counts among the k nearest: by id, or within the tie of the
    /// k-th distance.
    fn find_neighbors(&mut self, k: usize) {
        let limit = f64::from(self.exact.side.distances()[k - 1]);
        let limit = limit + limit.abs() * TIE_TOLERANCE;
        let within = self
            .visited
            .rows
            .partition_point(|row| f64::from(row.distance) <= limit);
        self.arrivals.clear();
        self.arrivals
            .extend(self.visited.rows[..within].iter().map(|row| row.arrival));
    }

    /// The arrivals of all visited rows but the query itself.
    fn fill_slots(&mut self, k: usize) {
        let others = self.visited.rows.len();
        let own = self.visited.own_arrival;
        self.arrivals.clear();
        // Arrivals are 0, 1, 2, …, one of them the query's own.
        let arrivals = (0..=others as u32)
            .filter(|&arrival| arrival != own)
            .take(others.min(k));
        self.arrivals.extend(arrivals);
    }

    /// The k smallest efs by which rows of these arrivals have been visited.
    fn push_required(&mut self, k: usize, required: &mut Vec<u32>) {
        self.arrivals.sort_unstable();
        let found = self
            .arrivals
            .iter()
            .take(k)
            .map(|&arrival| self.visits.required_ef(arrival) as u32);
        let before = required.len();
        required.extend(found);
        required.resize(before + k, NEVER);
    }
}
