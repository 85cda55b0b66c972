//! The (ef, k) surface of an index: fill and overlap of every cell from one traversal a query.
//!
//! for each query, in parallel
//!   record one traversal to the largest effort any cell asks     `Visits`
//!   note when each exact neighbor arrived
//!   enter it in the cells                                        O(K + efs) where V depends on ef alone
//!
//! Counts are integers, so no figure depends on the order of queries or on threads.

use super::build::table_fits;
use super::counts::{Counts, Grid, Scratch};
use super::{Index, IndexError};
use crate::results::SurfaceGrid;
use annatomy_hnsw::foreign::EngineOracle;
use annatomy_hnsw::{EngineClass, Links, Oracle, PerThread, RankOracle, Traversal, VectorOracle, Visits};
use annatomy_knn::{NeighborTable, Queries, RankTable, SeparationTable, exact_knn};
use annatomy_vectors::{Matrix, MatrixView, interrupt};
use rayon::prelude::*;

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

/// Queries a parallel task takes at least.
const TASK_QUERIES: usize = 4;

impl Index {
    /// The surface: mean fill and overlap (by id) at every (ef, k), V(ef), and the effort that finds all of k.
    ///
    /// Without `queries` every row is one, itself left out by id. NaN where the engine refuses (k beyond ef). Effort
    /// quantiles look no further than the largest effort the cells ask for.
    pub fn surface(
        &self,
        rows: MatrixView<'_>,
        queries: Option<MatrixView<'_>>,
        request: &SurfaceRequest<'_>,
    ) -> Result<SurfaceGrid, IndexError> {
        let grid = Grid::new(request.efs, request.ks, request.class, queries.is_none())?;
        let given = rows;
        let rows = self.rows(rows)?;
        let (k, budget) = (grid.largest_k(), request.memory_budget_bytes);
        let Some(queries) = queries else {
            if self.engine().is_none() && k < rows.rows() && table_fits(rows.rows(), budget) {
                let table = SeparationTable::new(rows, self.metric(), k)?;
                let ranks = RankTable::new(&table)?;
                let (exact, oracle) = (table.neighbors(k), RankOracle(&ranks));
                drop(table);
                return Ok(self.count(&oracle, |query| oracle.view(query as u32), &exact, &grid));
            }
            let exact = exact_knn(&rows, Queries::AllRows(rows), k, self.metric(), budget)?;
            return Ok(self.count_from_vectors(rows, rows, &exact, &grid));
        };
        let own_queries = self.queries(queries)?;
        let measured = own_queries.as_ref().map_or(queries, Matrix::view);
        let exact = exact_knn(&given, Queries::HeldOut(queries), k, self.metric(), budget)?;
        Ok(self.count_from_vectors(rows, measured, &exact, &grid))
    }

    /// Distances as the engine sums them, where the graph is an engine's.
    fn count_from_vectors(
        &self,
        rows: MatrixView<'_>,
        queries: MatrixView<'_>,
        exact: &NeighborTable,
        grid: &Grid<'_>,
    ) -> SurfaceGrid {
        if let Some(engine) = self.engine() {
            let oracle = EngineOracle::new(rows, self.metric(), engine);
            return self.count(&oracle, |query| oracle.view_of(queries.row(query)), exact, grid);
        }
        let oracle = VectorOracle::new(rows, self.metric());
        self.count(&oracle, |query| oracle.view_of(queries.row(query)), exact, grid)
    }

    fn count<'o, O: Oracle>(
        &self,
        _oracle: &'o O,
        view: impl Fn(usize) -> O::View<'o> + Sync,
        exact: &NeighborTable,
        grid: &Grid<'_>,
    ) -> SurfaceGrid {
        let workers = PerThread::new(|| Worker::<O::Frontier> {
            traversal: Traversal::default(),
            visits: Visits::default(),
            scratch: Scratch::default(),
            counts: Counts::new(grid),
        });
        interrupt::begin("traversals", exact.queries() as u64);
        (0..exact.queries()).into_par_iter().with_min_len(TASK_QUERIES).for_each(|query| {
            interrupt::advance(1);
            workers.with(|Worker { traversal, visits, scratch, counts }| {
                traversal.record::<O>(self.graph(), view(query), grid.largest_effort(), visits);
                scratch.read(self.graph().nodes(), query, exact.ids(query), visits, grid);
                counts.add(grid, visits, scratch);
            });
        });
        Counts::total(grid, workers.into_values().map(|worker| worker.counts)).surface(grid)
    }
}

/// What a thread reuses, and what it has counted.
struct Worker<F> {
    traversal: Traversal<F>,
    visits: Visits,
    scratch: Scratch,
    counts: Counts,
}
