//! The shape of rows that differ in length, as range searches leave them in `.ivecs`, `.fvecs` and
//! columns of lists, and of the table that is filled up to the longest.
//!
//! Filling up may cost more memory than the file has bytes, so it is refused beyond [`MOST_FILLING`]
//! cells for each value in the file.

use super::answer_table::AnswerTable;
use super::error::ReadError;
use super::memory::filled;
use annatomy_vectors::Matrix;

/// Cells allowed for each value that the file holds.
const MOST_FILLING: usize = 64;
/// Cells always allowed.
const SMALL: usize = 1 << 20;

/// Rows of different lengths, counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lengths {
    rows: usize,
    values: usize,
    longest: usize,
    /// Rows as long as the longest so far.
    full_rows: usize,
}

impl Lengths {
    pub(super) fn add(&mut self, length: usize) {
        self.rows += 1;
        self.values += length;
        match length.cmp(&self.longest) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => self.full_rows += 1,
            std::cmp::Ordering::Greater => (self.longest, self.full_rows) = (length, 1),
        }
    }

    pub(super) fn columns(&self) -> usize {
        self.longest
    }

    /// How many rows are shorter than the longest.
    pub(super) fn short_rows(&self) -> usize {
        self.rows - self.full_rows
    }

    /// A table of `filling` alone, where the file is large enough for its cells.
    pub(super) fn table<T: Clone>(&self, filling: T) -> Result<Vec<T>, ReadError> {
        let Self {
            rows,
            values,
            longest: columns,
            ..
        } = *self;
        if columns == 0 {
            return Err(ReadError::NoColumns { rows: rows as u64 });
        }
        let allowed = values.saturating_mul(MOST_FILLING).max(SMALL);
        let cells = rows.checked_mul(columns).filter(|&cells| cells <= allowed);
        let cells = cells.ok_or(ReadError::TooUneven {
            rows,
            columns,
            values,
        })?;
        filled(rows, columns, cells, filling)
    }

    /// The filled-up table as answers.
    pub(super) fn answers(&self, ids: Vec<i64>) -> AnswerTable {
        AnswerTable::new(self.rows, self.longest, ids, self.short_rows())
    }

    /// The filled-up table as a matrix.
    pub(super) fn matrix(&self, values: Vec<f32>) -> Result<Matrix, ReadError> {
        let (rows, columns) = (self.rows, self.longest);
        Matrix::new(rows, columns, values).map_err(|_| ReadError::Memory { rows, columns })
    }
}
