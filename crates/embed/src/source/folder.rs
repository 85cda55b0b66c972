//! Recursive listing of a folder, sorted by relative names.
//!
//! Links to files are followed, links to folders are not: they may form a cycle. What is no picture
//! is an item with an error, so that it is counted and named.

use std::fs;
use std::path::{Path, PathBuf};

use annatomy_runtime::printable_bytes;

use super::item::{Content, Item, check_ending, read_file};
use super::{ItemError, Source, SourceError};

/// A file, and whether it is to be read.
struct Entry {
    /// Relative to the folder, parts separated by `/`.
    name: Vec<u8>,
    path: PathBuf,
    check: Result<(), ItemError>,
}

pub(super) fn open(folder: &Path) -> Result<Source, SourceError> {
    let mut entries = Vec::new();
    collect(folder, b"", &mut entries)?;
    if !entries.iter().any(|entry| entry.check.is_ok()) {
        return Err(SourceError::Empty {
            path: folder.to_owned(),
            files: entries.len(),
        });
    }
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let count = entries.len() as u64;
    let items = entries.into_iter().map(|entry| {
        let content = entry.check.and_then(|()| read_file(&entry.path));
        Ok(Item {
            name: printable_bytes(&entry.name).into_owned(),
            content,
        })
    });
    Ok(Source::new(Some(count), items))
}

/// One picture by itself.
pub(super) fn open_file(path: &Path) -> Source {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let name = printable_bytes(name).into_owned();
    let path = path.to_owned();
    let items = std::iter::once_with(move || {
        let content: Result<Content, ItemError> = read_file(&path);
        Ok(Item { name, content })
    });
    Source::new(Some(1), items)
}

fn collect(folder: &Path, prefix: &[u8], entries: &mut Vec<Entry>) -> Result<(), SourceError> {
    let failed = |error| SourceError::io(folder, error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (kind, path) = (entry.file_type().map_err(failed)?, entry.path());
        let mut name = [prefix, entry.file_name().as_encoded_bytes()].concat();
        if kind.is_dir() {
            name.push(b'/');
            collect(&path, &name, entries)?;
            continue;
        }
        let check = if kind.is_symlink() && path.is_dir() {
            let kind = "a link to a folder";
            Err(ItemError::Link { kind })
        } else {
            check_ending(&name)
        };
        entries.push(Entry { name, path, check });
    }
    Ok(())
}
