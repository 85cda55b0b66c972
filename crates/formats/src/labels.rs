//! A text per row: lines of a `.txt`, or a column of a `.csv` (RFC 4180) whose first line names its
//! columns.
//!
//! Enters: `labels.txt`, `rows.csv::NAME`, or `rows.csv` of one column. Leaves: strings in the order
//! of the rows. The file is read as a whole; its size is checked before.

use super::error::ReadError;
use super::memory::list_of_texts;
use super::regular_file::read_regular_text;
use std::path::Path;

/// Bytes of a file of labels.
const MOST_BYTES: u64 = 1 << 30;

/// Reads the texts of all rows.
///
/// # Errors
/// If the file cannot be read, is larger than a gibibyte, is no UTF-8, or has no such column.
pub fn read_labels(path: impl AsRef<Path>) -> Result<Vec<String>, ReadError> {
    let (file, wanted) = split(path.as_ref());
    let text = read_regular_text(file, MOST_BYTES)?;
    let ending = file.extension().unwrap_or_default();
    if ending.eq_ignore_ascii_case("csv") {
        return column(&text, wanted);
    }
    let mut labels = list_of_texts(text.lines().count(), text.len() as u64)?;
    labels.extend(text.lines().map(str::to_owned));
    Ok(labels)
}

/// The file, and the column where one of a `.csv` is named.
fn split(path: &Path) -> (&Path, Option<&str>) {
    let text = path.to_str().filter(|_| !path.exists());
    match text.and_then(|text| text.split_once(".csv::")) {
        Some((stem, column)) => {
            let file = text.map_or("", |text| &text[..stem.len() + 4]);
            (Path::new(file), Some(column))
        }
        None => (path, None),
    }
}

fn column(text: &str, wanted: Option<&str>) -> Result<Vec<String>, ReadError> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let failed = |error: csv::Error| malformed(error.to_string());
    let head = reader.headers().map_err(failed)?.clone();
    let names: Vec<&str> = head.iter().collect();
    let place = match wanted {
        Some(wanted) => names.iter().position(|name| *name == wanted),
        None => (names.len() == 1).then_some(0),
    };
    let place = place.ok_or_else(|| {
        let names = names.join(", ");
        malformed(format!(
            "which column of {names}? Name it as FILE.csv::COLUMN"
        ))
    })?;
    // A record has a line of its own at least.
    let mut labels = list_of_texts(text.lines().count(), text.len() as u64)?;
    for record in reader.records() {
        let record = record.map_err(failed)?;
        labels.push(record.get(place).unwrap_or_default().to_owned());
    }
    Ok(labels)
}

fn malformed(problem: String) -> ReadError {
    ReadError::Header { problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str, member: &str) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        let mut full = path.into_os_string();
        full.push(member);
        read_labels(full).map_err(|error| error.to_string())
    }

    #[test]
    fn lines_and_columns_are_read() {
        let lines = read("a.txt", "one\n<script>\n\nthree", "").expect("lines");
        assert_eq!(lines, ["one", "<script>", "", "three"]);
        let csv = "id,name\n1,\"a, \"\"b\"\"\"\n2,c\n";
        let names = read("a.csv", csv, "::name").expect("a column");
        assert_eq!(names, ["a, \"b\"", "c"]);
        assert_eq!(read("b.csv", "name\nx\n", "").expect("one column"), ["x"]);
    }

    #[test]
    fn a_column_that_is_not_named_or_not_there_is_asked_for() {
        for member in ["", "::title"] {
            let error = read("a.csv", "id,name\n1,b\n", member).expect_err("which?");
            assert!(error.contains("id, name"), "{error}");
        }
        assert!(read("a.txt", "x\n", "::name").is_err());
    }
}
