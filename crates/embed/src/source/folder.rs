//! The pictures of a folder and of the folders within, sorted by their relative names.
//!
//! Links to files are followed, links to folders are not: they may lead in circles.

use std::fs;
use std::path::{Path, PathBuf};

use super::item::is_picture;
use super::{Source, SourceError, list};

pub(super) fn open(folder: &Path) -> Result<Source, SourceError> {
    let mut files = Vec::new();
    collect(folder, "", &mut files)?;
    if files.is_empty() {
        return Err(SourceError::Empty {
            path: folder.to_owned(),
        });
    }
    files.sort_unstable();
    Ok(list::files(files))
}

fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), SourceError> {
    let failed = |error| SourceError::io(folder, error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(failed)?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else if is_picture(&name) {
            files.push((name, entry.path()));
        }
    }
    Ok(())
}
