//! What is wrong with a set of vectors, counted, before anything is computed from it.
//!
//! Enters: a matrix, or its rows block by block. Leaves: nothing, or an error that says how many
//! rows are bad and which is first; and, since repeats are a fact about the data and no fault,
//! [`Duplicates`]. Cost: one pass each; duplicates also sort one hash per row. Does not: repair or
//! drop rows.

mod duplicates;
mod running;

pub use duplicates::{
    DuplicateSearch, Duplicates, Repeat, duplicates, representatives, same_values,
};
pub use running::RunningCheck;

use crate::kernels::Stored;
use crate::{MatrixView, Metric, PowerOfTwoScale, largest_magnitude};
use rayon::prelude::*;

/// Rows that one task looks at.
const BLOCK_ROWS: usize = 1024;

/// Why vectors cannot be searched.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum ValidationError {
    /// Some rows hold NaN or an infinity.
    #[error(
        "{bad_rows} of {rows} rows hold NaN or infinite values; the first is row {first_row}, column {column}: {value}"
    )]
    NotFinite {
        /// Rows looked at.
        rows: usize,
        /// Rows with at least one such value.
        bad_rows: usize,
        /// The first of them.
        first_row: usize,
        /// The column of its first such value.
        column: usize,
        /// That value.
        value: f32,
    },
    /// Squares of the values are beyond what float32 holds, or vanish in it.
    #[error(
        "the largest value of {rows} rows is {largest:e}: float32 holds squared distances of rows whose largest value is between 1e-12 and 1e15; scaled by one factor, rows keep their neighbors"
    )]
    Range {
        /// Rows looked at.
        rows: usize,
        /// The largest |value|.
        largest: f32,
    },
    /// Some rows are zero, and the angle to a zero vector is undefined.
    #[error(
        "{zero_rows} of {rows} rows are zero vectors, which have no cosine distance; the first is row {first_row}"
    )]
    ZeroVectors {
        /// Rows looked at.
        rows: usize,
        /// Rows that are zero in every column.
        zero_rows: usize,
        /// The first of them.
        first_row: usize,
    },
}

/// Everything the metric needs: finite values always, and no zero vectors under cosine.
pub fn check<S: Stored>(matrix: MatrixView<'_, S>, metric: Metric) -> Result<(), ValidationError> {
    let of_block = |block: MatrixView<'_, S>| {
        let mut running = RunningCheck::new(metric);
        running.add(block);
        running.finish()
    };
    let sound = |start: usize| {
        of_block(matrix.row_range(start..(start + BLOCK_ROWS).min(matrix.rows()))).is_ok()
    };
    let starts: Vec<usize> = (0..matrix.rows()).step_by(BLOCK_ROWS).collect();
    // Bad rows are counted in their order, once it is known that there are any.
    if starts.into_par_iter().all(sound) {
        Ok(())
    } else {
        of_block(matrix)
    }
}

/// Float32 holds the squares of the rows, which L2 distances and inner products sum.
///
/// A search for exact neighbors and an index scale such rows themselves ([`PowerOfTwoScale`]); what
/// reads squared distances cannot.
///
/// # Errors
/// [`ValidationError::Range`] if all values are 0 to 2⁻⁴⁰, or one is beyond 2⁵⁰.
pub fn check_range<S: Stored>(
    matrix: MatrixView<'_, S>,
    metric: Metric,
) -> Result<(), ValidationError> {
    check_largest(matrix.rows(), largest_magnitude(matrix), metric)
}

/// [`check_range`] of `rows` rows that come block by block, whose largest |value| is known.
///
/// # Errors
/// As there.
pub fn check_largest(rows: usize, largest: f32, metric: Metric) -> Result<(), ValidationError> {
    if metric == Metric::Cosine || PowerOfTwoScale::for_largest(largest).is_none() {
        return Ok(());
    }
    Err(ValidationError::Range { rows, largest })
}

/// Every value is finite.
pub fn check_finite<S: Stored>(matrix: MatrixView<'_, S>) -> Result<(), ValidationError> {
    check(matrix, Metric::L2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;

    fn matrix(columns: usize, values: &[f32]) -> Matrix {
        Matrix::new(values.len() / columns, columns, values.to_vec()).unwrap()
    }

    #[test]
    fn bad_values_are_counted_by_row_and_the_first_is_named() {
        let values = matrix(2, &[1.0, 2.0, 3.0, f32::INFINITY, f32::NAN, f32::NAN]);
        let error = check_finite(values.view()).unwrap_err();
        let expected = ValidationError::NotFinite {
            rows: 3,
            bad_rows: 2,
            first_row: 1,
            column: 1,
            value: f32::INFINITY,
        };
        assert_eq!(error, expected);
        assert_eq!(
            error.to_string(),
            "2 of 3 rows hold NaN or infinite values; the first is row 1, column 1: inf"
        );
    }

    #[test]
    fn rows_whose_squares_leave_float32_are_named_with_the_range() {
        for (value, fits) in [
            (1e19, false),
            (1e-25, false),
            (3e14, true),
            (1e-11, true),
            (0.0, true),
        ] {
            let values = matrix(2, &[0.0, -value]);
            assert_eq!(
                check_range(values.view(), Metric::L2).is_ok(),
                fits,
                "{value}"
            );
            assert_eq!(check_range(values.view(), Metric::Cosine), Ok(()));
        }
        let error = check_range(matrix(1, &[1e19]).view(), Metric::InnerProduct).unwrap_err();
        assert!(error.to_string().contains("1e19: float32 holds"), "{error}");
    }

    #[test]
    fn zero_vectors_matter_under_cosine_only() {
        let values = matrix(2, &[1.0, 0.0, 0.0, -0.0, 0.0, 0.0]);
        assert_eq!(check(values.view(), Metric::L2), Ok(()));
        assert_eq!(check(values.view(), Metric::InnerProduct), Ok(()));
        let expected = ValidationError::ZeroVectors {
            rows: 3,
            zero_rows: 2,
            first_row: 1,
        };
        assert_eq!(check(values.view(), Metric::Cosine), Err(expected));
    }
}
