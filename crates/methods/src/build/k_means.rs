//! k-means (Lloyd 1982), for cells and for the groups of columns of a product quantizer.
//!
//! draw k rows                               seeded
//! up to ITERATIONS times, until nothing moves
//!   each row to its nearest centroid        ties to the smaller number
//!   each centroid to the mean of its rows   in float64, rows in their order
//!   a centroid without rows                 to the row farthest from its own
//!
//! Distances are summed one column after the other without fused operations, so that no result
//! depends on threads or on the instructions of the machine. A nearest centroid is so up to rounding,
//! which certifies nothing and needs no certificate: any assignment makes valid cells and codes. Cost:
//! 3·n·k·d flops an iteration.

use annatomy_vectors::subset::numpy_choice;
use annatomy_vectors::{Matrix, MatrixView};
use pulp::Arch;
use rayon::prelude::*;
use std::mem::take;

/// Most iterations. FAISS takes 10 for cells and 25 for codes.
const ITERATIONS: usize = 15;
/// Rows of a parallel task.
const TASK_ROWS: usize = 64;
/// Sums compared at once.
const LANES: usize = 16;

/// Centroids, and the nearest of them to each row.
#[derive(Clone, Debug, PartialEq)]
pub struct KMeans {
    /// k × d.
    pub centroids: Matrix,
    /// Per row the number of its nearest centroid.
    pub nearest: Vec<u32>,
}

/// k-means of `count` centroids over `rows`; of as many as there are rows, if those are fewer.
///
/// # Panics
/// If there are no rows or no centroids.
pub fn k_means(rows: MatrixView<'_>, count: usize, seed: u64) -> KMeans {
    let count = count.min(rows.rows());
    assert!(count > 0, "centroids of some rows");
    let drawn = numpy_choice(seed, rows.rows(), count).expect("no more than there are rows");
    let mut centroids = rows.select(&drawn);
    let (mut nearest, mut distances) = assign(rows, &centroids);
    for _ in 0..ITERATIONS {
        annatomy_runtime::check();
        centroids = means(rows, count, &nearest, distances);
        let found = assign(rows, &centroids);
        let before = take(&mut nearest);
        (nearest, distances) = found;
        if nearest == before {
            break;
        }
    }
    KMeans { centroids, nearest }
}

/// Per row its nearest centroid and the squared distance from it.
fn assign(rows: MatrixView<'_>, centroids: &Matrix) -> (Vec<u32>, Vec<f32>) {
    let (count, columns) = (centroids.rows(), rows.columns());
    // Columns of centroids in a row, so that one value of a row meets all centroids at once.
    let mut by_column = vec![0.0; count * columns];
    for centroid in 0..count {
        for (column, &value) in centroids.row(centroid).iter().enumerate() {
            by_column[column * count + centroid] = value;
        }
    }
    let of_row = |sums: &mut Vec<f32>, row: usize| {
        sums.clear();
        sums.resize(count, 0.0);
        let distance = Arch::new().dispatch(|| {
            add_squares(rows.row(row), &by_column, sums);
            least(sums)
        });
        let nearest = sums.iter().position(|&sum| sum == distance);
        (nearest.unwrap_or(0) as u32, distance)
    };
    (0..rows.rows())
        .into_par_iter()
        .with_min_len(TASK_ROWS)
        .map_init(Vec::new, of_row)
        .unzip()
}

/// Adds to each sum the squared distance of `row` from that centroid.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "runs inside a dispatch, whose instructions only inlined code gets"
)]
fn add_squares(row: &[f32], by_column: &[f32], sums: &mut [f32]) {
    for (&value, centroids) in row.iter().zip(by_column.chunks_exact(sums.len())) {
        for (sum, &centroid) in sums.iter_mut().zip(centroids) {
            *sum += (value - centroid) * (value - centroid);
        }
    }
}

/// The least of `sums`, lane by lane.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "runs inside a dispatch, whose instructions only inlined code gets"
)]
fn least(sums: &[f32]) -> f32 {
    let (chunks, rest) = sums.as_chunks::<LANES>();
    let mut lanes = [f32::INFINITY; LANES];
    for chunk in chunks {
        for (least, &sum) in lanes.iter_mut().zip(chunk) {
            *least = if sum < *least { sum } else { *least };
        }
    }
    let all = lanes.iter().chain(rest);
    all.fold(f32::INFINITY, |least, &sum| least.min(sum))
}

/// The mean of the rows of each centroid; a centroid without rows becomes the farthest row.
fn means(rows: MatrixView<'_>, count: usize, nearest: &[u32], mut distances: Vec<f32>) -> Matrix {
    let mut members = vec![Vec::new(); count];
    for (&centroid, row) in nearest.iter().zip(0..) {
        members[centroid as usize].push(row);
    }
    for members in members.iter_mut().filter(|members| members.is_empty()) {
        let ranked = distances.iter().enumerate();
        let farthest = ranked.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
        let (farthest, _) = farthest.expect("one row at least");
        distances[farthest] = f32::NEG_INFINITY;
        members.push(farthest);
    }
    let columns = rows.columns();
    let mut values = vec![0.0; count * columns];
    let means = values.par_chunks_mut(columns).zip(&members);
    means.for_each_init(Vec::new, |sums: &mut Vec<f64>, (mean, members)| {
        sums.clear();
        sums.resize(columns, 0.0);
        for &row in members {
            for (sum, &value) in sums.iter_mut().zip(rows.row(row)) {
                *sum += f64::from(value);
            }
        }
        for (mean, &sum) in mean.iter_mut().zip(&*sums) {
            *mean = (sum / members.len() as f64) as f32;
        }
    });
    Matrix::new(count, columns, values).expect("count × columns values")
}
