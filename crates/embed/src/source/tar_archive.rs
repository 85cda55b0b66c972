//! Tar archives (ustar, GNU, PAX), plain or gzip-compressed, read once from front to back.
//!
//! A damaged picture is an item with an error; a damaged archive ends the source, as nothing after
//! the damage can be found. Entries borrow the archive, so a thread of its own reads it and sends
//! the items.

use std::collections::HashSet;
use std::io::{self, BufReader, Read};
use std::path::Path;

use annatomy_formats::open_regular;
use annatomy_runtime::printable_bytes;
use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, PaxExtensions};

use super::item::{check_ending, read_encoded};
use super::{Content, Item, ItemError, Source, SourceError};

/// The compression of the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
}

/// Items between the thread that reads and the caller.
const READ_AHEAD: usize = 4;
/// Bytes of an entry that carries a name: no system has longer paths.
const MOST_EXTENSION_BYTES: u64 = 1 << 16;

pub(super) fn open(path: &Path, packing: Packing) -> Result<Source, SourceError> {
    let file = BufReader::with_capacity(
        1 << 20,
        open_regular(path).map_err(|error| SourceError::io(path, error))?,
    );
    let reader: Box<dyn Read + Send> = match packing {
        Packing::Plain => Box::new(file),
        Packing::Gzip => Box::new(MultiGzDecoder::new(file)),
    };
    let (sender, receiver) = std::sync::mpsc::sync_channel(READ_AHEAD);
    let archive = path.to_owned();
    let work = move || {
        let give = |item: Result<Item, SourceError>| sender.send(item).is_ok();
        if let Err(error) = read(reader, &mut |item| give(Ok(item))) {
            let path = archive;
            give(Err(SourceError::Io { path, error }));
        }
    };
    std::thread::Builder::new()
        .spawn(work)
        .map_err(|error| SourceError::io(path, error))?;
    Ok(Source::new(None, receiver.into_iter()))
}

/// Gives every file until the receiver is gone.
///
/// The entries that carry long names (GNU, PAX) are read here and not by the `tar` crate, which
/// reads as many bytes as they claim.
fn read(reader: impl Read, give: &mut dyn FnMut(Item) -> bool) -> io::Result<()> {
    let mut archive = Archive::new(reader);
    let mut extension = Extension::default();
    let mut seen = HashSet::new();
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        if let Err(problem) = extension.check(&entry) {
            let name = format!("member at byte {}", entry.raw_header_position());
            let content = Err(ItemError::LastMember { problem });
            give(Item { name, content });
            return Ok(());
        }
        if kind.is_gnu_longname() || kind.is_pax_local_extensions() {
            extension.read(&mut entry)?;
            continue;
        }
        let long = std::mem::take(&mut extension).name;
        let is_extension = kind.is_gnu_longlink() || kind.is_pax_global_extensions();
        if is_extension || kind.is_dir() {
            continue;
        }
        let name = long.unwrap_or_else(|| entry.path_bytes().into_owned());
        let content = if !kind.is_file() {
            Err(ItemError::Link {
                kind: "a link or device",
            })
        } else if let Err(error) = check_ending(&name) {
            Err(error)
        } else if !seen.insert(name.clone()) {
            Err(ItemError::Duplicate(
                "a member of this name came before; this one is not read",
            ))
        } else {
            let expected = entry.size();
            read_whole(entry, expected)
        };
        let name = printable_bytes(&name).into_owned();
        if !give(Item { name, content }) {
            break;
        }
    }
    Ok(())
}

/// What entries before a member say of it.
#[derive(Default)]
struct Extension {
    name: Option<Vec<u8>>,
    /// A length that its own header has no room for.
    size: Option<u64>,
}

impl Extension {
    /// Whether the entry, and what is said of it, can be read and skipped.
    fn check<R: Read>(&self, entry: &Entry<'_, R>) -> Result<(), String> {
        let kind = entry.header().entry_type();
        let is_extension = kind.is_gnu_longname()
            || kind.is_gnu_longlink()
            || kind.is_pax_local_extensions()
            || kind.is_pax_global_extensions();
        let size = entry.size();
        if is_extension && size > MOST_EXTENSION_BYTES {
            return Err(format!(
                "a name of {size} bytes is more than {MOST_EXTENSION_BYTES}"
            ));
        }
        if kind.is_gnu_sparse() {
            return Err("a sparse file".to_owned());
        }
        match self.size {
            Some(long) if long != size && !is_extension => Err(format!("a file of {long} bytes")),
            _ => Ok(()),
        }
    }

    fn read<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> io::Result<()> {
        let kind = entry.header().entry_type();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if kind.is_gnu_longname() {
            while bytes.last() == Some(&0) {
                bytes.pop();
            }
            self.name = Some(bytes);
            return Ok(());
        }
        for record in PaxExtensions::new(&bytes) {
            let record = record?;
            match record.key_bytes() {
                b"path" => self.name = Some(record.value_bytes().to_vec()),
                b"size" => self.size = record.value().ok().and_then(|size| size.parse().ok()),
                _ => {}
            }
        }
        Ok(())
    }
}

fn read_whole(entry: impl Read, expected: u64) -> Result<Content, ItemError> {
    let content = read_encoded(entry)?;
    match &content {
        Content::Encoded(bytes) if (bytes.len() as u64) < expected => {
            Err(cut(bytes.len(), expected).into())
        }
        _ => Ok(content),
    }
}

fn cut(found: usize, expected: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        format!("the archive ends after {found} of its {expected} bytes"),
    )
}
