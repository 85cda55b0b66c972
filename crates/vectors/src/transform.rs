//! Two changes that vectors may need before a search: unit length, and columns around zero.
//!
//! Enters: a matrix. Leaves: the same matrix, changed in place, or what its columns are to be moved
//! by. Every value is rounded to float32 once from float64 arithmetic, so the result does not
//! depend on the instruction set's float32 sums. Cost: two passes.

use crate::validate::{ValidationError, check};
use crate::{Matrix, MatrixView, Metric, kernels};
use rayon::prelude::*;

/// Columns that a task sums, at most.
const TASK_COLUMNS: usize = 128;

/// Divides every row by its length. Refuses zero vectors and values that are not finite, and then
/// changes nothing.
///
/// ```
/// use annatomy_vectors::{Matrix, transform::normalize_rows};
///
/// let mut matrix = Matrix::new(1, 2, vec![3.0, 4.0])?;
/// normalize_rows(&mut matrix)?;
/// assert_eq!(matrix.row(0), [0.6, 0.8]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn normalize_rows(matrix: &mut Matrix) -> Result<(), ValidationError> {
    check(matrix.view(), Metric::Cosine)?;
    for index in 0..matrix.rows() {
        normalize_row(matrix.row_mut(index));
    }
    Ok(())
}

/// Divides one row, which must be finite and not zero, by its length.
pub fn normalize_row(row: &mut [f32]) {
    let length = kernels::dot_f64(row, row).sqrt();
    for value in row {
        *value = (f64::from(*value) / length) as f32;
    }
}

/// Each column's mean, summed in the order of rows; 0 without rows. Runs on the current rayon pool.
pub fn column_means(matrix: MatrixView<'_>) -> Vec<f64> {
    let mut means = vec![0.0; matrix.columns()];
    means
        .par_chunks_mut(TASK_COLUMNS)
        .enumerate()
        .with_max_len(1)
        .for_each(|(task, means)| {
            let first = task * TASK_COLUMNS;
            for index in 0..matrix.rows() {
                for (mean, &value) in means.iter_mut().zip(&matrix.row(index)[first..]) {
                    *mean += f64::from(value);
                }
            }
            means
                .iter_mut()
                .for_each(|mean| *mean /= matrix.rows().max(1) as f64);
        });
    means
}

/// Writes to `centered` a row less the means of its columns, up to the shortest of the three. L2
/// distances between such rows are those of the rows.
pub fn center(row: &[f32], means: &[f64], centered: &mut [f32]) {
    for (centered, (&value, mean)) in centered.iter_mut().zip(row.iter().zip(means)) {
        *centered = (f64::from(value) - mean) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_beyond_float32_are_no_trouble() {
        let mut matrix = Matrix::new(2, 2, vec![3e38, 3e38, 3e-45, 0.0]).unwrap();
        normalize_rows(&mut matrix).unwrap();
        let half = std::f32::consts::FRAC_1_SQRT_2;
        assert_eq!(matrix.values(), [half, half, 1.0, 0.0]);
    }

    #[test]
    fn a_zero_vector_leaves_the_matrix_as_it_was() {
        let mut matrix = Matrix::new(2, 2, vec![3.0, 4.0, 0.0, 0.0]).unwrap();
        let before = matrix.clone();
        let expected = ValidationError::ZeroVectors {
            rows: 2,
            zero_rows: 1,
            first_row: 1,
        };
        assert_eq!(normalize_rows(&mut matrix), Err(expected));
        assert_eq!(matrix, before);
    }

    #[test]
    fn centering_keeps_small_differences_on_a_large_mean() {
        let matrix = Matrix::new(3, 1, vec![16_777_216.0, 16_777_218.0, 16_777_220.0]).unwrap();
        let means = column_means(matrix.view());
        assert_eq!(means, [16_777_218.0]);
        let mut centered = [0.0; 3];
        (0..3).for_each(|index| center(matrix.row(index), &means, &mut centered[index..]));
        assert_eq!(centered, [-2.0, 0.0, 2.0]);
        assert_eq!(column_means(Matrix::zeros(0, 2).view()), [0.0, 0.0]);
    }

    #[test]
    fn means_of_many_columns_are_those_of_each() {
        let columns = 2 * TASK_COLUMNS + 3;
        let matrix = Matrix::new(
            2,
            columns,
            (0..2 * columns).map(|value| value as f32).collect(),
        )
        .unwrap();
        let expected: Vec<f64> = (0..columns)
            .map(|column| (2 * column + columns) as f64 / 2.0)
            .collect();
        assert_eq!(column_means(matrix.view()), expected);
    }

    proptest! {
        #[test]
        fn normalized_rows_have_unit_length(row in proptest::collection::vec(-1e3_f32..1e3, 1..40)) {
            prop_assume!(row.iter().any(|&value| value != 0.0));
            let mut matrix = Matrix::new(1, row.len(), row).unwrap();
            normalize_rows(&mut matrix).unwrap();
            let length_squared = kernels::dot_f64(matrix.row(0), matrix.row(0));
            prop_assert!((length_squared - 1.0).abs() < 1e-6);
        }
    }
}
