//! A table of ids as engines name rows: queries × slots of integers or text, with empty slots.

use super::answer_table::{AnswerTable, EMPTY_SLOT, check_unsigned};
use super::error::ReadError;
use super::id_column::RowId;

/// Ids in slots, row after row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotIds {
    /// Integers; −1 in an empty slot.
    Integers(Vec<i64>),
    /// Unsigned integers, some of them beyond 63 bits; 2⁶⁴ − 1 in an empty slot.
    Unsigned(Vec<u64>),
    /// Text; none in an empty slot.
    Texts(Vec<Option<String>>),
}

/// Rows × columns of ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdTable {
    rows: usize,
    columns: usize,
    ids: SlotIds,
    short_rows: usize,
}

impl SlotIds {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Integers(ids) => ids.len(),
            Self::Unsigned(ids) => ids.len(),
            Self::Texts(ids) => ids.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id in slot `slot`; text that is empty where there is none.
    ///
    /// # Panics
    /// If there is no such slot.
    pub fn get(&self, slot: usize) -> RowId {
        match self {
            Self::Integers(ids) => RowId::Integer(ids[slot]),
            Self::Unsigned(ids) => RowId::Unsigned(ids[slot]),
            Self::Texts(ids) => RowId::Text(ids[slot].clone().unwrap_or_default()),
        }
    }

    fn truncate(&mut self, length: usize) {
        match self {
            Self::Integers(ids) => ids.truncate(length),
            Self::Unsigned(ids) => ids.truncate(length),
            Self::Texts(ids) => ids.truncate(length),
        }
    }
}

impl IdTable {
    /// Whole rows of `columns` ids; what is left of `ids` beyond them is dropped.
    pub fn from_ids(columns: usize, mut ids: SlotIds) -> Self {
        let rows = ids.len().checked_div(columns).unwrap_or(0);
        ids.truncate(rows * columns);
        Self::new(rows, columns, ids, 0)
    }

    /// `ids` are rows × columns; `short_rows` of the rows were filled up.
    pub(super) fn new(rows: usize, columns: usize, ids: SlotIds, short_rows: usize) -> Self {
        debug_assert_eq!(rows * columns, ids.len());
        Self {
            rows,
            columns,
            ids,
            short_rows,
        }
    }

    /// Unsigned 64-bit ids that were read as if they had a sign.
    pub(super) fn of_unsigned(table: AnswerTable) -> Self {
        if table.ids().iter().all(|&id| id >= EMPTY_SLOT) {
            return table.into();
        }
        let ids = table.ids().iter().map(|id| id.cast_unsigned()).collect();
        let (rows, columns) = (table.rows(), table.columns());
        Self::new(rows, columns, SlotIds::Unsigned(ids), table.short_rows())
    }

    /// Number of rows: queries, usually.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns: neighbors per query, usually.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// All ids, row after row.
    pub fn ids(&self) -> &SlotIds {
        &self.ids
    }

    /// How many rows were shorter than the longest in the file, and end in empty slots because of
    /// that alone.
    pub fn short_rows(&self) -> usize {
        self.short_rows
    }

    /// The same table with other ids.
    ///
    /// # Panics
    /// If they are not rows × columns.
    #[must_use]
    pub fn renamed(&self, ids: Vec<i64>) -> AnswerTable {
        assert_eq!(ids.len(), self.ids.len(), "an id per slot");
        AnswerTable::new(self.rows, self.columns, ids, self.short_rows)
    }

    /// As integers of 63 bits.
    ///
    /// # Errors
    /// If an id is larger, or text.
    pub fn into_answers(self) -> Result<AnswerTable, ReadError> {
        let ids = match self.ids {
            SlotIds::Integers(ids) => ids,
            SlotIds::Unsigned(ids) => {
                let ids: Vec<i64> = ids.iter().map(|id| id.cast_signed()).collect();
                check_unsigned(&ids, self.columns)?;
                ids
            }
            SlotIds::Texts(ids) => {
                let first = ids.into_iter().flatten().next().unwrap_or_default();
                return Err(ReadError::TextIds { first });
            }
        };
        Ok(AnswerTable::new(
            self.rows,
            self.columns,
            ids,
            self.short_rows,
        ))
    }
}

impl From<AnswerTable> for IdTable {
    fn from(table: AnswerTable) -> Self {
        let (rows, columns, short_rows) = (table.rows(), table.columns(), table.short_rows());
        Self::new(
            rows,
            columns,
            SlotIds::Integers(table.into_ids()),
            short_rows,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsigned_ids_keep_all_64_bits_where_one_needs_them() {
        let wrapped = AnswerTable::from_ids(2, vec![-2, 7, -1, 3]);
        let table = IdTable::of_unsigned(wrapped);
        let ids = vec![u64::MAX - 1, 7, u64::MAX, 3];
        assert_eq!(table.ids(), &SlotIds::Unsigned(ids));
        let error = table.into_answers().expect_err("64 bits").to_string();
        assert!(error.contains("18446744073709551614"), "{error}");
        let small = IdTable::of_unsigned(AnswerTable::from_ids(2, vec![1, -1]));
        assert_eq!(small.ids(), &SlotIds::Integers(vec![1, -1]));
    }

    #[test]
    fn text_is_no_row_number() {
        let ids = SlotIds::Texts(vec![None, Some("a".into())]);
        let table = IdTable::from_ids(2, ids);
        assert_eq!(table.ids().get(1), RowId::Text("a".into()));
        let error = table.into_answers().expect_err("text").to_string();
        assert!(error.contains("\"a\""), "{error}");
    }
}
