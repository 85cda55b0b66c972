//! Small pictures of chosen rows, as JPEG, under a budget of bytes.
//!
//! Enters: a source, the names of the rows where an ids file has them, the rows wanted in order of
//! importance. Leaves: [`Thumbnails`]. Row i is the picture whose name line i of the ids file holds;
//! without an ids file, the i-th picture that can be read, as `annatomy embed` numbers them.
//!
//! Cost: the pictures of a source are read one after another; only those wanted are decoded where
//! there is an ids file, else all.

use crate::pixels::{Decoding, Filter, Preparation, Resize, Transform, decode};
use crate::source::{Content, Source, SourceError};
use jpeg_encoder::{ColorType, Encoder};
use std::collections::{BTreeMap, HashMap};

/// Width and height.
pub const SIDE: usize = 56;

/// JPEG quality, of 100.
const QUALITY: u8 = 72;

/// Fewer bytes than any thumbnail has.
const LEAST_BYTES: usize = 400;

/// Thumbnails by row.
#[derive(Clone, Debug, Default)]
pub struct Thumbnails {
    /// JPEG files of [`SIDE`] × [`SIDE`] pixels.
    pub pictures: BTreeMap<u32, Vec<u8>>,
    /// Rows wanted for which the budget has no room.
    pub over_budget: usize,
    /// Rows wanted whose picture is not in the source or cannot be read.
    pub not_found: usize,
}

/// Bytes of a page that a JPEG file of this length takes: base64, the rest of its address, its row.
pub fn bytes_in_page(jpeg_bytes: usize) -> usize {
    const ADDRESS_AND_ROW: usize = 40;
    jpeg_bytes.div_ceil(3) * 4 + ADDRESS_AND_ROW
}

/// The thumbnails of `wanted`, the first for which a page has room; `budget_bytes` of it are theirs.
///
/// # Errors
/// If the source cannot be read to its end.
pub fn thumbnails(
    mut source: Source,
    ids: Option<&[String]>,
    wanted: &[u32],
    budget_bytes: usize,
) -> Result<Thumbnails, SourceError> {
    let most = (budget_bytes / LEAST_BYTES).min(wanted.len());
    let priority: HashMap<u32, usize> = wanted[..most].iter().copied().zip(0..).collect();
    let row_of: Option<HashMap<&str, u32>> =
        ids.map(|ids| ids.iter().map(String::as_str).zip(0..).collect());
    let mut made: BTreeMap<usize, (u32, Vec<u8>)> = BTreeMap::new();
    let mut readable = 0;
    while let Some(item) = source.next()? {
        annatomy_runtime::check();
        let known = match &row_of {
            Some(row_of) => match row_of.get(item.name.as_str()) {
                Some(&row) => Some(row),
                None => continue,
            },
            None => None,
        };
        if known.is_some_and(|row| !priority.contains_key(&row)) {
            continue;
        }
        let Ok(content) = item.content else { continue };
        let Some(jpeg) = small(content) else { continue };
        let row = known.unwrap_or(readable);
        readable += 1;
        if let Some(&place) = priority.get(&row) {
            made.insert(place, (row, jpeg));
        }
    }
    let mut found = Thumbnails {
        over_budget: wanted.len() - most,
        not_found: most - made.len(),
        ..Thumbnails::default()
    };
    let mut spent = 0;
    for (row, jpeg) in made.into_values() {
        spent += bytes_in_page(jpeg.len());
        if spent > budget_bytes {
            found.over_budget += 1;
        } else {
            found.pictures.insert(row, jpeg);
        }
    }
    Ok(found)
}

fn small(content: Content) -> Option<Vec<u8>> {
    let picture = match content {
        Content::Encoded(bytes) => decode(&bytes, Decoding::default()).ok()?,
        Content::Picture(picture) => picture,
    };
    let preparation = Preparation {
        resize: Resize::Shorter(SIDE),
        crop_width: SIDE,
        crop_height: SIDE,
        filter: Filter::Bilinear,
        ..Transform::Published.preparation()
    };
    let pixels = preparation.crop(&picture);
    let mut jpeg = Vec::new();
    let side = u16::try_from(SIDE).expect("a small side");
    let encoder = Encoder::new(&mut jpeg, QUALITY);
    encoder.encode(&pixels, side, side, ColorType::Rgb).ok()?;
    Some(jpeg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Plain PPM files of one color each: picture i is (10·i, 0, 0).
    fn pictures(folder: &Path, count: usize) {
        for number in 0..count {
            let mut bytes = b"P6 8 6 255\n".to_vec();
            bytes.extend([number as u8 * 10, 0, 0].repeat(48));
            std::fs::write(folder.join(format!("{number:03}.ppm")), bytes).expect("written");
        }
        std::fs::write(folder.join("001.ppm"), b"P6 broken").expect("written");
    }

    fn red(jpeg: &[u8]) -> u8 {
        let picture = decode(jpeg, Decoding::default()).expect("a picture");
        assert_eq!((picture.width(), picture.height()), (SIDE, SIDE));
        picture.values()[0]
    }

    #[test]
    fn rows_are_those_of_the_ids_file_or_the_pictures_that_can_be_read() {
        let folder = tempfile::tempdir().expect("folder");
        pictures(folder.path(), 6);
        let open = || Source::open(folder.path()).expect("pictures");
        let found = thumbnails(open(), None, &[1, 4, 9], 1 << 20).expect("read");
        // Picture 1 is broken and no row: row 1 is picture 2.
        assert!(red(&found.pictures[&1]).abs_diff(20) <= 3);
        assert!(red(&found.pictures[&4]).abs_diff(50) <= 3);
        assert_eq!((found.not_found, found.over_budget), (1, 0));
        let ids = ["005.ppm".to_owned(), "003.ppm".to_owned()];
        let found = thumbnails(open(), Some(&ids), &[0, 1], 1 << 20).expect("read");
        assert!(red(&found.pictures[&0]).abs_diff(50) <= 3);
        assert!(red(&found.pictures[&1]).abs_diff(30) <= 3);
    }

    #[test]
    fn the_budget_keeps_the_most_important() {
        let folder = tempfile::tempdir().expect("folder");
        pictures(folder.path(), 6);
        let open = || Source::open(folder.path()).expect("pictures");
        let whole = thumbnails(open(), None, &[3], 1 << 20).expect("read");
        let budget = bytes_in_page(whole.pictures[&3].len()) * 3 / 2;
        let found = thumbnails(open(), None, &[3, 0, 2], budget).expect("read");
        assert_eq!(found.pictures.keys().copied().collect::<Vec<_>>(), [3]);
        assert_eq!(found.over_budget, 2);
    }
}
