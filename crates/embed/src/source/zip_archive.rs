//! Zip archives, in the order of their directory. A damaged member costs its own picture only.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use zip::ZipArchive;

use super::item::{is_picture, read_encoded};
use super::{Item, ItemError, Source, SourceError};

pub(super) fn open(path: &Path) -> Result<Source, SourceError> {
    let file = File::open(path).map_err(|error| SourceError::io(path, error))?;
    let damaged = |error| SourceError::Zip {
        path: path.to_owned(),
        error,
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let Some(Ok(name)) = archive.name_for_index(index) else {
            continue;
        };
        let name = name.clone().into_owned();
        if is_picture(&name) {
            members.push((index, name));
        }
    }
    if members.is_empty() {
        return Err(SourceError::Empty {
            path: path.to_owned(),
        });
    }
    let count = members.len() as u64;
    let items = members.into_iter().map(move |(index, name)| {
        let content = archive
            .by_index(index)
            .map_err(ItemError::from)
            .and_then(read_encoded);
        Ok(Item { name, content })
    });
    Ok(Source::new(Some(count), items))
}
