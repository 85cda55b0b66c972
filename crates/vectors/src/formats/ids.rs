//! Tables of ids: neighbors that another engine returned, or ground truth.
//!
//! Enters: `.npy` (any integer type), `.ivecs`, `.ibin`, or any other format here that holds integers. Leaves: rows × columns
//! of `i64`, −1 (an empty slot, by convention) included as it stands.

use std::path::Path;

use super::element::Element;
use super::error::ReadError;
use super::vector_file::VectorFile;

/// Rows × columns of ids, row after row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdTable {
    rows: usize,
    columns: usize,
    ids: Vec<i64>,
}

impl IdTable {
    /// Number of rows: queries, usually.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns: neighbors per query, usually.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Row `index` as a slice.
    pub fn row(&self, index: usize) -> &[i64] {
        &self.ids[index * self.columns..(index + 1) * self.columns]
    }

    /// All ids, row after row.
    pub fn ids(&self) -> &[i64] {
        &self.ids
    }
}

/// Reads a table of integers.
pub fn read_ids(path: impl AsRef<Path>) -> Result<IdTable, ReadError> {
    let file = VectorFile::open(path)?;
    let (rows, columns) = (file.rows(), file.columns());
    let ids = file.read_integers()?;
    let wrapped = if file.element() == Element::U64 { ids.iter().position(|&id| id < 0) } else { None };
    match wrapped {
        Some(place) => {
            Err(ReadError::IdTooLarge { row: place / columns, column: place % columns, id: ids[place] as u64 })
        }
        None => Ok(IdTable { rows, columns, ids }),
    }
}
