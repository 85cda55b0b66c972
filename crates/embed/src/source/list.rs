//! Lists of paths: what a text file names, one per line, or what a folder held.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::item::read_encoded;
use super::{Item, ItemError, Source, SourceError};

/// Opens a text file; empty lines are left out, relative paths start at the list's own folder.
pub(super) fn open(list: &Path) -> Result<Source, SourceError> {
    let text = fs::read_to_string(list).map_err(|error| SourceError::io(list, error))?;
    let folder = list.parent().unwrap_or(Path::new(""));
    let lines = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty());
    let named: Vec<(String, PathBuf)> = lines
        .map(|line| (line.to_owned(), folder.join(line)))
        .collect();
    if named.is_empty() {
        Err(SourceError::Empty {
            path: list.to_owned(),
        })
    } else {
        Ok(files(named))
    }
}

/// Files by name, each opened when its turn comes.
pub(super) fn files(named: Vec<(String, PathBuf)>) -> Source {
    let count = named.len() as u64;
    let items = named.into_iter().map(|(name, path)| {
        let content = File::open(path)
            .map_err(ItemError::from)
            .and_then(read_encoded);
        Ok(Item { name, content })
    });
    Source::new(Some(count), items)
}
