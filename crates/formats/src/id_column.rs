//! Primary keys of rows: integers of any width or text, one per row, all different; plain data.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

/// What every engine puts into slots without a neighbor.
const EMPTY: i64 = -1;

/// Names that engines and benchmarks give a primary key, in lower case.
pub(super) const CUSTOMARY_NAMES: [&str; 9] = [
    "id",
    "_id",
    "ids",
    "pk",
    "primary_key",
    "key",
    "point_id",
    "doc_id",
    "uuid",
];

/// Ids that a file holds for its rows in a column of its own, next to the vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdColumn {
    /// The column's name.
    pub name: String,
    /// One id for each row, in the order of the rows.
    pub ids: RowIds,
}

/// One id per row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowIds {
    /// Integers, of whatever width the file has.
    Integers(Vec<i64>),
    /// Unsigned integers, some of them beyond 63 bits.
    Unsigned(Vec<u64>),
    /// Text.
    Texts(Vec<String>),
}

/// The id of one row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(untagged)]
pub enum RowId {
    /// An integer.
    Integer(i64),
    /// An unsigned integer.
    Unsigned(u64),
    /// Text.
    Text(String),
}

/// Why ids do not name rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowIdError {
    /// Two rows have one id.
    #[error(
        "row {second} has id {id}, which row {first} has already; {repeated} of {rows} ids are of an earlier row"
    )]
    Repeated {
        /// The id.
        id: RowId,
        /// The row that has it first.
        first: usize,
        /// The row that has it again.
        second: usize,
        /// Rows whose id an earlier row has.
        repeated: usize,
        /// Rows.
        rows: usize,
    },
    /// An id that stands for an empty slot.
    #[error("row {row} has id {id:?}, which stands for an empty slot in answers")]
    Reserved {
        /// The row.
        row: usize,
        /// Its id, as text.
        id: String,
    },
}

impl Default for RowIds {
    fn default() -> Self {
        Self::Integers(Vec::new())
    }
}

impl RowIds {
    /// Unsigned integers, signed where all fit 63 bits.
    pub fn of_unsigned(values: Vec<u64>) -> Self {
        let signed: Result<Vec<i64>, _> = values.iter().map(|&id| i64::try_from(id)).collect();
        signed.map_or(Self::Unsigned(values), Self::Integers)
    }

    /// Words: integers where every word is one as it is printed (no sign +, no zero in front).
    pub fn of_words(words: Vec<String>) -> Self {
        if words.is_empty() {
            return Self::Integers(Vec::new());
        }
        if let Some(ids) = words.iter().map(|word| integer(word)).collect() {
            return Self::Integers(ids);
        }
        match words.iter().map(|word| unsigned(word)).collect() {
            Some(ids) => Self::Unsigned(ids),
            None => Self::Texts(words),
        }
    }

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

    /// The id of row `row`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn get(&self, row: usize) -> RowId {
        match self {
            Self::Integers(ids) => RowId::Integer(ids[row]),
            Self::Unsigned(ids) => RowId::Unsigned(ids[row]),
            Self::Texts(ids) => RowId::Text(ids[row].clone()),
        }
    }

    /// Those of the given rows, in their order.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Integers(ids) => Self::Integers(rows.iter().map(|&row| ids[row]).collect()),
            Self::Unsigned(ids) => Self::Unsigned(rows.iter().map(|&row| ids[row]).collect()),
            Self::Texts(ids) => Self::Texts(rows.iter().map(|&row| ids[row].clone()).collect()),
        }
    }

    /// As text, one per row.
    pub fn into_texts(self) -> Vec<String> {
        match self {
            Self::Integers(ids) => ids.iter().map(i64::to_string).collect(),
            Self::Unsigned(ids) => ids.iter().map(u64::to_string).collect(),
            Self::Texts(ids) => ids,
        }
    }

    /// Refuses ids that two rows share, and those that stand for an empty slot: −1, 2⁶⁴ − 1, the
    /// empty text.
    ///
    /// # Errors
    /// With the first such rows.
    pub fn check(&self) -> Result<(), RowIdError> {
        match self {
            Self::Integers(ids) => {
                reserved(ids.iter().position(|&id| id == EMPTY), "-1")?;
                unique(ids, |&id| RowId::Integer(id))
            }
            Self::Unsigned(ids) => {
                let place = ids.iter().position(|&id| id == u64::MAX);
                reserved(place, &u64::MAX.to_string())?;
                unique(ids, |&id| RowId::Unsigned(id))
            }
            Self::Texts(ids) => {
                reserved(ids.iter().position(String::is_empty), "")?;
                unique(ids, |id| RowId::Text(id.clone()))
            }
        }
    }
}

fn reserved(row: Option<usize>, id: &str) -> Result<(), RowIdError> {
    let id = id.to_owned();
    row.map_or(Ok(()), |row| Err(RowIdError::Reserved { row, id }))
}

fn unique<T: Eq + Hash>(ids: &[T], name: impl Fn(&T) -> RowId) -> Result<(), RowIdError> {
    let mut first_of: HashMap<&T, usize> = HashMap::with_capacity(ids.len());
    let (mut repeated, mut found) = (0, None);
    for (row, id) in ids.iter().enumerate() {
        let first = *first_of.entry(id).or_insert(row);
        if first != row {
            repeated += 1;
            found = found.or(Some((first, row)));
        }
    }
    found.map_or(Ok(()), |(first, second)| {
        Err(RowIdError::Repeated {
            id: name(&ids[second]),
            first,
            second,
            repeated,
            rows: ids.len(),
        })
    })
}

/// The integer that prints as `word`.
fn integer(word: &str) -> Option<i64> {
    let id: i64 = word.parse().ok()?;
    (id.to_string() == word).then_some(id)
}

/// The unsigned integer that prints as `word`.
fn unsigned(word: &str) -> Option<u64> {
    let id: u64 = word.parse().ok()?;
    (id.to_string() == word).then_some(id)
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(id) => id.fmt(f),
            Self::Unsigned(id) => id.fmt(f),
            Self::Text(id) => id.fmt(f),
        }
    }
}

impl From<i64> for RowId {
    fn from(id: i64) -> Self {
        Self::Integer(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> RowIds {
        RowIds::of_words(words.iter().map(|&word| word.to_owned()).collect())
    }

    #[test]
    fn words_are_integers_where_all_print_as_they_stand() {
        assert_eq!(words(&["7", "-3"]), RowIds::Integers(vec![7, -3]));
        let large = words(&["7", "18446744073709551614"]);
        assert_eq!(large, RowIds::Unsigned(vec![7, u64::MAX - 1]));
        for text in [
            ["7", "007"],
            ["7", "+1"],
            ["7", ""],
            ["-1", "18446744073709551614"],
        ] {
            assert!(matches!(words(&text), RowIds::Texts(_)), "{text:?}");
        }
        assert_eq!(
            RowIds::of_unsigned(vec![1, 2]),
            RowIds::Integers(vec![1, 2])
        );
    }

    #[test]
    fn ids_that_two_rows_share_are_named_with_both_rows() {
        let error = RowIds::Integers(vec![4, 9, 4, 9, 9]).check();
        let error = error.expect_err("repeated").to_string();
        let words = "row 2 has id 4, which row 0 has already; 3 of 5 ids are of an earlier row";
        assert_eq!(error, words);
        let twice = RowIds::Texts(vec!["a".into(), "a".into()]).check();
        assert!(
            twice
                .expect_err("repeated")
                .to_string()
                .contains("row 1 has id a")
        );
        assert!(
            RowIds::Integers(vec![i64::MIN, i64::MAX, -2])
                .check()
                .is_ok()
        );
    }

    #[test]
    fn what_stands_for_an_empty_slot_names_no_row() {
        for ids in [
            RowIds::Integers(vec![3, -1]),
            RowIds::Unsigned(vec![3, u64::MAX]),
            RowIds::Texts(vec!["a".into(), String::new()]),
        ] {
            let error = ids.check().expect_err("reserved").to_string();
            assert!(error.starts_with("row 1 has id"), "{error}");
        }
    }
}
