//! The study's barycenter shift: a length divided by a mean squared length.
//!
//! Enters: vectors, two rows of ids, the exact row's mean squared distance. Leaves: one float32 as
//! float64. Rows are added in the order given, in float32, as `x[ids].mean(0)` does; an id of −1
//! takes the last row. The norm is summed in float64 and rounded once, where `NumPy` leaves the
//! order to its BLAS: they agree to 1e-6.

use annatomy_vectors::MatrixView;

use super::pairwise::divide;

/// `norm(x[exact].mean(0) − x[returned].mean(0)) / exact_mean`, NaN where that is 0/0.
///
/// # Panics
/// If an id is ≥ the number of rows or below minus that number.
pub fn row_barycenter_shift(
    vectors: MatrixView<'_>,
    exact: &[i64],
    returned: &[i64],
    exact_mean: f32,
) -> f64 {
    let exact = mean_row(vectors, exact);
    let returned = mean_row(vectors, returned);
    let square = |(a, b): (&f32, &f32)| f64::from(a - b) * f64::from(a - b);
    let norm = (exact.iter().zip(&returned).map(square).sum::<f64>() as f32).sqrt();
    f64::from(norm / exact_mean)
}

fn mean_row(vectors: MatrixView<'_>, ids: &[i64]) -> Vec<f32> {
    let mut sums = vec![0.0_f32; vectors.columns()];
    for &id in ids {
        for (sum, &value) in sums
            .iter_mut()
            .zip(vectors.row(wrapped(id, vectors.rows())))
        {
            *sum += value;
        }
    }
    sums.iter().map(|&sum| divide(sum, ids.len())).collect()
}

/// A negative index counts from the end, as in `NumPy`.
fn wrapped(id: i64, rows: usize) -> usize {
    if id < 0 {
        (rows as i64 + id) as usize
    } else {
        id as usize
    }
}
