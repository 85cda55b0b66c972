//! The (ef, k) surface of an index: fill and overlap of every cell from one traversal a query.
//!
//! Enters: an index, its rows, queries. Leaves: [`SurfaceGrid`], or for some of the queries the
//! [`SurfacePart`] from which, with those of the others, the same surface is made anywhere.
//!
//! What a query counts depends on the query alone, so parts of any size add up to the same bits:
//! exact distances are those of float64, whatever search found the neighbors. The one exception is a
//! table of all pairs, whose ranks tell rows apart that float32 does not: where it is used,
//! [`surface_is_tabled`](Index::surface_is_tabled), all rows are one part.

use super::dispatch::OnSource;
use super::surface_part::{Asked, SurfacePart};
use super::{Index, IndexError};
use crate::distance_source::{DistanceSource, Ranked};
use crate::ground_truth::GroundTruth;
use crate::query_state::Searched;
use crate::surface::{self, Counts, Grid, SelfMatch, SurfaceGrid};
use annatomy_hnsw::{EngineClass, Graph, Links, reachable};
use annatomy_knn::{NeighborTable, PairTable, Queries, RankTable, exact_knn_float64};
use annatomy_vectors::kernels::Stored;
use annatomy_vectors::{Matrix, MatrixView, Metric, Rows};
use std::ops::Range;

/// What is asked of a surface.
#[derive(Clone, Copy, Debug)]
pub struct SurfaceRequest<'r> {
    /// Search efforts, ascending.
    pub efs: &'r [usize],
    /// Neighbor counts, ascending.
    pub ks: &'r [usize],
    /// The engine whose answers are counted.
    pub class: EngineClass,
    /// Most bytes that tables of all pairs may take.
    pub memory_budget_bytes: u64,
}

impl Index {
    /// The surface: mean fill and overlap (ties at the k-th distance counted as found) at every (ef,
    /// k), V(ef), and the effort that finds all of k.
    ///
    /// Without `queries` every row is one, itself left out by id. NaN where the engine refuses (k
    /// beyond ef). Effort quantiles look no further than the largest effort the cells ask for.
    ///
    /// Exact neighbors of rows in float16 that are themselves the queries take a widened copy of
    /// them.
    pub fn surface<S: Stored>(
        &self,
        rows: MatrixView<'_, S>,
        queries: Option<MatrixView<'_>>,
        request: &SurfaceRequest<'_>,
    ) -> Result<SurfaceGrid, IndexError> {
        let all = 0..queries.map_or(rows.rows(), |queries| queries.rows());
        let part = self.surface_part(rows, queries, all, request)?;
        Ok(part.finish())
    }

    /// What the queries of the numbers in `part` count of that surface; of all rows as queries some
    /// are a part only where [`surface_is_tabled`](Self::surface_is_tabled) says no.
    pub fn surface_part<S: Stored>(
        &self,
        rows: MatrixView<'_, S>,
        queries: Option<MatrixView<'_>>,
        part: Range<usize>,
        request: &SurfaceRequest<'_>,
    ) -> Result<SurfacePart, IndexError> {
        let self_match = match queries {
            Some(_) => SelfMatch::None,
            None => SelfMatch::LeftOut,
        };
        let grid = Grid::new(request.efs, request.ks, request.class, self_match)?;
        self.check_shape(rows)?;
        let count = queries.map_or(rows.rows(), |queries| queries.rows());
        if part.start > part.end || part.end > count {
            let Range { start, end } = part;
            return Err(IndexError::Part { start, end, count });
        }
        let budget = request.memory_budget_bytes;
        let counts = match queries {
            Some(queries) => self.count_held_out(rows, queries, part, &grid, budget)?,
            None => self.count_rows(rows, part, &grid, budget)?,
        };
        let asked = Asked::new(&grid, self, rows.rows(), rows.columns());
        Ok(SurfacePart::new(asked, counts))
    }

    /// Whether the surface of all rows, for neighbors up to `k`, is read from tables of all pairs.
    pub fn surface_is_tabled(&self, k: usize, budget_bytes: u64) -> bool {
        let rows = self.graph().nodes();
        self.engine().is_none() && k < rows && Ranked::fits(rows, budget_bytes)
    }

    fn count_held_out<S: Stored>(
        &self,
        rows: MatrixView<'_, S>,
        queries: MatrixView<'_>,
        part: Range<usize>,
        grid: &Grid<'_>,
        budget: u64,
    ) -> Result<Counts, IndexError> {
        let own_queries = self.queries(queries)?;
        let measured = own_queries.as_ref().map_or(queries, Matrix::view);
        let (queries, measured) = (queries.row_range(part.clone()), measured.row_range(part));
        let (k, metric) = (grid.largest_k(), self.metric());
        let truth = match self.scaled_rows() {
            Some(scaled) => exact(scaled, Queries::HeldOut(measured), k, metric, budget)?,
            None => exact(rows, Queries::HeldOut(queries), k, metric, budget)?,
        };
        self.on_source(rows, Some(measured), self.counting(&truth, grid))
    }

    fn count_rows<S: Stored>(
        &self,
        rows: MatrixView<'_, S>,
        part: Range<usize>,
        grid: &Grid<'_>,
        budget: u64,
    ) -> Result<Counts, IndexError> {
        let (k, metric) = (grid.largest_k(), self.metric());
        let widened = self.own_rows().map_or_else(|| rows.float32(), Rows::Lent);
        let all = Queries::AllRows(widened.view());
        let is_whole = part.len() == rows.rows();
        if is_whole && self.surface_is_tabled(k, budget) {
            let table = PairTable::new(widened.view(), metric, k)?;
            let ranks = RankTable::new(&table)?;
            let truth = GroundTruth::of_pairs(&table, all);
            return self
                .counting(&truth, grid)
                .run(&Ranked::new(&table, &ranks, all));
        }
        let numbers: Vec<usize> = part.collect();
        let queries = if is_whole {
            all
        } else {
            Queries::SomeRows(widened.view(), &numbers)
        };
        let truth = exact(widened.view(), queries, k, metric, budget)?;
        self.on_own_rows(rows, &numbers, self.counting(&truth, grid))
    }

    fn counting<'c>(&'c self, truth: &'c GroundTruth<'c>, grid: &'c Grid<'c>) -> Count<'c> {
        Count {
            graph: self.graph(),
            reachable: reachable(self.graph()),
            grid,
            truth,
        }
    }
}

/// The exact neighbors, their distances summed in float64 and rounded once: those of query and row
/// alone, whatever was searched with them.
fn exact<'q, S: Stored>(
    base: MatrixView<'_, S>,
    queries: Queries<'q>,
    k: usize,
    metric: Metric,
    budget: u64,
) -> Result<GroundTruth<'q>, IndexError> {
    let (ids, reduced) = exact_knn_float64(base, queries, k, metric, budget)?;
    let distance = |&reduced: &f64| metric.true_distance_f64(reduced) as f32;
    let distances = reduced.iter().map(distance).collect();
    let table = NeighborTable::new(k, ids.into_iter().map(Some).collect(), distances);
    Ok(GroundTruth::of_lists(table, queries, metric, base.rows()))
}

/// The count of a surface, on any source.
struct Count<'c> {
    graph: &'c Graph,
    reachable: Vec<bool>,
    grid: &'c Grid<'c>,
    truth: &'c GroundTruth<'c>,
}

impl OnSource for Count<'_> {
    type Output = Counts;

    fn run<S: DistanceSource>(self, source: &S) -> Result<Counts, IndexError> {
        let on = Searched {
            source,
            truth: self.truth,
            graph: self.graph,
            reachable: &self.reachable,
            filter: None,
        };
        Ok(surface::count(&on, self.grid))
    }
}
