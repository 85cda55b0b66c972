//! One item of a source: a picture, still encoded, or why there is none.

use std::io::Read;
use std::path::Path;

use annatomy_formats::open_regular;

use super::ItemError;
use crate::pixels::Picture;

/// Bytes that an encoded picture may have.
const MOST_BYTES: u64 = 256 << 20;
/// Endings of the formats that are read.
const READ: [&str; 15] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "dib", "gif", "tif", "tiff", "ppm", "pgm",
    "pbm", "pnm",
];
/// Endings of pictures that are not read. AVIF has no decoder in safe Rust under a permissive
/// license.
const UNREAD: [&str; 29] = [
    "avif", "heic", "heif", "jxl", "jp2", "j2k", "jpx", "svg", "psd", "ico", "exr", "hdr", "tga",
    "dds", "pcx", "pam", "pfm", "qoi", "apng", "dng", "nef", "cr2", "cr3", "arw", "raf", "orf",
    "rw2", "eps", "xcf",
];

/// A picture and its name.
#[derive(Debug)]
pub struct Item {
    /// The line in the id file, without control characters.
    pub name: String,
    /// The picture, or why there is none.
    pub content: Result<Content, ItemError>,
}

/// What a source gives out.
#[derive(Debug)]
pub enum Content {
    /// The bytes of a file of any format that is read.
    Encoded(Vec<u8>),
    /// Pixels.
    Picture(Picture),
}

impl Item {
    /// Memory that it takes.
    pub(crate) fn bytes(&self) -> usize {
        match &self.content {
            Ok(Content::Encoded(bytes)) => bytes.len(),
            Ok(Content::Picture(picture)) => picture.values().len(),
            Err(_) => 0,
        }
    }
}

/// What a file's ending says of it.
pub(super) fn check_ending(name: &[u8]) -> Result<(), ItemError> {
    let ending = name.rsplit(|&byte| byte == b'.').next().unwrap_or_default();
    let is = |known: &str| ending.eq_ignore_ascii_case(known.as_bytes());
    if ending.len() == name.len() {
        Err(ItemError::NoPicture)
    } else if READ.iter().any(|known| is(known)) {
        Ok(())
    } else if let Some(known) = UNREAD.iter().find(|known| is(known)) {
        let ending = known.to_ascii_uppercase();
        Err(ItemError::UnreadFormat { ending })
    } else {
        Err(ItemError::NoPicture)
    }
}

/// The bytes of an open file.
pub(super) fn read_file(path: &Path) -> Result<Content, ItemError> {
    read_encoded(open_regular(path)?)
}

/// The bytes of a picture, whatever length is claimed.
pub(super) fn read_encoded(reader: impl Read) -> Result<Content, ItemError> {
    let mut bytes = Vec::new();
    reader.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    let found = bytes.len() as u64;
    if found > MOST_BYTES {
        Err(ItemError::TooLarge {
            bytes: found,
            most: MOST_BYTES,
        })
    } else {
        Ok(Content::Encoded(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_decide() {
        let said = |name: &str| check_ending(name.as_bytes()).map_err(|error| error.to_string());
        for name in ["a.jpg", "b/c.d.TIF", "\u{fffd}.pnm", ".gif"] {
            assert_eq!(said(name), Ok(()), "{name}");
        }
        assert_eq!(said("a.Avif").unwrap_err(), "AVIF pictures are not read");
        for name in ["jpg", "a.md", "a.jpg.bak", "", "a."] {
            assert!(
                check_ending(name.as_bytes()).unwrap_err().is_no_picture(),
                "{name}"
            );
        }
    }
}
