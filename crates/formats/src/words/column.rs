//! One value per row: integers of any width or text, out of a column of a file.
//!
//! Enters: `rows.csv::NAME`, `rows.jsonl::FIELD`, a `.txt` of lines, `ids.npy` on one axis,
//! `rows.parquet::NAME`. Where no column is named it is the only one, or the one that is called `id`
//! or the like. Leaves: [`RowIds`], in the order of the rows.

use std::path::{Path, PathBuf};

use super::numpy::{Numpy, values_of_numpy};
use super::{MOST_BYTES, TextFormat, place_of, record, split};
use crate::error::ReadError;
use crate::format::Format;
use crate::id_column::{CUSTOMARY_NAMES, RowIds};
use crate::memory::list_of_texts;
use crate::regular_file::read_regular_text;

/// Reads one value per row, which may repeat: a class, a language, a title.
///
/// # Errors
/// If the file cannot be read, is too large, is no UTF-8, has no such column, or a row lacks its
/// value.
pub fn read_row_values(path: impl AsRef<Path>) -> Result<RowIds, ReadError> {
    let (file, wanted) = split(path.as_ref(), has_columns);
    match (TextFormat::of(&file), Format::of(&file)) {
        (Some(TextFormat::Csv), _) => of_csv(&read_regular_text(&file, MOST_BYTES)?, wanted),
        (Some(TextFormat::JsonLines), _) => {
            of_json_lines(&read_regular_text(&file, MOST_BYTES)?, wanted)
        }
        (None, Ok(Format::Npy)) => match values_of_numpy(&file)? {
            Numpy::Values(values) => Ok(values),
            Numpy::Table { columns } => Err(malformed(format!(
                "an array of {columns} columns: one value a row is needed"
            ))),
        },
        (None, Ok(Format::Parquet)) => of_parquet(&file, wanted),
        (None, Ok(other)) => Err(malformed(format!(
            "ids of rows are not read out of .{} files: .npy, .parquet, .csv, .jsonl or .txt",
            other.ending()
        ))),
        (None, Err(_)) => {
            let text = read_regular_text(&file, MOST_BYTES)?;
            let mut words = list_of_texts(text.lines().count(), text.len() as u64)?;
            words.extend(text.lines().map(str::to_owned));
            Ok(RowIds::of_words(words))
        }
    }
}

/// Reads the primary keys of rows: as [`read_row_values`], no two the same.
///
/// # Errors
/// As there, and if two rows share an id, or one stands for an empty slot (−1, 2⁶⁴ − 1, no text).
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("rows.csv");
/// use annatomy_formats::{RowIds, read_row_ids};
///
/// std::fs::write(&path, "id,title\n7,first\n18446744073709551614,second\n")?;
/// assert_eq!(read_row_ids(&path)?, RowIds::Unsigned(vec![7, u64::MAX - 1]));
/// let titles = path.display().to_string() + "::title";
/// assert_eq!(read_row_ids(titles)?.into_texts(), ["first", "second"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_row_ids(path: impl AsRef<Path>) -> Result<RowIds, ReadError> {
    let ids = read_row_values(path)?;
    ids.check()?;
    Ok(ids)
}

/// The file of a path that may name a column of it, `FILE::COLUMN`.
pub fn file_of_values(path: impl AsRef<Path>) -> PathBuf {
    split(path.as_ref(), has_columns).0
}

/// Reads a text per row: what [`read_row_values`] reads, as it stands.
///
/// # Errors
/// As there.
pub fn read_labels(path: impl AsRef<Path>) -> Result<Vec<String>, ReadError> {
    read_row_values(path).map(RowIds::into_texts)
}

fn has_columns(path: &Path) -> bool {
    TextFormat::of(path).is_some() || Format::of(path).is_ok_and(|format| format == Format::Parquet)
}

fn of_csv(text: &str, wanted: Option<&str>) -> Result<RowIds, ReadError> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let failed = |error: csv::Error| malformed(error.to_string());
    let head = reader.headers().map_err(failed)?.clone();
    let names: Vec<&str> = head.iter().collect();
    let place = place_of(&names, wanted, &CUSTOMARY_NAMES);
    let place = place.ok_or_else(|| {
        let names = names.join(", ");
        malformed(format!(
            "which column of {names}? Name it as FILE.csv::COLUMN"
        ))
    })?;
    // A record has a line of its own at least.
    let mut words = list_of_texts(text.lines().count(), text.len() as u64)?;
    for record in reader.records() {
        let record = record.map_err(failed)?;
        words.push(record.get(place).unwrap_or_default().to_owned());
    }
    Ok(RowIds::of_words(words))
}

fn of_json_lines(text: &str, wanted: Option<&str>) -> Result<RowIds, ReadError> {
    let mut words = list_of_texts(text.lines().count(), text.len() as u64)?;
    for line in record::lines(text) {
        let (line, value) = line?;
        let value = record::field(&value, wanted, &CUSTOMARY_NAMES, line)?;
        let word = record::word(value, line)?;
        words.push(word.ok_or_else(|| record::wrong(line, "the value is missing"))?);
    }
    Ok(RowIds::of_words(words))
}

#[cfg(feature = "parquet")]
fn of_parquet(file: &Path, wanted: Option<&str>) -> Result<RowIds, ReadError> {
    crate::columns::read_values(&crate::bytes::Bytes::open(file)?, wanted)
}

#[cfg(not(feature = "parquet"))]
fn of_parquet(_file: &Path, _wanted: Option<&str>) -> Result<RowIds, ReadError> {
    let built = Format::Parquet.check_built();
    built.map(|()| RowIds::Integers(Vec::new()))
}

fn malformed(problem: String) -> ReadError {
    ReadError::Header { problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(name: &str, text: &str, member: &str) -> Result<Vec<String>, String> {
        read(name, text, member, |path| read_labels(path))
    }

    fn ids(name: &str, text: &str, member: &str) -> Result<RowIds, String> {
        read(name, text, member, |path| read_row_ids(path))
    }

    fn read<T>(
        name: &str,
        text: &str,
        member: &str,
        read: impl Fn(&Path) -> Result<T, ReadError>,
    ) -> Result<T, String> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        let mut full = path.into_os_string();
        full.push(member);
        read(Path::new(&full)).map_err(|error| error.to_string())
    }

    #[test]
    fn lines_and_columns_are_read() {
        let lines = labels("a.txt", "one\n<script>\n\nthree", "").expect("lines");
        assert_eq!(lines, ["one", "<script>", "", "three"]);
        let csv = "id,name\n1,\"a, \"\"b\"\"\"\n2,c\n";
        let names = labels("a.csv", csv, "::name").expect("a column");
        assert_eq!(names, ["a, \"b\"", "c"]);
        assert_eq!(labels("b.csv", "name\nx\n", "").expect("one column"), ["x"]);
        assert_eq!(
            ids("a.csv", csv, ""),
            Ok(RowIds::Integers(vec![1, 2])),
            "by its name"
        );
    }

    #[test]
    fn a_column_that_is_not_named_or_not_there_is_asked_for() {
        for member in ["", "::title"] {
            let error = labels("a.csv", "number,name\n1,b\n", member).expect_err("which?");
            assert!(error.contains("number, name"), "{error}");
            let error = labels("a.jsonl", "{\"number\":1,\"name\":\"b\"}\n", member);
            let error = error.expect_err("which?");
            assert!(
                error.contains("line 1") && error.contains("FIELD"),
                "{error}"
            );
        }
        assert!(labels("a.txt", "x\n", "::name").is_err());
    }

    #[test]
    fn json_lines_hold_values_or_objects() {
        let values = ids("a.jsonl", "7\n\n18446744073709551614\n", "");
        assert_eq!(values, Ok(RowIds::Unsigned(vec![7, u64::MAX - 1])));
        let objects = "{\"id\":\"a-1\",\"n\":-5}\n{\"id\":\"b\",\"n\":9}\n";
        let texts = RowIds::Texts(vec!["a-1".into(), "b".into()]);
        assert_eq!(ids("a.jsonl", objects, ""), Ok(texts));
        let numbers = RowIds::Integers(vec![-5, 9]);
        assert_eq!(ids("a.jsonl", objects, "::n"), Ok(numbers));
        for (text, words) in [
            ("1\nnull\n", "line 2: the value is missing"),
            ("1.5\n", "line 1: 1.5 is no integer and no text"),
            ("{\"id\":[1]}\n", "is no integer"),
            ("1\n{\n", "line 2"),
            ("5\n5\n", "row 1 has id 5, which row 0 has already"),
        ] {
            let error = ids("a.jsonl", text, "").expect_err("refused");
            assert!(error.contains(words), "{error}");
        }
    }
}
