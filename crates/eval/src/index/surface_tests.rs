//! Surfaces of rows at the ends of float32, and with SQ8 codes.

use super::{Index, SurfaceRequest};
use annatomy_hnsw::{EngineClass, Parameters, Sq8Codes};
use annatomy_vectors::{Matrix, Metric};

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
