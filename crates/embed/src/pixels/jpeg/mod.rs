//! JPEG decoder, to the byte as libjpeg-turbo, and so Pillow and torchvision, decode it.
//!
//! Input: the bytes of a baseline, extended or progressive file of 8 bits. Output: RGB, or gray
//! three times.
//!
//! `markers` segments and tables (`frame`) → `scan` → `coefficients` of a block (`huffman`, `bits`) → `idct`
//! → samples of a `component` → `upsample` → `color`
//!
//! Decoders may differ by a few units where the standard leaves rounding open, and with 4:2:0 in
//! nearly every pixel: enough to move an embedding by 2·10⁻⁴ of its norm. So each rounding step
//! here is libjpeg's: the accurate integer transform (jidctint.c), the triangle filter for color
//! (jdsample.c), the fixed-point matrix (jdcolor.c), and Pillow's own way from CMYK.
//!
//! Damage is an error, where libjpeg would go on with a warning. Does not: arithmetic coding,
//! lossless, 12 bits.

mod bits;
mod coefficients;
mod color;
mod component;
pub(super) mod error;
mod frame;
mod huffman;
mod idct;
mod markers;
mod scan;
mod upsample;

use self::error::JpegError;
use super::limit::PixelLimit;
use super::picture::Picture;

/// Whether the bytes begin as a JPEG does.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff])
}

/// A decoded file, not turned.
pub(super) struct Decoded {
    pub(super) picture: Picture,
    /// The Exif metadata, as stored.
    pub(super) exif: Option<Vec<u8>>,
}

/// Decodes a whole file whose pixels `limit` admits.
pub(super) fn decode(bytes: &[u8], limit: &PixelLimit<'_>) -> Result<Decoded, JpegError> {
    let file = markers::read(bytes, limit)?;
    let (width, height) = (file.width, file.height);
    let values = color::to_rgb(&file)?;
    let picture = Picture::new(width, height, values).map_err(|_| JpegError::Damaged {
        problem: "no pixels",
    })?;
    Ok(Decoded {
        picture,
        exif: file.exif,
    })
}
