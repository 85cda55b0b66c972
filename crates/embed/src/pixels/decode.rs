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
use image::{ImageDecoder, ImageReader, Limits};

use super::convert::to_rgb;
use super::decoded::{Decoded, turned};
use super::decoding_memory::{DecodingMemory, Taken};
use super::error::DecodeError;
use super::limit::{self, MAX_PIXELS, PixelLimit};
use super::picture::Picture;
use super::{gif, jpeg, pnm, tiff};

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

/// Decodes a picture to RGB as Pillow's `convert("RGB")` does.
///
/// Fails where the file is damaged or cut, of an unknown format, or beyond the limits.
pub fn decode(bytes: &[u8], decoding: Decoding) -> Result<Picture, DecodeError> {
    let limit = PixelLimit::new(decoding.max_pixels, None);
    decode_within(bytes, decoding.orientation, &limit)
}

/// As [`decode`], once `memory` has room for the pixels; what is returned with them holds it.
pub(crate) fn decode_sharing<'m>(
    bytes: &[u8],
    decoding: Decoding,
    memory: &'m DecodingMemory,
) -> Result<(Picture, Option<Taken<'m>>), DecodeError> {
    let limit = PixelLimit::new(decoding.max_pixels, Some(memory));
    let picture = decode_within(bytes, decoding.orientation, &limit)?;
    Ok((picture, limit.into_taken()))
}

fn decode_within(
    bytes: &[u8],
    orientation: Orientation,
    limit: &PixelLimit<'_>,
) -> Result<Picture, DecodeError> {
    let decoded = if jpeg::is_one(bytes) {
        let jpeg::Decoded { picture, exif } = jpeg::decode(bytes, limit)?;
        let turn = exif.as_deref().and_then(Turn::from_exif_chunk);
        Decoded { picture, turn }
    } else if pnm::is_one(bytes) {
        pnm::decode(bytes, limit)?
    } else {
        let damaged = |problem| DecodeError::Damaged { problem };
        guard_panics(damaged, || decode_by_library(bytes, limit))?
    };
    match (orientation, decoded.turn) {
        (Orientation::Upright, Some(turn)) => turned(decoded.picture, turn),
        _ => Ok(decoded.picture),
    }
}

fn decode_by_library(bytes: &[u8], limit: &PixelLimit<'_>) -> Result<Decoded, DecodeError> {
    if gif::is_one(bytes) {
        gif::decode(bytes, limit)
    } else if tiff::is_one(bytes) {
        tiff::decode(bytes, limit)
    } else {
        decode_by_image(bytes, limit)
    }
}

/// PNG, WebP and BMP.
fn decode_by_image(bytes: &[u8], limit: &PixelLimit<'_>) -> Result<Decoded, DecodeError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(
        limit
            .most
            .saturating_mul(SCRATCH_BYTES_PER_PIXEL)
            .saturating_add(SCRATCH_BYTES),
    );
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    limit.admit(width.into(), height.into())?;
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
