//! Base rows streamed from their file in blocks or one by one, as float32, of unit length under
//! cosine.
//!
//! Enters: an open file. One pass checks every row and finds whether cosine needs them scaled; rows
//! read afterwards are bit for bit those that [`check_and_normalize`](super::check_and_normalize)
//! makes in memory. Cost: the pass; afterwards a block of [`BLOCK_ROWS`] in memory at a time. Files that must be
//! unpacked (Parquet, packed HDF5) are in memory in their own number type in any case.

use super::elsewhere::RowsElsewhere;
use super::unit_length::has_unit_length;
use annatomy_formats::{ReadError, VectorFile};
use annatomy_runtime::printable_path;
use annatomy_vectors::transform::normalize_row;
use annatomy_vectors::validate::{
    DuplicateSearch, RunningCheck, ValidationError, check_largest, same_values,
};
use annatomy_vectors::{Matrix, Metric, largest_magnitude};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Rows of a block.
const BLOCK_ROWS: usize = 2048;

/// Values of rows that cannot be had: finite and of some length, so that whatever is computed from
/// them ends.
const PLACEHOLDER: f32 = 1.0;

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
    /// Rows of a shard cannot be had.
    #[error("{problem}")]
    Elsewhere {
        /// Why, in words.
        problem: String,
    },
}

/// Rows in a file.
#[derive(Debug)]
pub struct StreamedRows {
    file: VectorFile,
    path: PathBuf,
    scaling: Scaling,
    /// Whether every row was seen to be finite, by the first pass.
    is_checked: bool,
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
            is_checked: false,
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
        rows.is_checked = true;
        Ok(rows)
    }

    fn fail(&self, error: ReadError) {
        let failure = self.failure.lock();
        let mut failure = failure.unwrap_or_else(std::sync::PoisonError::into_inner);
        failure.get_or_insert(error);
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

/// Without an early way out, so that it becomes vector code.
fn all_finite(values: &[f32]) -> bool {
    values
        .iter()
        .fold(true, |all, value| all & value.is_finite())
}

impl RowsElsewhere for StreamedRows {
    fn rows(&self) -> usize {
        self.file.rows()
    }

    fn columns(&self) -> usize {
        self.file.columns()
    }

    fn read(&self, range: Range<usize>, out: &mut [f32]) {
        if let Err(error) = self.file.read_rows_into(range, out) {
            out.fill(PLACEHOLDER);
            self.fail(error);
        }
        if self.scaling == Scaling::ToUnitLength {
            out.chunks_exact_mut(self.columns()).for_each(normalize_row);
        }
        if self.is_checked && !all_finite(out) {
            out.fill(PLACEHOLDER);
            self.fail(
                io::Error::other("the file changed while it was read: a value was finite").into(),
            );
        }
    }

    fn are_scaled(&self) -> bool {
        self.scaling == Scaling::ToUnitLength
    }

    /// If the file was rewritten since the first pass, the values are placeholders.
    fn select(&self, ids: &[usize]) -> Matrix {
        let mut rows = Matrix::zeros(ids.len(), self.columns());
        for (place, &id) in ids.iter().enumerate() {
            self.read(id..id + 1, rows.row_mut(place));
        }
        rows
    }

    fn repeated(&self) -> usize {
        let mut search = DuplicateSearch::default();
        self.each_block(|block| search.add(block.view()));
        let same = |a, b| {
            let pair = self.select(&[a, b]);
            same_values(pair.row(0), pair.row(1))
        };
        search.finish(same).repeated
    }

    fn verify(&self) -> Result<(), StreamError> {
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
}

#[cfg(test)]
mod tests {
    use super::super::check_and_normalize;
    use super::*;
    use crate::testing::{noise, unit_noise};
    use annatomy_formats::write_matrix;

    /// Two whole blocks and a part of one.
    const ROWS: usize = 2 * BLOCK_ROWS + 17;

    fn written(folder: &Path, rows: &Matrix) -> PathBuf {
        let path = folder.join("rows.npy");
        write_matrix(&path, rows.view()).expect("a file");
        path
    }

    fn streamed(path: &Path, metric: Metric) -> Result<StreamedRows, StreamError> {
        StreamedRows::new(VectorFile::open(path).expect("the file"), path, metric)
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    /// One row, the last of the last block, decides whether cosine scales all of them.
    #[test]
    fn blocks_are_the_rows_in_memory_bit_for_bit() {
        let folder = tempfile::tempdir().expect("a folder");
        let unit = unit_noise(ROWS, 3, 5);
        let mut but_one = unit.clone();
        for value in but_one.row_mut(ROWS - 1) {
            *value *= 2.0;
        }
        for rows in [noise(ROWS, 3, 5), unit, but_one] {
            let path = written(folder.path(), &rows);
            for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
                let mut right = rows.clone();
                check_and_normalize(&mut right, metric).expect("finite");
                let found = streamed(&path, metric).expect("rows");
                assert_eq!((found.rows(), found.columns()), (ROWS, 3));
                let mut all = Matrix::zeros(ROWS, 3);
                found.read(0..ROWS, all.values_mut());
                assert_eq!(bits(all.values()), bits(right.values()), "{metric}");
                let ids = [ROWS - 1, 0, BLOCK_ROWS, BLOCK_ROWS - 1, 0];
                assert_eq!(
                    bits(found.select(&ids).values()),
                    bits(right.select(&ids).values())
                );
                assert!(found.verify().is_ok());
            }
        }
    }

    #[test]
    fn repeats_are_counted_across_blocks() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut rows = noise(ROWS, 3, 9);
        let first = rows.row(4).to_vec();
        for repeat in [5, BLOCK_ROWS + 1, ROWS - 1] {
            rows.row_mut(repeat).copy_from_slice(&first);
        }
        let found = streamed(&written(folder.path(), &rows), Metric::L2).expect("rows");
        assert_eq!(found.repeated(), 3);
    }

    #[test]
    fn a_bad_row_of_a_later_block_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let with = |value: f32, metric| {
            let mut rows = noise(ROWS, 3, 2);
            rows.row_mut(ROWS - 2).fill(value);
            streamed(&written(folder.path(), &rows), metric)
                .err()
                .map(|error| error.to_string())
        };
        let words = with(f32::INFINITY, Metric::L2).expect("no distance to it");
        assert!(
            words.contains("rows.npy") && words.contains(&format!("of {ROWS}")),
            "{words}"
        );
        assert!(
            with(0.0, Metric::Cosine).is_some(),
            "zeros have no direction"
        );
        assert_eq!(with(0.0, Metric::L2), None);
        assert_eq!(with(1e14, Metric::L2), None);
        let words = with(1e18, Metric::L2).expect("float32 does not hold sums of its squares");
        assert!(words.contains("1e18"), "{words}");
    }

    #[test]
    fn a_file_that_was_rewritten_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = written(folder.path(), &noise(ROWS, 3, 2));
        let found = streamed(&path, Metric::L2).expect("rows");
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .expect("the file");
        std::io::Write::write_all(&mut file, b"more").expect("written");
        drop(file);
        let error = found.verify().expect_err("it has changed").to_string();
        assert!(error.contains("rows.npy"), "{error}");
    }
}
