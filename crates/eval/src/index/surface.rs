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
use crate::surface::SurfaceGrid;
use annatomy_hnsw::import::EngineDistances;
use annatomy_hnsw::{
    DistanceComputer, EngineClass, Links, QueryScorer, RankDistances, Traversal, VectorDistances,
    Visits,
};
use annatomy_knn::{NeighborTable, PairTable, Queries, RankTable, exact_knn};
use annatomy_runtime::{PerThread, TASK_QUERIES};
use annatomy_vectors::kernels::Stored;
use annatomy_vectors::{Matrix, MatrixView, Rows};
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

impl Index {
    /// The surface: mean fill and overlap (by id) at every (ef, k), V(ef), and the effort that
    /// finds all of k.
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
        let grid = Grid::new(request.efs, request.ks, request.class, queries.is_none())?;
        self.check_shape(rows)?;
        let (k, budget) = (grid.largest_k(), request.memory_budget_bytes);
        if let Some(queries) = queries {
            let own_queries = self.queries(queries)?;
            let measured = own_queries.as_ref().map_or(queries, Matrix::view);
            let exact = exact_knn(&rows, Queries::HeldOut(queries), k, self.metric(), budget)?;
            return Ok(self.count_from_vectors(rows, Some(measured), &exact, &grid));
        }
        let widened = self.own_rows().map_or_else(|| rows.float32(), Rows::Lent);
        let measured = widened.view();
        if self.engine().is_none() && k < rows.rows() && table_fits(rows.rows(), budget) {
            let table = PairTable::new(measured, self.metric(), k)?;
            let ranks = RankTable::new(&table)?;
            let (exact, oracle) = (table.neighbors(k), RankDistances(&ranks));
            drop(table);
            return Ok(self.count(|query| oracle.scorer(query), &exact, &grid));
        }
        let exact = exact_knn(
            &measured,
            Queries::AllRows(measured),
            k,
            self.metric(),
            budget,
        )?;
        drop(widened);
        Ok(self.count_from_vectors(rows, None, &exact, &grid))
    }

    /// Of every row, or of `queries`. Distances are as the engine sums them, where the graph is an
    /// engine's.
    fn count_from_vectors<S: Stored>(
        &self,
        rows: MatrixView<'_, S>,
        queries: Option<MatrixView<'_>>,
        exact: &NeighborTable,
        grid: &Grid<'_>,
    ) -> SurfaceGrid {
        if let Some(engine) = self.engine() {
            let rows = rows.float32();
            let oracle = EngineDistances::new(rows.view(), self.metric(), engine);
            return match queries {
                Some(queries) => self.count(
                    |query| oracle.scorer_for(queries.row(query as usize)),
                    exact,
                    grid,
                ),
                None => self.count(|query| oracle.scorer(query), exact, grid),
            };
        }
        match self.own_rows() {
            Some(own) => self.count_by_ours(own, queries, exact, grid),
            None => self.count_by_ours(rows, queries, exact, grid),
        }
    }

    fn count_by_ours<S: Stored>(
        &self,
        rows: MatrixView<'_, S>,
        queries: Option<MatrixView<'_>>,
        exact: &NeighborTable,
        grid: &Grid<'_>,
    ) -> SurfaceGrid {
        let oracle = VectorDistances::new(rows, self.metric()).with_codes(self.sketch());
        match queries {
            Some(queries) => {
                let sketched = self.sketch().map(|sketch| sketch.queries(queries));
                let view = |query: u32| {
                    oracle.scorer_with_codes(queries.row(query as usize), sketched.as_ref(), query)
                };
                self.count(view, exact, grid)
            }
            None => self.count(|query| oracle.scorer(query), exact, grid),
        }
    }

    fn count<V: QueryScorer>(
        &self,
        view: impl Fn(u32) -> V + Sync,
        exact: &NeighborTable,
        grid: &Grid<'_>,
    ) -> SurfaceGrid {
        let workers = PerThread::new(|| Worker::<V::Queue> {
            traversal: Traversal::default(),
            visits: Visits::default(),
            scratch: Scratch::default(),
            counts: Counts::new(grid),
        });
        annatomy_runtime::stage("traversals", exact.queries() as u64);
        (0..exact.queries())
            .into_par_iter()
            .with_max_len(TASK_QUERIES)
            .for_each(|query| {
                annatomy_runtime::advance(1);
                workers.with(
                    |Worker {
                         traversal,
                         visits,
                         scratch,
                         counts,
                     }| {
                        let (view, ef) = (view(query as u32), grid.largest_effort());
                        traversal.record_for_k(self.graph(), view, ef, grid.most_rows(), visits);
                        scratch.read(self.graph().nodes(), query, exact.ids(query), visits, grid);
                        counts.add(grid, visits, scratch);
                    },
                );
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

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_hnsw::{Parameters, Sq8Codes};
    use annatomy_vectors::Metric;

    /// 600 rows around 20 others, every tenth of them the same.
    fn rows() -> Matrix {
        let mut state = 7u32;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1u32 << 24) as f32
        };
        let centers: Vec<f32> = (0..20 * 64).map(|_| 3.0 * draw()).collect();
        let mut values: Vec<f32> = (0..600 * 64)
            .map(|place| centers[place % centers.len()] + draw())
            .collect();
        for row in (0..600).step_by(10) {
            values[row * 64..][..64].copy_from_slice(&centers[..64]);
        }
        Matrix::new(600, 64, values).expect("shape")
    }

    #[test]
    fn surfaces_and_searches_are_the_same_with_a_sketch() {
        let rows = rows();
        let queries = rows.view().row_range(40..90);
        let plain =
            Index::build(rows.view(), Metric::L2, &Parameters::faiss(6, 40, 3), 0).expect("index");
        assert!(plain.sketch().is_none(), "so few rows are in cache");
        let sketch = Sq8Codes::of(rows.view(), Metric::L2).expect("worth it");
        let sketched = Index::build(rows.view(), Metric::L2, &Parameters::faiss(6, 40, 3), 0);
        let sketched = sketched.expect("index").with_codes(sketch);
        for class in [
            EngineClass::StopEarly,
            EngineClass::Raise,
            EngineClass::RowCap,
            EngineClass::BeamIsK,
        ] {
            for (efs, ks) in [
                (&[1, 8, 40, 90][..], &[1, 20, 80][..]),
                (&[5, 60], &[1, 60, 100]),
            ] {
                let request = SurfaceRequest {
                    efs,
                    ks,
                    class,
                    memory_budget_bytes: 0,
                };
                for queries in [None, Some(queries)] {
                    let surface = |index: &Index| {
                        index
                            .surface(rows.view(), queries, &request)
                            .expect("surface")
                    };
                    assert_eq!(
                        surface(&sketched),
                        surface(&plain),
                        "{class}, {efs:?}, {ks:?}"
                    );
                    for (&ef, &k) in efs.iter().zip(ks) {
                        let found = |index: &Index| {
                            let found = index
                                .search(rows.view(), queries, k, ef, class)
                                .expect("search");
                            (0..found.queries())
                                .map(|query| found.ids(query).to_vec())
                                .collect::<Vec<_>>()
                        };
                        assert_eq!(found(&sketched), found(&plain), "{class}, ef {ef}, k {k}");
                    }
                }
            }
        }
    }
}
