//! Tables of ids in text files: a line per query, an id per slot.
//!
//! `.csv`: the first line names the slots, unless it holds integers alone; an empty field is an empty
//! slot. `.jsonl`: a list per line, or an object with such a list as `neighbors`, `ids` or the field
//! named; null is an empty slot. Rows of different lengths are filled up.

use std::path::Path;

use super::{MOST_BYTES, TextFormat, record, split};
use crate::error::ReadError;
use crate::id_column::RowIds;
use crate::id_table::{IdTable, SlotIds};
use crate::ragged::Lengths;
use crate::regular_file::read_regular_text;

/// Words of rows that may differ in length.
#[derive(Default)]
struct UnevenRows {
    lengths: Lengths,
    row_lengths: Vec<usize>,
    words: Vec<Option<String>>,
}

/// The table in a text file; `None` where the name says that it is none.
pub(crate) fn read(path: &Path) -> Result<Option<IdTable>, ReadError> {
    let (file, wanted) = split(path, |path| TextFormat::of(path).is_some());
    let Some(format) = TextFormat::of(&file) else {
        return Ok(None);
    };
    let text = read_regular_text(&file, MOST_BYTES)?;
    let words = match (format, wanted) {
        (TextFormat::JsonLines, wanted) => of_json_lines(&text, wanted)?,
        (TextFormat::Csv, None) => of_csv(&text)?,
        (TextFormat::Csv, Some(name)) => {
            return Err(ReadError::NoMembers {
                ending: "csv",
                name: name.to_owned(),
            });
        }
    };
    words.table().map(Some)
}

fn of_json_lines(text: &str, wanted: Option<&str>) -> Result<UnevenRows, ReadError> {
    let mut words = UnevenRows::default();
    for line in record::lines(text) {
        let (line, value) = line?;
        let slots = record::answer(&value, wanted, line)?;
        words.begin(slots.len());
        for slot in slots {
            words.words.push(record::word(slot, line)?);
        }
    }
    Ok(words)
}

fn of_csv(text: &str) -> Result<UnevenRows, ReadError> {
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.has_headers(false).flexible(true);
    let mut words = UnevenRows::default();
    for (place, record) in reader.from_reader(text.as_bytes()).records().enumerate() {
        let record = record.map_err(|error| ReadError::Header {
            problem: error.to_string(),
        })?;
        let is_number = |field: &str| field.parse::<i128>().is_ok();
        if place == 0 && !record.iter().all(is_number) {
            continue;
        }
        words.begin(record.len());
        let fields = record
            .iter()
            .map(|field| Some(field).filter(|field| !field.is_empty()));
        words
            .words
            .extend(fields.map(|field| field.map(str::to_owned)));
    }
    Ok(words)
}

impl UnevenRows {
    fn begin(&mut self, slots: usize) {
        self.lengths.add(slots);
        self.row_lengths.push(slots);
    }

    /// Filled up; integers where every word is one.
    fn table(self) -> Result<IdTable, ReadError> {
        let mut table: Vec<Option<String>> = self.lengths.table(None)?;
        let columns = self.lengths.columns();
        let mut words = self.words.into_iter();
        for (row, &length) in self.row_lengths.iter().enumerate() {
            let slots = &mut table[row * columns..][..length];
            slots
                .iter_mut()
                .zip(&mut words)
                .for_each(|(slot, word)| *slot = word);
        }
        let present: Vec<String> = table.iter().flatten().cloned().collect();
        let ids = match RowIds::of_words(present) {
            RowIds::Integers(ids) => SlotIds::Integers(spread(&table, ids, -1)),
            RowIds::Unsigned(ids) => SlotIds::Unsigned(spread(&table, ids, u64::MAX)),
            RowIds::Texts(_) => SlotIds::Texts(table),
        };
        let (rows, short) = (self.row_lengths.len(), self.lengths.short_rows());
        Ok(IdTable::new(rows, columns, ids, short))
    }
}

/// The ids in the slots that have one, `empty` in the others.
fn spread<T: Copy>(table: &[Option<String>], ids: Vec<T>, empty: T) -> Vec<T> {
    let mut ids = ids.into_iter();
    let mut slot = |word: &Option<String>| match word {
        Some(_) => ids.next().unwrap_or(empty),
        None => empty,
    };
    table.iter().map(&mut slot).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, text: &str) -> Result<IdTable, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        let found = read(&path).map_err(|error| error.to_string())?;
        Ok(found.expect("a text file"))
    }

    fn texts(words: &[&str]) -> SlotIds {
        let slot = |&word: &&str| Some(word.to_owned()).filter(|word| !word.is_empty());
        SlotIds::Texts(words.iter().map(slot).collect())
    }

    #[test]
    fn lists_of_text_keep_their_empty_slots() {
        let json = "[\"a\",null]\n{\"neighbors\":[\"c\",\"d\"],\"query\":1}\n";
        let found = table("a.jsonl", json).expect("a table");
        assert_eq!((found.rows(), found.columns()), (2, 2));
        assert_eq!(found.ids(), &texts(&["a", "", "c", "d"]));
        let found = table("a.csv", "first,second\na,\n\"c,\",d\n").expect("a table");
        assert_eq!(found.ids(), &texts(&["a", "", "c,", "d"]));
    }

    #[test]
    fn integers_need_no_line_of_names_and_short_rows_are_filled_up() {
        let found = table("a.csv", "1,2,3\n4\n").expect("a table");
        assert_eq!(found.ids(), &SlotIds::Integers(vec![1, 2, 3, 4, -1, -1]));
        assert_eq!((found.rows(), found.short_rows()), (2, 1));
        let found = table("a.jsonl", "[18446744073709551614,null]\n").expect("a table");
        let ids = SlotIds::Unsigned(vec![u64::MAX - 1, u64::MAX]);
        assert_eq!(found.ids(), &ids);
    }

    #[test]
    fn lines_that_are_no_answers_are_named() {
        for (text, words) in [
            ("[1]\n7\n", "line 2: no list of ids"),
            ("[1.5]\n", "line 1: 1.5 is no integer"),
            ("{\"a\":[1],\"b\":2}\n", "which field of a, b"),
        ] {
            let error = table("a.jsonl", text).expect_err("refused");
            assert!(error.contains(words), "{error}");
        }
    }
}
