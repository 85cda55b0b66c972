//! GIF: the first frame, as Pillow composes it.
//!
//! The canvas is filled with the transparent color, or color 0 where there is none, and is as large
//! as the screen and the frame together. LZW is decoded by the `gif` crate.

use std::io::Cursor;

use gif::{ColorOutput, DecodeOptions, MemoryLimit};

use super::decoded::Decoded;
use super::error::DecodeError;
use super::limit::{self, PixelLimit};
use super::picture::Picture;

/// Whether the bytes begin as a GIF does.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a")
}

/// Decodes the first frame.
pub(super) fn decode(bytes: &[u8], limit: &PixelLimit<'_>) -> Result<Decoded, DecodeError> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(MemoryLimit::Bytes(
        limit.most.try_into().unwrap_or(std::num::NonZeroU64::MIN),
    ));
    let mut decoder = options.read_info(Cursor::new(bytes))?;
    let screen = (usize::from(decoder.width()), usize::from(decoder.height()));
    let frame = decoder.next_frame_info()?.ok_or(DecodeError::NoFrame)?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (frame_width, frame_height) = (usize::from(frame.width), usize::from(frame.height));
    let width = screen.0.max(left + frame_width);
    let height = screen.1.max(top + frame_height);
    limit.admit(width as u64, height as u64)?;
    let fill = frame.transparent.unwrap_or(0);
    let palette = palette(decoder.palette()?);
    let mut indices: Vec<u8> = limit::zeros(frame_width * frame_height)?;
    decoder.read_into_buffer(&mut indices)?;

    let mut rgb = limit::reserved(width * height * 3)?;
    for row in 0..height {
        for column in 0..width {
            let within = (row.wrapping_sub(top), column.wrapping_sub(left));
            let index = if within.0 < frame_height && within.1 < frame_width {
                indices[within.0 * frame_width + within.1]
            } else {
                fill
            };
            rgb.extend(palette[usize::from(index)]);
        }
    }
    Ok(Decoded {
        picture: Picture::new(width, height, rgb)?,
        turn: None,
    })
}

/// 256 colors; those that the file leaves out are grays, as in Pillow.
fn palette(colors: &[u8]) -> [[u8; 3]; 256] {
    let mut palette = std::array::from_fn(|index| [index as u8; 3]);
    for (color, given) in palette.iter_mut().zip(colors.as_chunks().0) {
        *color = *given;
    }
    palette
}
