//! Decoders for JPEG, PNG, WebP, BMP, GIF, TIFF and PNM, each equal to Pillow's `convert("RGB")`.
//!
//! Input: the bytes of a file. Output: a [`Picture`].
//!
//! The content decides the format, not the ending. Each decoder reads the header, checks the
//! [pixel limit](Decoding::max_pixels), then reserves memory. JPEG and PNM are decoded here, the
//! others by the `image`, `gif` and `tiff` crates, whose panics on damaged files become errors.

use std::io::Cursor;

use annatomy_runtime::guard_panics;
use image::metadata::Orientation as Turn;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, RgbImage};

use super::convert::to_rgb;
use super::jpeg::{self, JpegError};
use super::limit::{self, MAX_PIXELS, NoMemory, TooManyPixels};
use super::picture::{Picture, PictureError};
use super::pnm::PnmError;
use super::tiff::UnsupportedTiff;
use super::{gif, pnm, tiff};

/// Bytes per pixel that a decoder of the `image` crate may allocate besides the picture.
const SCRATCH_BYTES_PER_PIXEL: u64 = 8;
/// Bytes that a decoder may allocate for what is no pixel: palettes, profiles, compressed chunks.
const SCRATCH_BYTES: u64 = 64 << 20;

/// How pictures are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoding {
    /// Whether the orientation in the file's metadata is applied.
    pub orientation: Orientation,
    /// Most pixels that a header may claim.
    pub max_pixels: u64,
}

impl Default for Decoding {
    fn default() -> Self {
        Self {
            orientation: Orientation::default(),
            max_pixels: MAX_PIXELS,
        }
    }
}

/// Whether the Exif orientation is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// No: the pixels as stored, as Pillow's `Image.open` and so the study has them. (Pillow applies
    /// the orientation of TIFF files always, and so does this.)
    #[default]
    AsStored,
    /// Yes: turned upright, as Pillow's `ImageOps.exif_transpose` does.
    Upright,
}

/// Why a picture cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A JPEG that is damaged or of an unknown kind.
    #[error(transparent)]
    Jpeg(JpegError),
    /// A PNG, WebP or BMP that is damaged, or no known format.
    #[error("{0}")]
    Image(#[from] ImageError),
    /// A damaged GIF.
    #[error("damaged GIF: {0}")]
    Gif(#[from] ::gif::DecodingError),
    /// A GIF without a frame.
    #[error("a GIF without a frame")]
    NoFrame,
    /// A TIFF that is damaged or of an unknown kind.
    #[error("TIFF: {0}")]
    Tiff(#[from] ::tiff::TiffError),
    /// A TIFF that is not decoded as Pillow decodes it.
    #[error(transparent)]
    UnsupportedTiff(#[from] UnsupportedTiff),
    /// A damaged PPM, PGM or PBM.
    #[error(transparent)]
    Pnm(#[from] PnmError),
    /// The header claims more pixels than are allowed.
    #[error(transparent)]
    TooManyPixels(#[from] TooManyPixels),
    /// The system gives no memory for the pixels.
    #[error(transparent)]
    NoMemory(#[from] NoMemory),
    /// The decoder panicked.
    #[error("damaged: {problem}")]
    Damaged {
        /// What the decoder says.
        problem: String,
    },
    /// The file could not be read to the end.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// No pixels.
    #[error(transparent)]
    Empty(#[from] PictureError),
}

impl From<JpegError> for DecodeError {
    fn from(error: JpegError) -> Self {
        match error {
            JpegError::TooManyPixels(error) => Self::TooManyPixels(error),
            JpegError::NoMemory(error) => Self::NoMemory(error),
            error => Self::Jpeg(error),
        }
    }
}

/// A decoded file: pixels as stored, and the turn that would put them upright.
pub(super) struct Decoded {
    pub(super) picture: Picture,
    pub(super) turn: Option<Turn>,
}

/// Decodes a picture to RGB as Pillow's `convert("RGB")` does.
///
/// Fails where the file is damaged or cut, of an unknown format, or beyond the limits.
pub fn decode(bytes: &[u8], decoding: Decoding) -> Result<Picture, DecodeError> {
    let most = decoding.max_pixels;
    let decoded = if jpeg::is_one(bytes) {
        let jpeg::Decoded { picture, exif } = jpeg::decode(bytes, most)?;
        let turn = exif.as_deref().and_then(Turn::from_exif_chunk);
        Decoded { picture, turn }
    } else if pnm::is_one(bytes) {
        pnm::decode(bytes, most)?
    } else {
        let damaged = |problem| DecodeError::Damaged { problem };
        guard_panics(damaged, || decode_by_library(bytes, most))?
    };
    match (decoding.orientation, decoded.turn) {
        (Orientation::Upright, Some(turn)) => turned(decoded.picture, turn),
        _ => Ok(decoded.picture),
    }
}

fn decode_by_library(bytes: &[u8], most: u64) -> Result<Decoded, DecodeError> {
    if gif::is_one(bytes) {
        gif::decode(bytes, most)
    } else if tiff::is_one(bytes) {
        tiff::decode(bytes, most)
    } else {
        decode_by_image(bytes, most)
    }
}

/// PNG, WebP and BMP.
fn decode_by_image(bytes: &[u8], most: u64) -> Result<Decoded, DecodeError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(
        most.saturating_mul(SCRATCH_BYTES_PER_PIXEL)
            .saturating_add(SCRATCH_BYTES),
    );
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    limit::check(width.into(), height.into(), most)?;
    let turn = decoder.orientation()?;
    let color = decoder.color_type();
    let mut buffer = limit::zeros(decoder.total_bytes() as usize)?;
    decoder.read_image(&mut buffer)?;
    let picture = Picture::new(width as usize, height as usize, to_rgb(color, buffer)?)?;
    Ok(Decoded {
        picture,
        turn: Some(turn),
    })
}

/// The picture turned or mirrored.
pub(super) fn turned(picture: Picture, turn: Turn) -> Result<Picture, DecodeError> {
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
    let (width, height) = (image.width() as usize, image.height() as usize);
    Ok(Picture::new(width, height, image.into_bytes())?)
}
