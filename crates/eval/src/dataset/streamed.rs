//! Base rows streamed from their file in blocks or one by one, as float32, of unit length under
//! cosine.
//!
//! Enters: an open file. One pass checks every row and finds whether cosine needs them scaled; rows
//! read afterwards are bit for bit those that [`check_and_normalize`](super::check_and_normalize)
//! makes in memory. Cost: the pass; afterwards a block of [`BLOCK_ROWS`] in memory at a time. Files that must be
//! unpacked (Parquet, packed HDF5) are in memory in their own number type in any case.

use super::unit_length::has_unit_length;
use annatomy_formats::{ReadError, VectorFile};
use annatomy_runtime::printable_path;
use annatomy_vectors::transform::normalize_row;
use annatomy_vectors::validate::{
    DuplicateSearch, RunningCheck, ValidationError, check_largest, same_values,
};
use annatomy_vectors::{Matrix, Metric, largest_magnitude};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Rows of a block.
const BLOCK_ROWS: usize = 2048;

/// Whether rows are scaled as they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scaling {
    None,
    ToUnitLength,
}

/// Why rows cannot be streamed.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The file cannot be read, or was rewritten while it was read.
    #[error("{}: {source}", printable_path(.path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ReadError,
    },
    /// Vectors that have no distance.
    #[error("{}: {source}", printable_path(.path))]
    Vectors {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        source: ValidationError,
    },
}

/// Rows in a file.
#[derive(Debug)]
pub struct StreamedRows {
    file: VectorFile,
    path: PathBuf,
    scaling: Scaling,
    /// The first error after the first pass: another process rewrote the file.
    failure: Mutex<Option<ReadError>>,
}

impl StreamedRows {
    /// Checks every row of `file`, in one pass.
    ///
    /// # Errors
    /// If a row cannot be read, is not finite, under cosine is zero, or all are beyond the range that
    /// [`check_largest`] allows.
    pub fn new(file: VectorFile, path: &Path, metric: Metric) -> Result<Self, StreamError> {
        let failure = Mutex::new(None);
        let mut rows = Self {
            file,
            path: path.to_owned(),
            scaling: Scaling::None,
            failure,
        };
        let mut check = RunningCheck::new(metric);
        let (mut all_unit, mut largest) = (true, 0_f32);
        rows.each_block(|block| {
            check.add(block.view());
            largest = largest.max(largest_magnitude(block.view()));
            all_unit = all_unit && (0..block.rows()).all(|row| has_unit_length(block.row(row)));
        });
        rows.verify()?;
        check
            .finish()
            .and_then(|()| check_largest(rows.rows(), largest, metric))
            .map_err(|source| StreamError::Vectors {
                path: path.to_owned(),
                source,
            })?;
        if metric == Metric::Cosine && !all_unit {
            rows.scaling = Scaling::ToUnitLength;
        }
        Ok(rows)
    }

    /// Number of rows, n.
    pub fn rows(&self) -> usize {
        self.file.rows()
    }

    /// Number of columns, d.
    pub fn columns(&self) -> usize {
        self.file.columns()
    }

    /// Reads the rows of `range`. If the file was rewritten since the first pass, the values are
    /// placeholders and [`verify`](Self::verify) returns the error.
    pub fn read(&self, range: Range<usize>, out: &mut [f32]) {
        if let Err(error) = self.file.read_rows_into(range, out) {
            // Finite and of some length, so that whatever is computed from them ends.
            out.fill(1.0);
            let mut failure = self
                .failure
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            failure.get_or_insert(error);
        }
        if self.scaling == Scaling::ToUnitLength {
            out.chunks_exact_mut(self.columns()).for_each(normalize_row);
        }
    }

    /// The given rows in the given order.
    pub fn select(&self, ids: &[usize]) -> Matrix {
        let mut rows = Matrix::zeros(ids.len(), self.columns());
        for (place, &id) in ids.iter().enumerate() {
            self.read(id..id + 1, rows.row_mut(place));
        }
        rows
    }

    /// How many rows equal an earlier one.
    pub fn repeated(&self) -> usize {
        let mut search = DuplicateSearch::default();
        self.each_block(|block| search.add(block.view()));
        let same = |a, b| {
            let pair = self.select(&[a, b]);
            same_values(pair.row(0), pair.row(1))
        };
        search.finish(same).repeated
    }

    /// Whether every read so far has succeeded, and the file is as it was when it was opened.
    ///
    /// # Errors
    /// The first read that did not, or that the file has changed.
    pub fn verify(&self) -> Result<(), StreamError> {
        let failure = self
            .failure
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        let problem = failure.or_else(|| self.file.check_unchanged().err());
        problem.map_or(Ok(()), |source| {
            Err(StreamError::Read {
                path: self.path.clone(),
                source,
            })
        })
    }

    fn each_block(&self, mut look: impl FnMut(&Matrix)) {
        for first in (0..self.rows()).step_by(BLOCK_ROWS) {
            let range = first..self.rows().min(first + BLOCK_ROWS);
            let mut block = Matrix::zeros(range.len(), self.columns());
            self.read(range, block.values_mut());
            look(&block);
        }
    }
}
