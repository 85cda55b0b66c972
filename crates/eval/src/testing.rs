//! Small data sets and graphs that the unit tests of this crate share.

use crate::distance_source::OwnRows;
use crate::ground_truth::GroundTruth;
use crate::query_state::Searched;
use annatomy_hnsw::{Graph, Parameters, VectorDistances, reachable};
use annatomy_knn::Queries;
use annatomy_vectors::{Matrix, MatrixView, Metric};

/// `rows` × `columns` values in −1..1, the same at every call.
pub(crate) fn noise(rows: usize, columns: usize, seed: u32) -> Matrix {
    let mut state = seed;
    let values = (0..rows * columns).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 23) as f32 - 1.0
    });
    Matrix::new(rows, columns, values.collect()).expect("shape")
}

/// Rows at unit length, as cosine wants them.
pub(crate) fn unit_noise(rows: usize, columns: usize, seed: u32) -> Matrix {
    let mut matrix = noise(rows, columns, seed);
    annatomy_vectors::transform::normalize_rows(&mut matrix).expect("no zero rows");
    matrix
}

/// Runs `work` on a graph over `rows` whose every row is a query, with `k` exact neighbors.
pub(crate) fn on_graph<R>(
    rows: MatrixView<'_>,
    metric: Metric,
    k: usize,
    work: impl FnOnce(&Searched<'_, OwnRows<'_>>) -> R,
) -> R {
    let computer = VectorDistances::new(rows, metric);
    let graph = Graph::build(&computer, &Parameters::faiss(4, 20, 1)).expect("graph");
    let queries = Queries::AllRows(rows);
    let truth = GroundTruth::compute(&rows, queries, k, metric, 1 << 20).expect("exact");
    work(&Searched {
        source: &OwnRows::new(computer, None),
        truth: &truth,
        graph: &graph,
        reachable: &reachable(&graph),
        filter: None,
    })
}

/// All other rows by their distance in float64, nearest first, ties by id.
pub(crate) fn brute_force(rows: MatrixView<'_>, metric: Metric, query: usize) -> Vec<(f64, u32)> {
    let others = (0..rows.rows()).filter(|&row| row != query);
    let distance = |row: usize| {
        let (x, y) = (rows.row(query), rows.row(row));
        let pairs = || x.iter().zip(y).map(|(&a, &b)| (f64::from(a), f64::from(b)));
        match metric {
            Metric::L2 => pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f64>(),
            Metric::Cosine => 1.0 - pairs().map(|(a, b)| a * b).sum::<f64>(),
            Metric::InnerProduct => -pairs().map(|(a, b)| a * b).sum::<f64>(),
        }
    };
    let mut all: Vec<(f64, u32)> = others.map(|row| (distance(row), row as u32)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all
}
