//! A table of neighbor ids in memory: rows × columns, and how many of the rows were shorter in the
//! file.

use super::error::ReadError;

/// What fills rows that are shorter than the longest, by the custom of engines.
pub const EMPTY_SLOT: i64 = -1;

/// Rows × columns of ids, row after row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerTable {
    rows: usize,
    columns: usize,
    ids: Vec<i64>,
    short_rows: usize,
}

impl AnswerTable {
    /// Whole rows of `columns` ids; what is left of `ids` beyond them is dropped.
    pub fn from_ids(columns: usize, mut ids: Vec<i64>) -> Self {
        let rows = ids.len().checked_div(columns).unwrap_or(0);
        ids.truncate(rows * columns);
        Self::new(rows, columns, ids, 0)
    }

    /// `ids` are rows × columns; `short_rows` of the rows were filled up.
    pub(super) fn new(rows: usize, columns: usize, ids: Vec<i64>, short_rows: usize) -> Self {
        debug_assert_eq!(rows * columns, ids.len());
        Self {
            rows,
            columns,
            ids,
            short_rows,
        }
    }

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

    /// All ids, row after row.
    pub fn into_ids(self) -> Vec<i64> {
        self.ids
    }

    /// How many rows were shorter than the longest in the file, and end in [`EMPTY_SLOT`] here
    /// because of that alone.
    pub fn short_rows(&self) -> usize {
        self.short_rows
    }
}

/// Refuses unsigned ids that wrapped around, all bits set excepted.
pub(super) fn check_unsigned(ids: &[i64], columns: usize) -> Result<(), ReadError> {
    match ids.iter().position(|&id| id < EMPTY_SLOT) {
        Some(place) => Err(ReadError::IdTooLarge {
            row: place / columns,
            column: place % columns,
            id: ids[place] as u64,
        }),
        None => Ok(()),
    }
}
