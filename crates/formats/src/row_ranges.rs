//! A file of vectors of which ranges of rows are read, and no more than they need.
//!
//! Enters: a path. Leaves: rows of a range as float32. Of Parquet the row groups that a range meets
//! are decoded; formats whose rows have a place (`.npy`, `.fbin`, `.bvecs` and their like,
//! `.safetensors`, plain HDF5) are read there. Cost of opening: a header or a footer. Does not: read
//! parts of what must be unpacked whole (packed `.npz` and HDF5, Arrow), which is in memory once open.

use std::ops::Range;

use super::bytes::Bytes;
#[cfg(feature = "parquet")]
use super::columns::RowGroups;
use super::detect;
use super::error::ReadError;
#[cfg(feature = "parquet")]
use super::format::Format;
use super::source::{Role, Source};
use super::vector_file::VectorFile;
use annatomy_vectors::Matrix;
use sha2::{Digest as _, Sha256};

/// Bytes at either end of a file that its checksum is of: header or footer, and some values.
const LOOKED_AT: u64 = 64 << 10;

/// An open file of vectors.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("vectors.npy");
/// use annatomy_vectors::Matrix;
/// use annatomy_formats::{Role, RowRanges, Source, write_matrix};
///
/// let matrix = Matrix::new(3, 2, vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0])?;
/// write_matrix(&path, matrix.view())?;
///
/// let file = RowRanges::open(&Source::parse(&path), Role::Base)?;
/// assert_eq!(file.rows(), 3);
/// assert_eq!(file.read_rows(1..3)?.values(), [2.0, 3.0, 4.0, 5.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RowRanges {
    rows: Rows,
    whole: Bytes,
    member: Option<String>,
}

#[derive(Debug)]
enum Rows {
    Placed(VectorFile),
    #[cfg(feature = "parquet")]
    Grouped(RowGroups),
}

impl RowRanges {
    /// Opens what `source` names, or, where that leaves a choice, what is customary for the role.
    pub fn open(source: &Source, role: Role) -> Result<Self, ReadError> {
        let (format, whole) = detect::open(source)?;
        let rows = match format {
            #[cfg(feature = "parquet")]
            Format::Parquet => Rows::Grouped(RowGroups::open(&whole, source.member(), role)?),
            _ => Rows::Placed(VectorFile::open_source(source, role)?),
        };
        let member = source.member().map(str::to_owned);
        Ok(Self {
            rows,
            whole,
            member,
        })
    }

    /// Number of rows, n.
    pub fn rows(&self) -> usize {
        match &self.rows {
            Rows::Placed(file) => file.rows(),
            #[cfg(feature = "parquet")]
            Rows::Grouped(groups) => groups.rows(),
        }
    }

    /// Number of columns, d; of Parquet what the first row group has on average.
    pub fn columns(&self) -> usize {
        match &self.rows {
            Rows::Placed(file) => file.columns(),
            #[cfg(feature = "parquet")]
            Rows::Grouped(groups) => groups.columns(),
        }
    }

    /// What a reader should know of how the file was taken, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        match &self.rows {
            Rows::Placed(file) => file.notes(),
            #[cfg(feature = "parquet")]
            Rows::Grouped(_) => Vec::new(),
        }
    }

    /// A range of rows.
    pub fn read_rows(&self, rows: Range<usize>) -> Result<Matrix, ReadError> {
        match &self.rows {
            Rows::Placed(file) => file.read_rows(rows),
            #[cfg(feature = "parquet")]
            Rows::Grouped(groups) => groups.read_rows(rows),
        }
    }

    /// Where a block of rows from `start` on should end, of at most `most` rows and before `end`: at
    /// the end of a row group, which would be decoded twice otherwise, if one lies there.
    pub fn block_end(&self, start: usize, most: usize, end: usize) -> usize {
        let limit = start.saturating_add(most.max(1)).min(end);
        match &self.rows {
            Rows::Placed(_) => limit,
            #[cfg(feature = "parquet")]
            Rows::Grouped(groups) => groups.last_end(start, limit).unwrap_or(limit),
        }
    }

    /// An error if the file was written to since it was opened.
    pub fn check_unchanged(&self) -> Result<(), ReadError> {
        self.whole.check_unchanged()
    }

    /// SHA-256 of the file's length, of 64 KiB at either end of it and of the member that was named:
    /// copies of a file have the same, wherever they lie.
    pub fn checksum(&self) -> Result<[u8; 32], ReadError> {
        let length = self.whole.len();
        let mut hasher = Sha256::new();
        hasher.update(length.to_le_bytes());
        hasher.update(self.whole.head(LOOKED_AT)?);
        hasher.update(self.whole.read(length.saturating_sub(LOOKED_AT)..length)?);
        hasher.update(self.member.as_deref().unwrap_or_default());
        Ok(hasher.finalize().into())
    }
}
