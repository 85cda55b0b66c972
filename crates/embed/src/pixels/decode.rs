//! Pictures from the bytes of JPEG, PNG, WebP and BMP files.
//!
//! The content decides what it is, not the ending. What a file claims is bounded before anything is
//! allocated.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder as _, ImageError, ImageReader, Limits, RgbImage};

use super::convert::to_rgb;
use super::jpeg::{self, JpegError};
use super::picture::{Picture, PictureError};

/// Memory that decoding one picture may take: near 90 million pixels, where Pillow begins to warn.
const MOST_BYTES: u64 = 320 << 20;

/// Whether a camera's note about which side is up is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// No: the pixels as stored, as Pillow's `Image.open` and so the study has them.
    #[default]
    AsStored,
    /// Yes: turned upright, as Pillow's `ImageOps.exif_transpose` does.
    Upright,
}

/// Why a picture cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A JPEG that is damaged or of an unknown kind.
    #[error(transparent)]
    Jpeg(#[from] JpegError),
    /// No known picture, a damaged one, or one too large.
    #[error("{0}")]
    Image(#[from] ImageError),
    /// The file could not be read to the end.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// No pixels.
    #[error(transparent)]
    Empty(#[from] PictureError),
}

/// Decodes a picture to RGB as Pillow's `convert("RGB")` does.
pub fn decode(bytes: &[u8], orientation: Orientation) -> Result<Picture, DecodeError> {
    if !jpeg::is_one(bytes) {
        return decode_other(bytes, orientation);
    }
    let decoded = jpeg::decode(bytes)?;
    let turn = decoded
        .exif
        .as_deref()
        .and_then(image::metadata::Orientation::from_exif_chunk);
    match (orientation, turn) {
        (Orientation::Upright, Some(turn)) => turned(decoded.picture, turn),
        _ => Ok(decoded.picture),
    }
}

/// PNG, WebP and BMP.
fn decode_other(bytes: &[u8], orientation: Orientation) -> Result<Picture, DecodeError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let turn = decoder.orientation()?;
    let image = DynamicImage::from_decoder(decoder)?;
    let picture = Picture::new(
        image.width() as usize,
        image.height() as usize,
        to_rgb(image),
    )?;
    match orientation {
        Orientation::AsStored => Ok(picture),
        Orientation::Upright => turned(picture, turn),
    }
}

fn turned(picture: Picture, turn: image::metadata::Orientation) -> Result<Picture, DecodeError> {
    let (width, height) = (picture.width(), picture.height());
    let found = picture.values().len();
    let empty = PictureError {
        width,
        height,
        found,
    };
    let buffer =
        RgbImage::from_raw(width as u32, height as u32, picture.into_values()).ok_or(empty)?;
    let mut image = DynamicImage::ImageRgb8(buffer);
    image.apply_orientation(turn);
    Ok(Picture::new(
        image.width() as usize,
        image.height() as usize,
        to_rgb(image),
    )?)
}
