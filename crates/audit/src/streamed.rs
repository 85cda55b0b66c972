//! Base rows that stay in their file: read in blocks or one by one, as float32, of unit length
//! under cosine.
//!
//! Enters: an open file. One pass checks every row and tells whether cosine needs them scaled; from
//! then on rows read here are bit for bit those that [`unit_lengths`](super::data) makes of the
//! whole. Cost: the pass; afterwards a block of [`BLOCK_ROWS`] in memory at a time, and of the
//! file's mapped pages those of the last [`RANDOM_ROWS`] single rows. Files that must be unpacked
//! (Parquet, packed HDF5) are in memory in their own number type all the same.

use super::data::has_unit_length;
use super::error::AuditError;
use annatomy_formats::{ReadError, VectorFile};
use annatomy_vectors::transform::normalize_row;
use annatomy_vectors::validate::{DuplicateSearch, RunningCheck, same_values};
use annatomy_vectors::{Matrix, Metric};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows of a block.
const BLOCK_ROWS: usize = 2048;
/// Single rows read between two times that the map's pages are handed back; the system maps up to
/// 64 KiB around each.
const RANDOM_ROWS: usize = 256;

/// Whether rows are changed on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scaling {
    AsTheyStand,
    ToUnitLength,
}

/// Rows in a file.
#[derive(Debug)]
pub(super) struct StreamedRows {
    file: VectorFile,
    path: PathBuf,
    scaling: Scaling,
    single_rows: AtomicUsize,
    /// What went wrong after the first pass: another process rewrote the file.
    failure: Mutex<Option<ReadError>>,
}

impl StreamedRows {
    /// Checks every row of `file`.
    pub(super) fn new(file: VectorFile, path: &Path, metric: Metric) -> Result<Self, AuditError> {
        let (single_rows, failure) = (AtomicUsize::new(0), Mutex::new(None));
        let mut rows = Self {
            file,
            path: path.to_owned(),
            scaling: Scaling::AsTheyStand,
            single_rows,
            failure,
        };
        let mut check = RunningCheck::new(metric);
        let mut all_unit = true;
        rows.each_block(|block| {
            check.add(block.view());
            all_unit = all_unit && (0..block.rows()).all(|row| has_unit_length(block.row(row)));
        });
        rows.verify()?;
        check.finish().map_err(|source| AuditError::Vectors {
            path: path.to_owned(),
            source,
        })?;
        if metric == Metric::Cosine && !all_unit {
            rows.scaling = Scaling::ToUnitLength;
        }
        Ok(rows)
    }

    pub(super) fn rows(&self) -> usize {
        self.file.rows()
    }

    pub(super) fn columns(&self) -> usize {
        self.file.columns()
    }

    /// Reads the rows of `range`. Where the file has gone bad meanwhile, [`verify`](Self::verify)
    /// says so, and the values mean nothing.
    pub(super) fn read(&self, range: Range<usize>, out: &mut [f32]) {
        if let Err(error) = self.file.read_rows_into(range.clone(), out) {
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
        if range.len() == 1
            && self.single_rows.fetch_add(1, Ordering::Relaxed) % RANDOM_ROWS == RANDOM_ROWS - 1
        {
            self.file.release_pages();
        }
    }

    /// The given rows in the given order.
    pub(super) fn select(&self, ids: &[usize]) -> Matrix {
        let mut rows = Matrix::zeros(ids.len(), self.columns());
        for (place, &id) in ids.iter().enumerate() {
            self.read(id..id + 1, rows.row_mut(place));
        }
        rows
    }

    /// How many rows equal an earlier one.
    pub(super) fn repeated(&self) -> usize {
        let mut search = DuplicateSearch::default();
        self.each_block(|block| search.add(block.view()));
        let same = |a, b| {
            let pair = self.select(&[a, b]);
            same_values(pair.row(0), pair.row(1))
        };
        search.finish(same).repeated
    }

    /// An error if any row could not be read.
    pub(super) fn verify(&self) -> Result<(), AuditError> {
        let failure = self
            .failure
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        failure.map_or(Ok(()), |source| {
            Err(AuditError::File {
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
