//! Ids and names of rows in text files: `.csv` (RFC 4180, its first line names the columns),
//! `.jsonl` (JSON Lines), `.txt` (a line per row), and NumPy arrays of text.
//!
//! `column`: one value per row → integers or text. `slots`: rows × slots of ids, as answers are.
//! Files are read as a whole; their size is checked before.

mod column;
mod numpy;
mod record;
mod slots;

pub(super) use numpy::{texts_of_numpy, write_texts};
pub(super) use slots::read as read_slots;

pub use column::{file_of_values, read_labels, read_row_ids, read_row_values};

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Bytes of a text file of ids.
const MOST_BYTES: u64 = 1 << 32;

/// Text files that this reads, by ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextFormat {
    Csv,
    JsonLines,
}

impl TextFormat {
    /// The format that a name's ending says, if it is one of these.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let ending = path.extension().and_then(OsStr::to_str)?;
        match ending.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// Whether the path names a text file, or a column of one.
pub(super) fn is_text(path: &Path) -> bool {
    let (file, _) = split(path, |path| TextFormat::of(path).is_some());
    TextFormat::of(&file).is_some()
}

/// `FILE::COLUMN` taken apart, at the first `::` that follows an ending which `is_known`. A path that
/// exists as it stands is a file, whatever it contains.
fn split(path: &Path, is_known: impl Fn(&Path) -> bool) -> (PathBuf, Option<&str>) {
    let text = path.to_str().filter(|_| !path.exists());
    let found = text.and_then(|text| {
        let mut places = text.match_indices("::");
        let (at, _) = places.find(|&(at, _)| is_known(Path::new(&text[..at])))?;
        Some((&text[..at], &text[at + 2..]))
    });
    match found {
        Some((file, column)) => (file.into(), Some(column)),
        None => (path.to_owned(), None),
    }
}

/// The place of the column that is meant: the named one, the only one, or the first with a customary
/// name.
fn place_of(names: &[&str], wanted: Option<&str>, customary: &[&str]) -> Option<usize> {
    match wanted {
        Some(wanted) => names.iter().position(|name| *name == wanted),
        None if names.len() == 1 => Some(0),
        None => customary.iter().find_map(|custom| {
            names
                .iter()
                .position(|name| name.eq_ignore_ascii_case(custom))
        }),
    }
}
