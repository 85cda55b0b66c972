//! All measures at chosen (class, ef, k), per query.
//!
//! Enters: a graph and cells. Leaves: one [`CellValues`] per cell, a value per query in the order
//! of the queries; a figure that a query does not have is NaN. Cost: one traversal per query to the
//! largest effort of any cell, O(k) per cell, O(k·d) for barycenters where asked.

use super::shift::{Barycenters, Shifts};
use annatomy_eval::dataset::Dataset;
use annatomy_eval::distance_source::DistanceSource;
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::missing::Missing;
pub(super) use annatomy_eval::query_state::Cell;
use annatomy_eval::query_state::{QueryState, Searched};
use annatomy_hnsw::Graph;
use annatomy_measures::corrected::QueryMeasures;
use annatomy_runtime::{PerThread, TASK_QUERIES};
use annatomy_vectors::Metric;
use rayon::prelude::*;

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
    /// 1 if the query itself is among the returned rows, 0 if not; NaN for held-out queries.
    pub(super) self_hit: f64,
    /// Missing neighbors by cause.
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
    pub(super) source: &'e S,
    pub(super) data: &'e Dataset<'e>,
    pub(super) truth: &'e GroundTruth<'e>,
    pub(super) graph: &'e Graph,
    pub(super) reachable: &'e [bool],
    pub(super) barycenters: Barycenters,
}

impl<S: DistanceSource> Evaluation<'_, S> {
    /// The graph and the distances.
    pub(super) fn searched(&self) -> Searched<'_, S> {
        Searched {
            source: self.source,
            truth: self.truth,
            graph: self.graph,
            reachable: self.reachable,
            filter: None,
        }
    }

    /// Every query at every cell: cells × queries.
    pub(super) fn at(&self, cells: &[Cell]) -> Vec<CellValues> {
        let efforts = cells.iter().map(|cell| cell.effort(self.truth));
        let effort = efforts.max().unwrap_or(1);
        let state = PerThread::new(QueryState::<S::Queue>::default);
        let queries: Vec<Vec<Option<QueryValues>>> = (0..self.data.queries.count())
            .into_par_iter()
            .with_max_len(TASK_QUERIES)
            .map(|query| state.with(|state| self.of_query(state, cells, effort, query)))
            .collect();
        let column = |cell: usize| -> Option<Vec<QueryValues>> {
            queries.iter().map(|values| values[cell]).collect()
        };
        (0..cells.len())
            .map(|cell| column(cell).map_or(CellValues::Refused, CellValues::Queries))
            .collect()
    }

    fn of_query(
        &self,
        state: &mut QueryState<S::Queue>,
        cells: &[Cell],
        effort: usize,
        query: usize,
    ) -> Vec<Option<QueryValues>> {
        state.begin(self.truth, query);
        state.traverse(&self.searched(), query, effort);
        let shifts = Shifts::new(self.data, self.barycenters);
        let mut values = Vec::with_capacity(cells.len());
        for cell in cells {
            let Some(measured) = state.measure(self.truth, cell) else {
                values.push(None);
                continue;
            };
            let metric = self.data.metric;
            let mut found = QueryValues::new(&measured.measures, &measured.missing, metric);
            found.visited = measured.visited as f64;
            if self.data.queries.are_base_rows() {
                let hit = (state.visited.own_arrival as usize) < measured.visited;
                found.self_hit = f64::from(u8::from(hit));
            }
            let exact = &state.exact.ids[..cell.k];
            found.barycenter_shift = shifts.of(query, exact, || state.returned().ids.clone());
            values.push(Some(found));
        }
        values
    }
}

impl QueryValues {
    /// From the measures of one answer; causes and what needs vectors are added by others. An inner
    /// product is no distance, and has no geometry.
    pub(super) fn new(measures: &QueryMeasures, missing: &Missing, metric: Metric) -> Self {
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
            self_hit: f64::NAN,
            unreachable: missing.unreachable as f64,
            unvisited: missing.unvisited as f64,
            cut_off: missing.cut_off as f64,
            tied: missing.tied as f64,
            displaced: missing.displaced as f64,
        }
    }
}
