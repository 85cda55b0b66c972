//! Zip archives, read in the order of their central directory. A damaged member costs its own
//! picture only.
//!
//! Of several members with one name the last is read, as `unzip` and Python's `zipfile` do; the
//! others are items with an error.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use annatomy_formats::open_regular;
use annatomy_runtime::printable_bytes;
use zip::ZipArchive;

use super::item::{check_ending, read_encoded};
use super::{Item, ItemError, Source, SourceError};

type Archive = ZipArchive<BufReader<File>>;
/// A name, and the index of the member or why it is not read.
type Member = (String, Result<usize, ItemError>);

pub(super) fn open(path: &Path) -> Result<Source, SourceError> {
    let file = open_regular(path).map_err(|error| SourceError::io(path, error))?;
    let damaged = |error| SourceError::Zip {
        path: path.to_owned(),
        error,
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let mut items: Vec<Member> = Vec::new();
    if archive.has_duplicate_names() {
        items.extend(duplicates(path, &archive)?);
    }
    let mut has_pictures = false;
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(damaged)?;
        if member.is_dir() {
            continue;
        }
        let raw = member.name_raw();
        // The archive does not state the encoding of names that are no UTF-8.
        let name = printable_bytes(raw).into_owned();
        let check = check_ending(raw);
        has_pictures |= check.is_ok();
        items.push((name, check.map(|()| index)));
    }
    if !has_pictures {
        return Err(SourceError::Empty {
            path: path.to_owned(),
            files: items.len(),
        });
    }
    let count = items.len() as u64;
    let items = items.into_iter().map(move |(name, index)| {
        let content = index.and_then(|index| read_encoded(archive.by_index(index)?));
        Ok(Item { name, content })
    });
    Ok(Source::new(Some(count), items))
}

/// The members that another one of the same name hides, as the `zip` crate lists each name once.
fn duplicates(path: &Path, archive: &Archive) -> Result<Vec<Member>, SourceError> {
    const SIGNATURE: &[u8] = b"PK\x01\x02";
    const HEADER_BYTES: usize = 46;
    let failed = |error| SourceError::io(path, error);
    let mut file = BufReader::new(open_regular(path).map_err(failed)?);
    file.seek(SeekFrom::Start(archive.central_directory_start()))
        .map_err(failed)?;
    let mut counts: HashMap<Vec<u8>, usize> = HashMap::new();
    loop {
        let mut header = [0; HEADER_BYTES];
        if file.read_exact(&mut header).is_err() || !header.starts_with(SIGNATURE) {
            break;
        }
        let length = |at: usize| u64::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let mut name = vec![0; length(28) as usize];
        file.read_exact(&mut name).map_err(failed)?;
        file.seek_relative((length(30) + length(32)) as i64)
            .map_err(failed)?;
        *counts.entry(name).or_default() += 1;
    }
    let mut hidden = Vec::new();
    for (name, count) in counts {
        for _ in 1..count {
            let error = ItemError::Duplicate("a member of this name follows; this one is not read");
            hidden.push((printable_bytes(&name).into_owned(), Err(error)));
        }
    }
    hidden.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(hidden)
}
