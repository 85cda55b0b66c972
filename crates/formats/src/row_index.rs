//! Rows by their primary keys: a hash table over [`RowIds`], and tables of answers turned into row
//! numbers by it.
//!
//! Integers are compared by value whatever their width; text and integers by how they print.

use super::answer_table::{AnswerTable, EMPTY_SLOT};
use super::id_column::{RowId, RowIds};
use super::id_table::{IdTable, SlotIds};
use std::collections::HashMap;

/// The row behind each id.
#[derive(Debug)]
pub enum RowIndex<'i> {
    /// Of signed integers.
    Integers {
        /// By id.
        rows: HashMap<i64, u32>,
        /// Whether an id is negative: then a negative id in an answer may be meant.
        holds_negative: bool,
    },
    /// Of unsigned integers.
    Unsigned(HashMap<u64, u32>),
    /// Of text.
    Texts(HashMap<&'i str, u32>),
}

/// A table of answers by row number.
#[derive(Clone, Debug)]
pub struct NumberedAnswers {
    /// Rows 0 to n − 1; n and beyond for ids that no row has, each different one another number;
    /// negative for empty slots.
    pub table: AnswerTable,
    /// The ids that no row has, as they are numbered.
    pub unknown: Vec<RowId>,
}

impl<'i> RowIndex<'i> {
    /// Of the rows that `ids` name; of an id that several have, the last row.
    pub fn new(ids: &'i RowIds) -> Self {
        match ids {
            RowIds::Integers(ids) => Self::Integers {
                rows: ids.iter().copied().zip(0..).collect(),
                holds_negative: ids.iter().any(|&id| id < 0),
            },
            RowIds::Unsigned(ids) => Self::Unsigned(ids.iter().copied().zip(0..).collect()),
            RowIds::Texts(ids) => Self::Texts(ids.iter().map(String::as_str).zip(0..).collect()),
        }
    }

    /// The row that an integer names.
    pub fn row_of_integer(&self, id: i64) -> Option<u32> {
        match self {
            Self::Integers { rows, .. } => rows.get(&id).copied(),
            Self::Unsigned(rows) => rows.get(&u64::try_from(id).ok()?).copied(),
            Self::Texts(rows) => rows.get(id.to_string().as_str()).copied(),
        }
    }

    /// The row that an unsigned integer names.
    pub fn row_of_unsigned(&self, id: u64) -> Option<u32> {
        match self {
            Self::Integers { rows, .. } => rows.get(&i64::try_from(id).ok()?).copied(),
            Self::Unsigned(rows) => rows.get(&id).copied(),
            Self::Texts(rows) => rows.get(id.to_string().as_str()).copied(),
        }
    }

    /// The row that a text names.
    pub fn row_of_text(&self, id: &str) -> Option<u32> {
        match self {
            Self::Integers { .. } => self.row_of_integer(id.parse().ok()?),
            Self::Unsigned(_) => self.row_of_unsigned(id.parse().ok()?),
            Self::Texts(rows) => rows.get(id).copied(),
        }
    }

    /// Whether a negative integer that no row has is an id, and no engine's sentinel.
    fn may_be_id(&self, id: i64) -> bool {
        match self {
            Self::Integers { holds_negative, .. } => *holds_negative && id != EMPTY_SLOT,
            Self::Unsigned(_) | Self::Texts(_) => false,
        }
    }

    /// `table` by row number, of `rows` rows.
    pub fn numbered(&self, table: &IdTable, rows: usize) -> NumberedAnswers {
        let mut unknown = Unknown::new(rows);
        let numbers: Vec<i64> = match table.ids() {
            SlotIds::Integers(ids) => {
                let number = |&id: &i64| match self.row_of_integer(id) {
                    Some(row) => row.into(),
                    None if id < 0 && !self.may_be_id(id) => id,
                    None => unknown.number(RowId::Integer(id)),
                };
                ids.iter().map(number).collect()
            }
            SlotIds::Unsigned(ids) => {
                let number = |&id: &u64| match self.row_of_unsigned(id) {
                    Some(row) => row.into(),
                    None if id == u64::MAX => EMPTY_SLOT,
                    None => unknown.number(RowId::Unsigned(id)),
                };
                ids.iter().map(number).collect()
            }
            SlotIds::Texts(ids) => {
                let number = |id: &Option<String>| {
                    let Some(id) = id else { return EMPTY_SLOT };
                    match self.row_of_text(id) {
                        Some(row) => row.into(),
                        None => unknown.number(RowId::Text(id.clone())),
                    }
                };
                ids.iter().map(number).collect()
            }
        };
        NumberedAnswers {
            table: table.renamed(numbers),
            unknown: unknown.ids,
        }
    }
}

/// Ids that no row has, in the order in which they are met.
struct Unknown {
    rows: usize,
    places: HashMap<RowId, usize>,
    ids: Vec<RowId>,
}

impl Unknown {
    fn new(rows: usize) -> Self {
        Self {
            rows,
            places: HashMap::new(),
            ids: Vec::new(),
        }
    }

    fn number(&mut self, id: RowId) -> i64 {
        let next = self.ids.len();
        let place = *self.places.entry(id.clone()).or_insert(next);
        if place == next {
            self.ids.push(id);
        }
        (self.rows + place) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(ids: &RowIds, slots: SlotIds) -> (Vec<i64>, Vec<RowId>) {
        let table = IdTable::from_ids(slots.len(), slots);
        let found = RowIndex::new(ids).numbered(&table, ids.len());
        (found.table.into_ids(), found.unknown)
    }

    #[test]
    fn ids_become_row_numbers_and_unknown_ones_are_numbered_beyond_them() {
        let ids = RowIds::Integers(vec![70, 50, 60]);
        let slots = SlotIds::Integers(vec![60, 9, 70, -1, 9, 8, -7]);
        let (rows, unknown) = numbers(&ids, slots);
        assert_eq!(rows, [2, 3, 0, -1, 3, 4, -7]);
        assert_eq!(unknown, [RowId::Integer(9), RowId::Integer(8)]);
    }

    #[test]
    fn negative_ids_are_ids_where_some_row_has_one() {
        let ids = RowIds::Integers(vec![-5, 3]);
        let (rows, unknown) = numbers(&ids, SlotIds::Integers(vec![-5, -6, -1, 3]));
        assert_eq!(rows, [0, 2, -1, 1]);
        assert_eq!(unknown, [RowId::Integer(-6)]);
    }

    #[test]
    fn widths_and_text_are_compared_by_what_they_print() {
        let wide = RowIds::Unsigned(vec![u64::MAX - 1, 7]);
        let slots = SlotIds::Unsigned(vec![7, u64::MAX - 1, u64::MAX, 3]);
        assert_eq!(numbers(&wide, slots).0, [1, 0, -1, 2]);
        assert_eq!(numbers(&wide, SlotIds::Integers(vec![7, -2])).0, [1, -2]);
        let texts = RowIds::Texts(vec!["7".into(), "b".into()]);
        assert_eq!(numbers(&texts, SlotIds::Integers(vec![7, 1])).0, [0, 2]);
        let slots = SlotIds::Texts(vec![Some("b".into()), None, Some("c".into())]);
        let (rows, unknown) = numbers(&texts, slots);
        assert_eq!(rows, [1, -1, 2]);
        assert_eq!(unknown, [RowId::Text("c".into())]);
        let integers = RowIds::Integers(vec![7]);
        assert_eq!(
            numbers(&integers, SlotIds::Texts(vec![Some("7".into())])).0,
            [0]
        );
    }
}
