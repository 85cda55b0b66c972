//! An index's surface is what its searches return, cell by cell; the rest of its contract at the
//! edges.

use annatomy_builtin::resnet50_like;
use annatomy_eval::index::{Index, IndexError, SurfaceRequest};
use annatomy_hnsw::{EngineClass, Parameters};
use annatomy_knn::{NeighborTable, Queries, exact_knn};
use annatomy_vectors::{Matrix, Metric};
use half::f16;

const ROWS: usize = 300;
const EFS: [usize; 4] = [1, 8, 40, 90];
const KS: [usize; 3] = [1, 20, 80];

/// Fill and overlap of tables, ties at the k-th distance counted as found.
fn counted(found: &NeighborTable, exact: &NeighborTable) -> (f64, f64) {
    let (mut filled, mut common) = (0, 0);
    for query in 0..found.queries() {
        let nearest = &exact.ids(query)[..found.k()];
        let limit = f64::from(exact.distances(query)[found.k() - 1]) * (1.0 + 1e-6);
        let returned = found.ids(query).iter().zip(found.distances(query));
        for (id, &distance) in returned.filter(|(id, _)| id.is_some()) {
            filled += 1;
            common += usize::from(nearest.contains(id) || f64::from(distance) <= limit);
        }
    }
    let slots = (found.queries() * found.k()) as f64;
    (f64::from(filled) / slots, common as f64 / slots)
}

fn compare(metric: Metric, queries: Option<&Matrix>, budget: u64) {
    let rows = resnet50_like(ROWS, 1).expect("rows");
    let index =
        Index::build(rows.view(), metric, &Parameters::faiss(6, 20, 3), budget).expect("index");
    let queries = queries.map(Matrix::view);
    let whose = queries.map_or(Queries::AllRows(rows.view()), Queries::HeldOut);
    let exact = exact_knn(&rows.view(), whose, 80, metric, budget).expect("exact");
    for class in [
        EngineClass::StopEarly,
        EngineClass::Raise,
        EngineClass::RowCap,
        EngineClass::BeamIsK,
    ] {
        let request = SurfaceRequest {
            efs: &EFS,
            ks: &KS,
            class,
            memory_budget_bytes: budget,
        };
        let surface = index
            .surface(rows.view(), queries, &request)
            .expect("surface");
        for (row, &ef) in EFS.iter().enumerate() {
            for (column, &k) in KS.iter().enumerate() {
                let found = index
                    .search(rows.view(), queries, k, ef, class)
                    .expect("search");
                let cell = row * KS.len() + column;
                let counted = counted(&found, &exact);
                assert_eq!(
                    (surface.fill[cell], surface.overlap[cell]),
                    counted,
                    "{class}, ef {ef}, k {k}"
                );
            }
        }
    }
}

#[test]
fn surfaces_count_what_searches_return() {
    let queries = resnet50_like(40, 2).expect("queries");
    compare(Metric::L2, None, 1 << 30);
    compare(Metric::L2, None, 0);
    compare(Metric::L2, Some(&queries), 0);
    compare(Metric::Cosine, Some(&queries), 1 << 30);
}

/// Graphs, answers and surfaces of rows in float16, against those of the same values in float32.
fn compare_halves(metric: Metric, budget: u64) {
    let values = resnet50_like(ROWS, 1).expect("rows").into_values();
    let columns = values.len() / ROWS;
    let halves: Vec<f16> = values.into_iter().map(f16::from_f32).collect();
    let halves = Matrix::new(ROWS, columns, halves).expect("shape");
    let (narrow, wide) = (halves.view(), halves.view().widened());
    let queries = resnet50_like(20, 2).expect("queries");
    let parameters = Parameters::faiss(6, 20, 3);
    let [a, b] = [
        Index::build(narrow, metric, &parameters, budget).expect("index"),
        Index::build(wide.view(), metric, &parameters, budget).expect("index"),
    ];
    assert_eq!(a.graph(), b.graph(), "{metric}, {budget}");
    let class = EngineClass::StopEarly;
    let request = SurfaceRequest {
        efs: &EFS,
        ks: &KS,
        class,
        memory_budget_bytes: budget,
    };
    for queries in [None, Some(queries.view())] {
        let found = a.search(narrow, queries, 30, 9, class).expect("search");
        assert_eq!(
            found,
            b.search(wide.view(), queries, 30, 9, class)
                .expect("search"),
            "{metric}, {budget}"
        );
        let surface = a.surface(narrow, queries, &request).expect("surface");
        let expected = b.surface(wide.view(), queries, &request).expect("surface");
        assert_eq!(
            (surface.overlap, surface.fill),
            (expected.overlap, expected.fill),
            "{metric}, {budget}"
        );
    }
}

#[test]
fn float16_is_storage_and_changes_nothing() {
    for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
        compare_halves(metric, 0);
        compare_halves(metric, 1 << 30);
    }
}

#[test]
fn an_engine_that_refuses_has_no_figures_beyond_ef() {
    let rows = resnet50_like(ROWS, 1).expect("rows");
    let index = Index::build(
        rows.view(),
        Metric::L2,
        &Parameters::faiss(6, 20, 3),
        1 << 30,
    )
    .expect("index");
    let class = EngineClass::Refuse;
    let request = SurfaceRequest {
        efs: &[10],
        ks: &[9, 10],
        class,
        memory_budget_bytes: 1 << 30,
    };
    let surface = index.surface(rows.view(), None, &request).expect("surface");
    assert!(surface.fill[0] == 1.0 && surface.fill[1].is_nan());
    let refused = index
        .search(rows.view(), None, 10, 10, class)
        .expect_err("refused");
    assert!(matches!(refused, IndexError::Refused { k: 11, ef: 10 }));
}

#[test]
fn rows_of_another_shape_are_refused() {
    let rows = resnet50_like(ROWS, 1).expect("rows");
    let index = Index::build(
        rows.view(),
        Metric::L2,
        &Parameters::faiss(6, 20, 3),
        1 << 30,
    )
    .expect("index");
    let others = resnet50_like(ROWS - 1, 1).expect("rows");
    let error = index
        .search(others.view(), None, 1, 1, EngineClass::Raise)
        .expect_err("other rows");
    assert!(matches!(
        error,
        IndexError::OtherRows {
            rows: 299,
            expected_rows: 300,
            ..
        }
    ));
}

#[test]
fn one_row_alone_is_an_index() {
    let rows = Matrix::new(1, 2, vec![1.0, 2.0]).expect("shape");
    let index = Index::build(
        rows.view(),
        Metric::L2,
        &Parameters::faiss(4, 8, 0),
        1 << 30,
    )
    .expect("index");
    let found = index
        .search(rows.view(), Some(rows.view()), 3, 5, EngineClass::StopEarly)
        .expect("search");
    assert_eq!(found.ids(0).iter().flatten().count(), 1);
}
