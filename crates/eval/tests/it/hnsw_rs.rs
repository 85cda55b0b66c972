//! hnsw_rs is of the class it states: it raises ef to k, and leaves out what it cannot reach.

use annatomy_eval::engines::{HnswRs, HnswRsError};
use annatomy_knn::{NeighborTable, Queries, exact_knn};
use annatomy_vectors::{Matrix, Metric, PointId};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const ROWS: usize = 1_000;
const COLUMNS: usize = 16;

/// Sums of twelve uniform draws less six: nearly normal.
fn normal(rows: usize, seed: u64) -> Matrix {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = || generator.next_u32() as f32 / u32::MAX as f32;
    let values = (0..rows * COLUMNS)
        .map(|_| (0..12).map(|_| uniform()).sum::<f32>() - 6.0)
        .collect();
    Matrix::new(rows, COLUMNS, values).expect("rows × columns values")
}

fn overlap(found: &[Vec<Option<PointId>>], exact: &NeighborTable, k: usize) -> f64 {
    let common = |(query, row): (usize, &Vec<Option<PointId>>)| {
        row[..k]
            .iter()
            .filter(|id| id.is_some() && exact.ids(query)[..k].contains(id))
            .count()
    };
    found.iter().enumerate().map(common).sum::<usize>() as f64 / (found.len() * k) as f64
}

#[test]
fn effort_is_raised_to_k() {
    let (rows, queries) = (normal(ROWS, 1), normal(50, 2));
    let index = HnswRs::build(rows.view(), 8, 40).expect("an index");
    let exact = exact_knn(
        &rows.view(),
        Queries::HeldOut(queries.view()),
        10,
        Metric::L2,
        1 << 30,
    )
    .expect("exact");
    let ask = |k, ef| index.search(queries.view(), k, ef).expect("answers");
    let beyond = ask(400, 20);
    assert!(beyond.iter().all(|row| row.iter().flatten().count() == 400));
    assert!(overlap(&beyond, &exact, 10) > overlap(&ask(10, 10), &exact, 10) + 0.05);
    for (raised, asked) in beyond.iter().zip(ask(10, 400)) {
        assert_eq!(raised[..10], asked[..]);
    }
}

#[test]
fn what_is_not_there_is_left_out() {
    let rows = normal(60, 3);
    let index = HnswRs::build(rows.view(), 8, 40).expect("an index");
    for row in index.search(rows.view(), 90, 20).expect("answers") {
        let filled = row.iter().flatten().count();
        assert!(filled <= 60 && row[filled..].iter().all(Option::is_none));
    }
}

#[test]
fn the_version_named_is_the_one_compiled() {
    let locked = include_str!("../../../../Cargo.lock").replace("\r\n", "\n");
    assert!(locked.contains(&format!(
        "name = \"hnsw_rs\"\nversion = \"{}\"",
        HnswRs::VERSION
    )));
}

#[test]
fn what_it_cannot_work_with_is_refused() {
    let rows = normal(20, 4);
    assert!(matches!(
        HnswRs::build(Matrix::zeros(0, 4).view(), 8, 40),
        Err(HnswRsError::Empty)
    ));
    assert!(matches!(
        HnswRs::build(rows.view(), 300, 40),
        Err(HnswRsError::Setting { what: "M", .. })
    ));
    let index = HnswRs::build(rows.view(), 8, 40).expect("an index");
    assert!(matches!(
        index.search(rows.view(), 0, 40),
        Err(HnswRsError::Setting { what: "k", .. })
    ));
    let other = Matrix::zeros(1, COLUMNS + 1);
    assert!(matches!(
        index.search(other.view(), 5, 40),
        Err(HnswRsError::Columns {
            queries: 17,
            index: 16
        })
    ));
}
