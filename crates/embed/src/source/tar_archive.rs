//! Tar archives, plain or packed with gzip, read once from front to back.
//!
//! A damaged picture within is an item with an error; a damaged archive ends the source, as nothing
//! after it can be found. Its entries borrow the archive, so a thread of its own reads and hands
//! the pictures over.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use tar::Archive;

use super::item::{is_picture, read_encoded};
use super::{Item, Source, SourceError};

/// Around the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
}

/// Items on their way from the thread that reads.
const READ_AHEAD: usize = 4;

pub(super) fn open(path: &Path, packing: Packing) -> Result<Source, SourceError> {
    let file = BufReader::with_capacity(
        1 << 20,
        File::open(path).map_err(|error| SourceError::io(path, error))?,
    );
    let reader: Box<dyn Read + Send> = match packing {
        Packing::Plain => Box::new(file),
        Packing::Gzip => Box::new(MultiGzDecoder::new(file)),
    };
    let (sender, receiver) = std::sync::mpsc::sync_channel(READ_AHEAD);
    let path = path.to_owned();
    std::thread::spawn(move || {
        let give = |item: Result<Item, SourceError>| sender.send(item).is_ok();
        if let Err(error) = read(reader, &mut |item| give(Ok(item))) {
            give(Err(SourceError::Io { path, error }));
        }
    });
    Ok(Source::new(None, receiver.into_iter()))
}

/// Gives out every picture until nobody takes them any more.
fn read(reader: impl Read, give: &mut dyn FnMut(Item) -> bool) -> io::Result<()> {
    let mut archive = Archive::new(reader);
    for entry in archive.entries()? {
        let entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !entry.header().entry_type().is_file() || !is_picture(&name) {
            continue;
        }
        let expected = entry.size();
        let content = read_encoded(entry).and_then(|content| match &content {
            super::Content::Encoded(bytes) if (bytes.len() as u64) < expected => {
                Err(cut(bytes.len(), expected).into())
            }
            _ => Ok(content),
        });
        if !give(Item { name, content }) {
            break;
        }
    }
    Ok(())
}

fn cut(found: usize, expected: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        format!("the archive ends after {found} of its {expected} bytes"),
    )
}
