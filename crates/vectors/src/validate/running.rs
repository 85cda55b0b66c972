//! Whether vectors can be searched, found block by block: what a pass over a file can tell without
//! holding it.

use super::ValidationError;
use crate::kernels::Stored;
use crate::{MatrixView, Metric};

/// What [`check`](super::check) checks, of rows that come in blocks, in their order.
///
/// ```
/// use annatomy_vectors::{Matrix, Metric, validate::RunningCheck};
///
/// let mut check = RunningCheck::new(Metric::Cosine);
/// check.add(Matrix::new(1, 2, vec![1.0, 0.0])?.view());
/// check.add(Matrix::new(2, 2, vec![0.0, 0.0, 2.0, 0.0])?.view());
/// assert_eq!(check.finish().unwrap_err().to_string(), "1 of 3 rows are zero vectors, which have no cosine distance; the first is row 1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RunningCheck {
    metric: Metric,
    rows: usize,
    not_finite: Option<NotFinite>,
    zero: Option<Zero>,
}

#[derive(Clone, Copy, Debug)]
struct NotFinite {
    bad_rows: usize,
    first_row: usize,
    column: usize,
    value: f32,
}

#[derive(Clone, Copy, Debug)]
struct Zero {
    zero_rows: usize,
    first_row: usize,
}

impl RunningCheck {
    /// A check of no rows yet.
    pub fn new(metric: Metric) -> Self {
        Self {
            metric,
            rows: 0,
            not_finite: None,
            zero: None,
        }
    }

    /// Looks at the next rows.
    pub fn add<S: Stored>(&mut self, block: MatrixView<'_, S>) {
        if let Some((count, first)) = count_and_first(block, is_not_finite) {
            let (column, value) = bad_value(block.row(first));
            let first_row = self.rows + first;
            let found = self.not_finite.get_or_insert(NotFinite {
                bad_rows: 0,
                first_row,
                column,
                value,
            });
            found.bad_rows += count;
        }
        if self.metric == Metric::Cosine
            && let Some((count, first)) = count_and_first(block, is_zero)
        {
            let found = self.zero.get_or_insert(Zero {
                zero_rows: 0,
                first_row: self.rows + first,
            });
            found.zero_rows += count;
        }
        self.rows += block.rows();
    }

    /// What was wrong with the rows seen, if anything.
    pub fn finish(self) -> Result<(), ValidationError> {
        let rows = self.rows;
        if let Some(NotFinite {
            bad_rows,
            first_row,
            column,
            value,
        }) = self.not_finite
        {
            return Err(ValidationError::NotFinite {
                rows,
                bad_rows,
                first_row,
                column,
                value,
            });
        }
        match self.zero {
            Some(Zero {
                zero_rows,
                first_row,
            }) => Err(ValidationError::ZeroVectors {
                rows,
                zero_rows,
                first_row,
            }),
            None => Ok(()),
        }
    }
}

/// The fold, unlike `any`, has no early way out and so becomes vector code.
fn is_not_finite<S: Stored>(row: &[S]) -> bool {
    row.iter()
        .fold(false, |bad, value| bad | !value.is_finite())
}

fn is_zero<S: Stored>(row: &[S]) -> bool {
    row.iter().all(|&value| value == S::default())
}

fn bad_value<S: Stored>(row: &[S]) -> (usize, f32) {
    let mut values = row.iter().enumerate();
    let (column, value) = values
        .find(|(_, value)| !value.is_finite())
        .expect("the row was found to hold one");
    (column, value.widen())
}

/// How many rows are so, and the first of them; nothing where none is.
fn count_and_first<S: Stored>(
    matrix: MatrixView<'_, S>,
    is_so: impl Fn(&[S]) -> bool,
) -> Option<(usize, usize)> {
    let mut found = (0..matrix.rows()).filter(|&row| is_so(matrix.row(row)));
    let first = found.next()?;
    Some((1 + found.count(), first))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;
    use crate::Matrix;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_say_what_the_whole_says(kinds in proptest::collection::vec(0..5_u8, 0..40), block in 1..9_usize) {
            let value = |&kind: &u8| match kind { 0 => f32::NAN, 1 | 2 => 0.0, _ => 1.0 };
            let rows = kinds.len() / 2;
            let values = Matrix::new(rows, 2, kinds[..2 * rows].iter().map(value).collect()).unwrap();
            for metric in [Metric::L2, Metric::Cosine] {
                let mut running = RunningCheck::new(metric);
                for first in (0..rows).step_by(block) {
                    running.add(values.view().row_range(first..rows.min(first + block)));
                }
                let (found, whole) = (running.finish(), check(values.view(), metric));
                // NaN is not equal to itself, and its words are.
                prop_assert_eq!(found.map_err(|error| error.to_string()), whole.map_err(|error| error.to_string()));
            }
        }
    }
}
