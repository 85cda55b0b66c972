//! Tables of ids as engines return them: −1 in an empty slot, the query itself anywhere or nowhere.

use super::{FidelityError, Subject};
use std::borrow::Cow;

/// The id of an empty slot.
const EMPTY: i64 = -1;

/// Rows of `columns` ids, nearest first, row after row.
#[derive(Clone, Copy, Debug)]
pub struct IdTable<'a> {
    columns: usize,
    ids: &'a [i64],
}

impl<'a> IdTable<'a> {
    /// The table over `ids`; ids beyond the last whole row are left out.
    pub fn new(columns: usize, ids: &'a [i64]) -> Self {
        Self { columns, ids }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.ids.len().checked_div(self.columns).unwrap_or(0)
    }

    /// Slots per row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The ids of one row.
    pub fn row(&self, row: usize) -> &'a [i64] {
        &self.ids[row * self.columns..(row + 1) * self.columns]
    }

    /// Whether some row holds its own number, as tables do that count the query among its
    /// neighbors.
    pub(super) fn holds_self(&self) -> bool {
        (0..self.rows()).any(|row| self.row(row).contains(&(row as i64)))
    }

    /// The ids, with [`EMPTY`] for every id that is none of `rows` rows.
    pub(super) fn with_empty_slots(&self, rows: usize) -> Cow<'a, [i64]> {
        let is_row = |id: i64| (0..rows as i64).contains(&id);
        if self.ids.iter().all(|&id| is_row(id) || id == EMPTY) {
            return Cow::Borrowed(self.ids);
        }
        let slot = |&id: &i64| if is_row(id) { id } else { EMPTY };
        Cow::Owned(self.ids.iter().map(slot).collect())
    }

    /// Refuses another number of rows than there are queries.
    pub(super) fn check_rows(
        &self,
        table: &'static str,
        subject: &Subject<'_>,
    ) -> Result<(), FidelityError> {
        if self.rows() != subject.count() {
            return Err(FidelityError::Rows {
                table,
                rows: self.rows(),
                queries: subject.count(),
            });
        }
        Ok(())
    }

    /// Refuses ids that are no row, besides what [`check_rows`](Self::check_rows) refuses.
    pub(super) fn check(
        &self,
        table: &'static str,
        subject: &Subject<'_>,
    ) -> Result<(), FidelityError> {
        self.check_rows(table, subject)?;
        let count = subject.rows.rows() as i64;
        let is_id = |id: i64| (0..count).contains(&id);
        match self.ids.iter().position(|&id| !is_id(id)) {
            None => Ok(()),
            Some(place) => Err(FidelityError::Id {
                table,
                row: place / self.columns,
                id: self.ids[place],
                last: count - 1,
            }),
        }
    }
}
