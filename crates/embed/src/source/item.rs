//! One picture on its way out of a source.

use std::io::Read;

use super::ItemError;
use crate::pixels::Picture;

/// Bytes that an encoded picture may have.
const MOST_BYTES: u64 = 256 << 20;
const ENDINGS: [&str; 5] = ["jpg", "jpeg", "png", "webp", "bmp"];

/// A picture and its name.
#[derive(Debug)]
pub struct Item {
    /// The line in the id file.
    pub name: String,
    /// The picture, or why there is none.
    pub content: Result<Content, ItemError>,
}

/// What a source gives out.
#[derive(Debug)]
pub enum Content {
    /// The bytes of a JPEG, PNG, WebP or BMP file.
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

/// Whether the name has a picture's ending.
pub(super) fn is_picture(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

/// The bytes of a picture, whatever its length is said to be.
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
