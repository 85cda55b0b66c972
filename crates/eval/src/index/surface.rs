//! The (ef, k) surface of an index: fill and overlap of every cell from one traversal a query.

use super::dispatch::OnSource;
use super::{Index, IndexError};
use crate::distance_source::{DistanceSource, Ranked};
use crate::ground_truth::GroundTruth;
use crate::query_state::Searched;
use crate::surface::{self, Grid, SelfMatch, SurfaceGrid};
use annatomy_hnsw::{EngineClass, Graph, reachable};
use annatomy_knn::{PairTable, Queries, RankTable};
use annatomy_vectors::kernels::Stored;
use annatomy_vectors::{Matrix, MatrixView, Rows};

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
        let self_match = match queries {
            Some(_) => SelfMatch::None,
            None => SelfMatch::LeftOut,
        };
        let grid = Grid::new(request.efs, request.ks, request.class, self_match)?;
        self.check_shape(rows)?;
        let (k, budget) = (grid.largest_k(), request.memory_budget_bytes);
        let reachable = reachable(self.graph());
        let count = |truth| Count {
            graph: self.graph(),
            reachable: &reachable,
            grid: &grid,
            truth,
        };
        if let Some(queries) = queries {
            let own_queries = self.queries(queries)?;
            let measured = own_queries.as_ref().map_or(queries, Matrix::view);
            let truth = if let Some(scaled) = self.scaled_rows() {
                let held_out = Queries::HeldOut(measured);
                GroundTruth::compute(&scaled, held_out, k, self.metric(), budget)?
            } else {
                let held_out = Queries::HeldOut(queries);
                GroundTruth::compute(&rows, held_out, k, self.metric(), budget)?
            };
            return self.on_source(rows, Some(measured), count(&truth));
        }
        let widened = self.own_rows().map_or_else(|| rows.float32(), Rows::Lent);
        let all = Queries::AllRows(widened.view());
        let tabled = self.engine().is_none() && k < rows.rows();
        if tabled && Ranked::fits(rows.rows(), budget) {
            let table = PairTable::new(widened.view(), self.metric(), k)?;
            let ranks = RankTable::new(&table)?;
            let truth = GroundTruth::of_pairs(&table, all);
            return count(&truth).run(&Ranked::new(&table, &ranks, all));
        }
        let truth = GroundTruth::compute(&widened.view(), all, k, self.metric(), budget)?;
        self.on_source(rows, None, count(&truth))
    }
}

/// The count of a surface, on any source.
struct Count<'c> {
    graph: &'c Graph,
    reachable: &'c [bool],
    grid: &'c Grid<'c>,
    truth: &'c GroundTruth<'c>,
}

impl OnSource for Count<'_> {
    type Output = SurfaceGrid;

    fn run<S: DistanceSource>(self, source: &S) -> Result<SurfaceGrid, IndexError> {
        let on = Searched {
            source,
            truth: self.truth,
            graph: self.graph,
            reachable: self.reachable,
            filter: None,
        };
        Ok(surface::count(&on, self.grid))
    }
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

    /// Squares of values of 1e19 overflow float32, those of 1e-25 vanish; neighbors are the same.
    #[test]
    fn rows_beyond_the_range_of_float32_squares_have_the_same_neighbors() {
        let rows = rows();
        let parameters = Parameters::faiss(6, 40, 3);
        let request = SurfaceRequest {
            efs: &[5, 20],
            ks: &[3, 20],
            class: annatomy_hnsw::EngineClass::StopEarly,
            memory_budget_bytes: 0,
        };
        for exponent in [63, -83] {
            let factor = 2f32.powi(exponent);
            let values = rows.values().iter().map(|value| value * factor).collect();
            let scaled = Matrix::new(600, 64, values).expect("shape");
            for budget in [0, 1 << 30] {
                let [plain, other] = [&rows, &scaled].map(|rows| {
                    Index::build(rows.view(), Metric::L2, &parameters, budget).expect("index")
                });
                for held_out in [false, true] {
                    let queries = |rows: &Matrix| held_out.then(|| rows.select(&[3, 70, 5, 20]));
                    let [own, others] = [queries(&rows), queries(&scaled)];
                    let class = request.class;
                    let expected = plain
                        .search(rows.view(), own.as_ref().map(Matrix::view), 7, 20, class)
                        .expect("answers");
                    let found = other
                        .search(
                            scaled.view(),
                            others.as_ref().map(Matrix::view),
                            7,
                            20,
                            class,
                        )
                        .expect("answers");
                    for query in 0..found.queries() {
                        assert_eq!(found.ids(query), expected.ids(query), "2^{exponent}");
                        let distances = expected.distances(query).iter().map(|d| d * factor);
                        assert!(found.distances(query).iter().copied().eq(distances));
                    }
                    let surfaces = [(&plain, &rows, &own), (&other, &scaled, &others)].map(
                        |(index, rows, queries)| {
                            let queries = queries.as_ref().map(Matrix::view);
                            index
                                .surface(rows.view(), queries, &request)
                                .expect("surface")
                        },
                    );
                    assert_eq!(surfaces[0], surfaces[1], "2^{exponent}");
                }
            }
        }
        let huge = Matrix::new(1, 64, vec![1e30; 64]).expect("shape");
        let index = Index::build(rows.view(), Metric::L2, &parameters, 0).expect("index");
        let class = request.class;
        let refused = index.search(rows.view(), Some(huge.view()), 7, 20, class);
        assert!(refused.unwrap_err().to_string().contains("1e30"));
    }

    #[test]
    fn surfaces_and_searches_are_the_same_with_sq8_codes() {
        let rows = rows();
        let queries = rows.view().row_range(40..90);
        let plain =
            Index::build(rows.view(), Metric::L2, &Parameters::faiss(6, 40, 3), 0).expect("index");
        assert!(plain.codes().is_none(), "so few rows are in cache");
        let codes = Sq8Codes::of(rows.view(), Metric::L2).expect("worth it");
        let encoded = Index::build(rows.view(), Metric::L2, &Parameters::faiss(6, 40, 3), 0);
        let encoded = encoded.expect("index").with_codes(codes);
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
                        surface(&encoded),
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
                        assert_eq!(found(&encoded), found(&plain), "{class}, ef {ef}, k {k}");
                    }
                }
            }
        }
    }
}
