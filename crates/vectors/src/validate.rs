//! What is wrong with a set of vectors, counted, before anything is computed from it.
//!
//! Enters: a matrix. Leaves: nothing, or an error that says how many rows are bad and which is first; and, since repeats are
//! a fact about the data and no fault, [`Duplicates`]. Cost: one pass each; duplicates also sort one hash per row.
//! Does not: repair or drop rows.

use crate::{MatrixView, Metric};

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
    /// Some rows are zero, and the angle to a zero vector is undefined.
    #[error("{zero_rows} of {rows} rows are zero vectors, which have no cosine distance; the first is row {first_row}")]
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
pub fn check(matrix: MatrixView<'_>, metric: Metric) -> Result<(), ValidationError> {
    check_finite(matrix)?;
    match metric {
        Metric::Cosine => check_nonzero(matrix),
        Metric::L2 | Metric::InnerProduct => Ok(()),
    }
}

/// Every value is finite.
pub fn check_finite(matrix: MatrixView<'_>) -> Result<(), ValidationError> {
    // The fold, unlike `any`, has no early way out and so becomes vector code.
    let is_bad = |row: &[f32]| row.iter().fold(false, |bad, value| bad | !value.is_finite());
    let Some((bad_rows, first_row)) = count_and_first(matrix, is_bad) else { return Ok(()) };
    let mut values = matrix.row(first_row).iter().copied().enumerate();
    let (column, value) = values.find(|(_, value)| !value.is_finite()).expect("the row was found to hold one");
    Err(ValidationError::NotFinite { rows: matrix.rows(), bad_rows, first_row, column, value })
}

/// Every row has a direction: some value that is not zero.
pub fn check_nonzero(matrix: MatrixView<'_>) -> Result<(), ValidationError> {
    let is_zero = |row: &[f32]| row.iter().all(|&value| value == 0.0);
    match count_and_first(matrix, is_zero) {
        None => Ok(()),
        Some((zero_rows, first_row)) => Err(ValidationError::ZeroVectors { rows: matrix.rows(), zero_rows, first_row }),
    }
}

/// How many rows are so, and the first of them; nothing where none is.
fn count_and_first(matrix: MatrixView<'_>, is_so: impl Fn(&[f32]) -> bool) -> Option<(usize, usize)> {
    let mut found = (0..matrix.rows()).filter(|&row| is_so(matrix.row(row)));
    let first = found.next()?;
    Some((1 + found.count(), first))
}

/// How often rows repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// Rows looked at.
    pub rows: usize,
    /// Rows that equal an earlier row.
    pub repeated: usize,
    /// How often the most frequent row occurs: 1 where nothing repeats.
    pub largest_group: usize,
    /// The first row that equals an earlier one, and the earliest such one.
    pub first: Option<Repeat>,
}

/// A row and the earliest row it equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repeat {
    /// The later row.
    pub row: usize,
    /// The earliest row with the same values.
    pub earlier: usize,
}

impl Duplicates {
    /// Rows less repeats: how many different vectors there are.
    pub fn distinct(&self) -> usize {
        self.rows - self.repeated
    }
}

/// Counts rows that are bit for bit an earlier row, with −0.0 and 0.0 the same. Exact: a hash only brings candidates together.
pub fn duplicates(matrix: MatrixView<'_>) -> Duplicates {
    let mut hashed: Vec<(u64, usize)> = (0..matrix.rows()).map(|row| (hash(matrix.row(row)), row)).collect();
    hashed.sort_unstable();
    let mut found = Duplicates { rows: matrix.rows(), repeated: 0, largest_group: matrix.rows().min(1), first: None };
    for same_hash in hashed.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        add_group(matrix, same_hash, &mut found);
    }
    found
}

/// Compares the rows of one hash, in row order, with the first of each kind so far: nearly always a single one.
fn add_group(matrix: MatrixView<'_>, same_hash: &[(u64, usize)], found: &mut Duplicates) {
    let mut kinds: Vec<(usize, usize)> = Vec::new();
    for &(_, row) in same_hash {
        let known = kinds.iter_mut().find(|(earlier, _)| same_bits(matrix.row(*earlier), matrix.row(row)));
        let Some((earlier, count)) = known else {
            kinds.push((row, 1));
            continue;
        };
        *count += 1;
        found.repeated += 1;
        found.largest_group = found.largest_group.max(*count);
        let repeat = Repeat { row, earlier: *earlier };
        found.first = Some(found.first.map_or(repeat, |first| first.min(repeat)));
    }
}

/// The value's bits, with −0.0 taken for 0.0.
fn bits(value: f32) -> u32 {
    if value == 0.0 { 0 } else { value.to_bits() }
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).all(|(&a, &b)| bits(a) == bits(b))
}

/// Rotate, xor, multiply by 2⁶⁴/φ, as in rustc's `FxHash`.
fn hash(row: &[f32]) -> u64 {
    let mix =
        |state: u64, &value: &f32| (state.rotate_left(5) ^ u64::from(bits(value))).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    row.iter().fold(0, mix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;
    use proptest::prelude::*;

    fn matrix(columns: usize, values: &[f32]) -> Matrix {
        Matrix::new(values.len() / columns, columns, values.to_vec()).unwrap()
    }

    #[test]
    fn bad_values_are_counted_by_row_and_the_first_is_named() {
        let values = matrix(2, &[1.0, 2.0, 3.0, f32::INFINITY, f32::NAN, f32::NAN]);
        let error = check_finite(values.view()).unwrap_err();
        let expected =
            ValidationError::NotFinite { rows: 3, bad_rows: 2, first_row: 1, column: 1, value: f32::INFINITY };
        assert_eq!(error, expected);
        assert_eq!(error.to_string(), "2 of 3 rows hold NaN or infinite values; the first is row 1, column 1: inf");
    }

    #[test]
    fn zero_vectors_matter_under_cosine_only() {
        let values = matrix(2, &[1.0, 0.0, 0.0, -0.0, 0.0, 0.0]);
        assert_eq!(check(values.view(), Metric::L2), Ok(()));
        assert_eq!(check(values.view(), Metric::InnerProduct), Ok(()));
        let expected = ValidationError::ZeroVectors { rows: 3, zero_rows: 2, first_row: 1 };
        assert_eq!(check(values.view(), Metric::Cosine), Err(expected));
    }

    #[test]
    fn repeats_are_counted_and_negative_zero_is_zero() {
        let values = matrix(2, &[7.0, 7.0, 0.0, 1.0, -0.0, 1.0, 7.0, 7.0, 7.0, 7.0, 2.0, 2.0]);
        let found = duplicates(values.view());
        let first = Some(Repeat { row: 2, earlier: 1 });
        assert_eq!(found, Duplicates { rows: 6, repeated: 3, largest_group: 3, first });
        assert_eq!(found.distinct(), 3);
        let none = Matrix::new(0, 4, Vec::new()).unwrap();
        assert_eq!(duplicates(none.view()), Duplicates { rows: 0, repeated: 0, largest_group: 0, first: None });
    }

    #[test]
    fn rows_that_share_a_hash_are_still_told_apart() {
        let values = matrix(1, &[1.0, 2.0, 1.0, 2.0, 3.0]);
        let mut found = Duplicates { rows: 5, repeated: 0, largest_group: 1, first: None };
        add_group(values.view(), &[(9, 0), (9, 1), (9, 2), (9, 3), (9, 4)], &mut found);
        assert_eq!(found.repeated, 2);
        assert_eq!(found.first, Some(Repeat { row: 2, earlier: 0 }));
    }

    proptest! {
        #[test]
        fn duplicates_agree_with_comparing_all_pairs(cells in proptest::collection::vec(0..3_u8, 0..60)) {
            let rows = cells.len() / 2;
            let values = cells[..2 * rows].iter().map(|&cell| f32::from(cell)).collect();
            let values = Matrix::new(rows, 2, values).unwrap();
            let repeats = |row: usize| (0..row).any(|earlier| values.row(earlier) == values.row(row));
            let repeated = (0..rows).filter(|&row| repeats(row)).count();
            prop_assert_eq!(duplicates(values.view()).repeated, repeated);
        }
    }
}
