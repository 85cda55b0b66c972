//! All measures at chosen (class, ef, k), per query.
//!
//! Enters: a graph and cells. Leaves: one [`CellValues`] per cell, a value per query in the order
//! of the queries; a figure that a query does not have is NaN. Cost: one traversal a query to the
//! largest effort of any cell, O(k) a cell, O(k·d) for barycenters where asked.

use super::exact::{ExactList, VisitedList};
use super::shift::{Barycenters, Shifts};
use super::sight::Sight;
use annatomy_eval::dataset::Dataset;
use annatomy_hnsw::{
    Answer, CandidateQueue, DistanceComputer, EngineClass, Graph, Traversal, Visits,
};
use annatomy_knn::NeighborTable;
use annatomy_measures::corrected::{
    QueryMeasures, ReturnedSide, Scratch as MeasureScratch, measure,
};
use annatomy_runtime::{PerThread, TASK_QUERIES};
use annatomy_vectors::Metric;
use rayon::prelude::*;

/// A point of the surface, and the rule that leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) class: EngineClass,
    pub(super) ef: usize,
    pub(super) k: usize,
}

/// One query in one cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueryValues {
    pub(super) fill: f64,
    pub(super) overlap: f64,
    pub(super) overlap_strict: f64,
    pub(super) distance_error: f64,
    pub(super) mean_exact_distance: f64,
    pub(super) mean_returned_distance: f64,
    pub(super) lid_exact: f64,
    pub(super) lid_returned: f64,
    pub(super) barycenter_shift: f64,
    pub(super) visited: f64,
    /// Missing neighbors by cause, and slots that are empty.
    pub(super) unreachable: f64,
    pub(super) unvisited: f64,
    pub(super) cut_off: f64,
    pub(super) tied: f64,
    pub(super) displaced: f64,
}

/// One graph in one cell.
#[derive(Clone, Debug)]
pub(super) enum CellValues {
    /// The engine refuses k > ef.
    Refused,
    /// One entry per query.
    Queries(Vec<QueryValues>),
}

/// What is evaluated, and on what.
pub(super) struct Evaluation<'e, S> {
    pub(super) sight: &'e S,
    pub(super) data: &'e Dataset<'e>,
    pub(super) exact: &'e NeighborTable,
    pub(super) graph: &'e Graph,
    pub(super) reachable: &'e [bool],
    pub(super) barycenters: Barycenters,
}

impl<S: Sight> Evaluation<'_, S> {
    pub(super) fn at(&self, cells: &[Cell]) -> Vec<CellValues> {
        let effort = cells
            .iter()
            .map(|cell| cell.class.effort(cell.ef, self.data.asked(cell.k)))
            .max()
            .unwrap_or(1);
        let scratch = PerThread::new(Scratch::<<S::Distances as DistanceComputer>::Queue>::default);
        let queries: Vec<Vec<Option<QueryValues>>> = (0..self.data.queries.count())
            .into_par_iter()
            .with_max_len(TASK_QUERIES)
            .map(|query| scratch.with(|scratch| scratch.evaluate(self, cells, effort, query)))
            .collect();
        let column = |cell: usize| -> Option<Vec<QueryValues>> {
            queries.iter().map(|values| values[cell]).collect()
        };
        (0..cells.len())
            .map(|cell| column(cell).map_or(CellValues::Refused, CellValues::Queries))
            .collect()
    }
}

#[derive(Default)]
struct Scratch<F> {
    traversal: Traversal<F>,
    visits: Visits,
    exact: ExactList,
    visited: VisitedList,
    returned: Vec<usize>,
    distances: Vec<f32>,
    ranks: Vec<u32>,
    measure: MeasureScratch,
    measures: Vec<QueryMeasures>,
}

impl<F: CandidateQueue> Scratch<F> {
    fn evaluate<S: Sight>(
        &mut self,
        on: &Evaluation<'_, S>,
        cells: &[Cell],
        effort: usize,
        query: usize,
    ) -> Vec<Option<QueryValues>>
    where
        S::Distances: DistanceComputer<Queue = F>,
    {
        annatomy_runtime::check();
        self.exact.read(on.exact, query, on.data.base.rows());
        self.traversal
            .record(on.graph, on.sight.scorer(query), effort, &mut self.visits);
        self.visited
            .read(on.sight, on.data, query, &self.visits, &self.exact);
        cells
            .iter()
            .map(|cell| self.evaluate_cell(on, cell, query))
            .collect()
    }

    fn evaluate_cell<S: Sight>(
        &mut self,
        on: &Evaluation<'_, S>,
        cell: &Cell,
        query: usize,
    ) -> Option<QueryValues> {
        let Answer::Rows { visited, rows } =
            self.visits
                .answer(cell.class, cell.ef, on.data.asked(cell.k))
        else {
            return None;
        };
        // The query itself takes one of the rows an engine returns.
        let own = usize::from((self.visited.own_arrival as usize) < visited);
        let limit = (rows - own.min(rows)).min(cell.k);
        let among = self
            .visited
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| (row.arrival as usize) < visited);
        self.returned.clear();
        self.returned
            .extend(among.map(|(place, _)| place).take(limit));
        self.distances.clear();
        self.distances.extend(
            self.returned
                .iter()
                .map(|&place| self.visited.rows[place].distance),
        );
        self.ranks.clear();
        self.ranks.extend(
            self.returned
                .iter()
                .map(|&place| self.visited.rows[place].rank),
        );
        let side = ReturnedSide::new(&self.distances, &self.ranks);
        measure(
            &self.exact.side,
            side,
            &[cell.k],
            &mut self.measure,
            &mut self.measures,
        );
        let mut values = QueryValues::new(&self.measures[0], on.data.metric);
        values.visited = visited as f64;
        self.count_missing(on.reachable, cell.k, visited, &mut values);
        let shifts = Shifts::new(on.data, on.barycenters);
        values.barycenter_shift =
            shifts.of(query, &self.exact.ids[..cell.k], || self.returned_ids());
        Some(values)
    }

    /// Why each of the k exact neighbors that did not come back did not.
    fn count_missing(
        &self,
        reachable: &[bool],
        k: usize,
        visited: usize,
        values: &mut QueryValues,
    ) {
        let mut found = vec![false; k];
        let mut seen = vec![false; k];
        for row in &self.visited.rows {
            if (row.rank as usize) < k {
                seen[row.rank as usize] = (row.arrival as usize) < visited;
            }
        }
        for &rank in self.ranks.iter().filter(|&&rank| (rank as usize) < k) {
            found[rank as usize] = true;
        }
        for rank in (0..k).filter(|&rank| !found[rank]) {
            let count = match (reachable[self.exact.ids[rank] as usize], seen[rank]) {
                (false, _) => &mut values.unreachable,
                (true, false) => &mut values.unvisited,
                (true, true) if self.ranks.len() < k => &mut values.cut_off,
                (true, true) => &mut values.tied,
            };
            *count += 1.0;
        }
    }

    fn returned_ids(&self) -> Vec<u32> {
        self.returned
            .iter()
            .map(|&place| self.visited.rows[place].id)
            .collect()
    }
}

impl QueryValues {
    /// From the measures of one answer; causes and what needs vectors are added by others. An inner
    /// product is no distance, and has no geometry.
    pub(super) fn new(measures: &QueryMeasures, metric: Metric) -> Self {
        let geometry = |value: f64| {
            if metric == Metric::InnerProduct {
                f64::NAN
            } else {
                value
            }
        };
        Self {
            fill: measures.fill(),
            overlap: measures.overlap(),
            overlap_strict: measures.overlap_strict(),
            distance_error: geometry(measures.relative_distance_error),
            mean_exact_distance: measures.mean_exact_distance,
            mean_returned_distance: measures.mean_returned_distance,
            lid_exact: geometry(measures.lid_exact),
            lid_returned: geometry(measures.lid_returned),
            barycenter_shift: f64::NAN,
            visited: f64::NAN,
            unreachable: 0.0,
            unvisited: 0.0,
            cut_off: 0.0,
            tied: 0.0,
            displaced: 0.0,
        }
    }
}
