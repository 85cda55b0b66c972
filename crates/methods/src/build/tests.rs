//! Methods built here: the same bytes at any thread count, every row once, and no neighbor lost where
//! nothing is left out.

use super::*;
use crate::cells::Cells;
use crate::codes::Quantizer;
use crate::method::GraphRouting;
use crate::searcher::{QueryScratch, Searcher};
use annatomy_hnsw::import::Arithmetic;
use annatomy_hnsw::{Graph, Parameters, VamanaParameters, VectorDistances, Visits, medoid};
use annatomy_vectors::{Matrix, MatrixView, kernels};
use proptest::prelude::*;

const COLUMNS: usize = 24;

/// Seeded noise around a few centers.
fn rows(count: usize) -> Matrix {
    let mut state = 11_u64;
    let mut uniform = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let values = (0..count * COLUMNS).map(|place| uniform() + (place / COLUMNS % 5) as f32);
    Matrix::new(count, COLUMNS, values.collect()).expect("shape")
}

fn on<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("pool").install(work)
}

fn all_codes(rows: MatrixView<'_>) -> [Codes; 4] {
    [
        Codes::float32(rows),
        Codes::float16(rows),
        Codes::eight_bits(rows),
        Codes::product(rows, 3),
    ]
}

fn over(graph: Graph) -> Routing {
    Routing::Graph(GraphRouting {
        graph,
        m: 8,
        ef_construction: 60,
        ef_search: None,
    })
}

fn all_routings(rows: MatrixView<'_>) -> [Routing; 3] {
    let distances = VectorDistances::new(rows, Metric::L2);
    let hnsw = Graph::build(&distances, &Parameters::faiss(8, 60, 1)).expect("graph");
    let (start, parameters) = (medoid(rows).expect("rows"), VamanaParameters::new(8, 60, 1));
    let vamana = Graph::build_vamana(&distances, &parameters, start).expect("graph");
    let cells = Cells::build(rows, 17, 5);
    [over(hnsw), over(vamana), Routing::Cells(cells)]
}

#[test]
fn float32_at_the_largest_effort_finds_every_neighbor() {
    let rows = rows(300);
    for routing in all_routings(rows.view()) {
        let method = Method::of_parts(String::new(), Codes::float32(rows.view()), routing);
        let searcher = Searcher::new(&method, Some(Arithmetic::Avx2)).expect("small");
        let (mut scratch, mut visits) = (QueryScratch::default(), Visits::default());
        for query in 0..300 {
            let vector = rows.row(query);
            searcher.record(vector, method.largest_effort(), &mut scratch, &mut visits);
            let mut exact: Vec<u32> = (0..300).collect();
            let to = |row: &u32| kernels::l2_squared_f64(vector, rows.row(*row as usize));
            exact.sort_by(|a, b| to(a).total_cmp(&to(b)));
            let effort = method.largest_effort();
            let answer = searcher.answer(vector, &visits, effort, 10, &mut scratch);
            assert_eq!(answer.collect::<Vec<_>>(), exact[..10], "query {query}");
            assert_eq!(visits.nearest_first().len(), 300, "all rows");
        }
    }
}

#[test]
fn the_same_bytes_at_one_thread_and_two() {
    let rows = rows(300);
    let bytes = |threads: usize| {
        on(threads, || {
            let codes = all_codes(rows.view())
                .map(|codes| (codes.bytes.clone(), codes.decoded().expect("small")));
            let found = k_means(rows.view(), 17, 5);
            let cells = Cells::build(rows.view(), 17, 5);
            (codes, found, cells.lists, cells.coarse.centroids)
        })
    };
    assert_eq!(bytes(1), bytes(2));
}

#[test]
fn every_row_is_in_one_cell_that_of_its_nearest_centroid() {
    let rows = rows(300);
    let cells = Cells::build(rows.view(), 17, 5);
    let mut all: Vec<u32> = cells.lists.concat();
    all.sort_unstable();
    assert!(all.iter().copied().eq(0..300));
    let facts = cells.facts();
    assert_eq!((facts.cells, facts.empty), (17, 0));
    for (cell, list) in cells.lists.iter().enumerate() {
        for &row in list {
            let to = |cell: usize| {
                let centroid = cells.coarse.centroids.row(cell);
                kernels::l2_squared_f64(rows.row(row as usize), centroid)
            };
            let nearest = (0..17).map(to).fold(f64::INFINITY, f64::min);
            assert!(to(cell) <= nearest * (1.0 + 1e-6), "row {row}");
        }
    }
}

#[test]
fn product_codes_decode_to_the_nearest_centroid_of_each_group() {
    let rows = rows(400);
    let codes = Codes::product(rows.view(), 3);
    let Quantizer::Product(quantizer) = &codes.quantizer else {
        panic!("product codes");
    };
    assert_eq!(
        (quantizer.parts, quantizer.part_columns, codes.size),
        (3, 8, 3)
    );
    let decoded = codes.decoded().expect("small");
    for row in 0..400 {
        for part in 0..3 {
            let columns = 8 * part..8 * part + 8;
            let values = &rows.row(row)[columns.clone()];
            let to = |centroid: &[f32]| kernels::l2_squared_f64(values, centroid);
            let all = (0..256).map(|number| to(quantizer.centroid(part, number)));
            let nearest = all.fold(f64::INFINITY, f64::min);
            let found = to(&decoded.row(row)[columns]);
            assert!(
                found <= nearest * (1.0 + 1e-5) + 1e-12,
                "row {row}, group {part}"
            );
        }
    }
}

#[test]
fn fewer_rows_than_centroids_are_coded_without_a_loss() {
    let rows = rows(40);
    let codes = Codes::product(rows.view(), 3);
    assert_eq!(codes.decoded().expect("small"), rows);
    assert_eq!(Cells::build(rows.view(), 100, 1).lists.len(), 40);
}

/// FAISS's `sqrt`-many cells over repeated rows leave some centroids without any.
#[test]
fn repeated_rows_leave_no_centroid_undefined() {
    let rows = Matrix::new(30, 2, (0..60).map(|place| (place / 30) as f32).collect());
    let rows = rows.expect("shape");
    let found = k_means(rows.view(), 8, 1);
    assert!(
        found
            .centroids
            .values()
            .iter()
            .all(|value| value.is_finite())
    );
    let exact = found.nearest.iter().enumerate();
    for (row, &centroid) in exact {
        assert_eq!(found.centroids.row(centroid as usize), rows.row(row));
    }
}

#[test]
fn costs_are_the_rows_evaluated_and_what_is_read_for_them() {
    let rows = rows(300);
    for (routing, codes) in all_routings(rows.view()).into_iter().zip([0, 2, 3]) {
        let codes = all_codes(rows.view())[codes].clone();
        let method = Method::of_parts(String::new(), codes, routing);
        let searcher = Searcher::new(&method, Some(Arithmetic::Avx2)).expect("small");
        let (mut scratch, mut visits) = (QueryScratch::default(), Visits::default());
        searcher.record(rows.row(7), 12, &mut scratch, &mut visits);
        let costs = [1, 4, 12].map(|effort| searcher.cost(&visits, effort, &scratch));
        assert!(costs.is_sorted_by_key(|cost| (cost.evaluations, cost.bytes)));
        for (effort, cost) in [1, 4, 12].into_iter().zip(costs) {
            let visited = visits.visited(effort);
            if let Routing::Cells(cells) = &method.routing {
                let rows = visited * (3 + 4) + 17 * COLUMNS * 4 + 256 * COLUMNS * 4;
                let right = (visited + cells.lists.len(), rows);
                assert_eq!((cost.evaluations, cost.bytes), right);
            } else {
                assert!(cost.evaluations >= visited);
                let codes = cost.evaluations * method.code_bytes();
                assert!(cost.bytes > codes && cost.bytes < codes + 12 * 16 * 4 + 1_000);
            }
        }
    }
}

proptest! {
    #[test]
    fn eight_bits_and_float16_move_a_value_by_half_a_step_at_most(values in proptest::collection::vec(-9.0_f32..9.0, 12)) {
        let rows = Matrix::new(4, 3, values).expect("shape");
        let coded = Codes::eight_bits(rows.view()).decoded().expect("small");
        let half = Codes::float16(rows.view()).decoded().expect("small");
        for column in 0..3 {
            let values = (0..4).map(|row| rows.row(row)[column]);
            let (low, high) = values.fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(value), high.max(value)));
            for row in 0..4 {
                let value = rows.row(row)[column];
                prop_assert!((coded.row(row)[column] - value).abs() <= 0.501 * (high - low) / 255.0);
                prop_assert!((half.row(row)[column] - value).abs() <= value.abs() / 2048.0 + 1e-7);
            }
        }
    }
}
