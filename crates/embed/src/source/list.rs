//! Pictures by a list of paths: a text file, one path per line.

use std::path::{Path, PathBuf};

use annatomy_formats::read_regular;
use annatomy_runtime::printable_bytes;

use super::item::{Item, read_file};
use super::{Source, SourceError};

/// Bytes of a list: ten million paths of a hundred bytes.
const MOST_BYTES: u64 = 1 << 30;

/// Opens a list; empty lines are left out, relative paths start at the list's own folder.
pub(super) fn open(list: &Path) -> Result<Source, SourceError> {
    let mut named = paths(list)?;
    if named.is_empty() {
        return Err(SourceError::Empty {
            path: list.to_owned(),
            files: 0,
        });
    }
    let count = named.len() as u64;
    named.reverse();
    let items = std::iter::from_fn(move || {
        let (name, path) = named.pop()?;
        let content = read_file(&path);
        Some(Ok(Item { name, content }))
    });
    Ok(Source::new(Some(count), items))
}

/// The names and paths of a list.
pub(super) fn paths(list: &Path) -> Result<Vec<(String, PathBuf)>, SourceError> {
    let bytes = read_regular(list, MOST_BYTES).map_err(|error| SourceError::io(list, error))?;
    let folder = list.parent().unwrap_or(Path::new(""));
    let mut named = Vec::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        let line = line.trim_ascii_end();
        if line.is_empty() {
            continue;
        }
        let path = path(line).ok_or_else(|| SourceError::ListName {
            path: list.to_owned(),
            name: printable_bytes(line).into_owned(),
        })?;
        named.push((printable_bytes(line).into_owned(), folder.join(path)));
    }
    Ok(named)
}

/// File names on Unix are bytes.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
fn path(line: &[u8]) -> Option<&Path> {
    use std::os::unix::ffi::OsStrExt as _;
    Some(Path::new(std::ffi::OsStr::from_bytes(line)))
}

#[cfg(not(unix))]
fn path(line: &[u8]) -> Option<&Path> {
    std::str::from_utf8(line).ok().map(Path::new)
}
