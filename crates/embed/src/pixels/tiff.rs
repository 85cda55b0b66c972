//! TIFF: the first image, as Pillow decodes it.
//!
//! | color | bits | becomes |
//! |---|---|---|
//! | gray, black or white zero | 1, 2, 4, 8 | scaled to 8 bits |
//! | gray, black zero | 16 | cut off at 255 |
//! | RGB, with or without alpha | 8, 16 | alpha dropped, the upper 8 bits |
//! | CMYK | 8 | as Pillow converts it |
//!
//! Strips and tiles, uncompressed or by LZW, Deflate or PackBits, decoded by the `tiff` crate. The
//! orientation is applied, as Pillow does for TIFF files. What is not decoded to the byte as Pillow
//! does it (palettes, planes, premultiplied alpha, JPEG, CCITT, floats, Lab, YCbCr) is an error.

use std::io::Cursor;

use image::metadata::Orientation as Turn;
use tiff::ColorType;
use tiff::decoder::{Decoder, Limits};
use tiff::tags::Tag;

use super::convert::{from_cmyk, gray_16};
use super::decoded::{Decoded, turned};
use super::error::{DecodeError, UnsupportedTiff};
use super::limit::{self, PixelLimit};
use super::picture::Picture;

/// `ExtraSamples`: colors are multiplied by alpha.
const PREMULTIPLIED: u16 = 1;
/// `PhotometricInterpretation`: gray whose zero is white.
const WHITE_IS_ZERO: u16 = 0;
/// `SampleFormat`: unsigned integers.
const UNSIGNED: u16 = 1;
/// Bytes of one entry of the directory.
const MOST_ENTRY_BYTES: usize = 16 << 20;

/// Whether the bytes begin as a TIFF or BigTIFF does.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    [b"II\x2a\0", b"MM\0\x2a", b"II\x2b\0", b"MM\0\x2b"]
        .iter()
        .any(|magic| bytes.starts_with(*magic))
}

/// Decodes the first image.
pub(super) fn decode(bytes: &[u8], limit: &PixelLimit<'_>) -> Result<Decoded, DecodeError> {
    let mut decoder = Decoder::new(Cursor::new(bytes))?;
    let (width, height) = decoder.dimensions()?;
    limit.admit(width.into(), height.into())?;
    let mut limits = Limits::default();
    let bytes_per_pixel = 8;
    limits.decoding_buffer_size = (limit.most as usize).saturating_mul(bytes_per_pixel);
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    limits.ifd_value_size = MOST_ENTRY_BYTES;
    let mut decoder = decoder.with_limits(limits);
    let color = color(&mut decoder)?;
    let turn = decoder
        .find_tag_unsigned::<u8>(Tag::Orientation)?
        .and_then(Turn::from_exif);

    let layout = decoder.image_buffer_layout()?;
    if layout.planes != 1 {
        return Err(unsupported("separate planes").into());
    }
    let stride = layout.row_stride.map_or(layout.len, Into::into);
    let mut samples = limit::zeros(layout.len)?;
    decoder.read_image_bytes(&mut samples)?;
    let (width, height) = (width as usize, height as usize);
    let mut rgb = limit::reserved(width * height * 3)?;
    for row in samples.chunks_exact(stride).take(height) {
        push_row(color, row, width, &mut rgb);
    }
    let picture = Picture::new(width, height, rgb)?;
    Ok(Decoded {
        picture: match turn {
            Some(turn) => turned(picture, turn)?,
            None => picture,
        },
        turn: None,
    })
}

/// The color, where it is one that is decoded as Pillow does it.
fn color(decoder: &mut Decoder<Cursor<&[u8]>>) -> Result<ColorType, DecodeError> {
    let formats = decoder.find_tag_unsigned_vec::<u16>(Tag::SampleFormat)?;
    if formats
        .unwrap_or_default()
        .iter()
        .any(|&format| format != UNSIGNED)
    {
        return Err(unsupported("signed or floating-point samples").into());
    }
    if decoder
        .find_tag_unsigned::<u16>(Tag::FillOrder)?
        .unwrap_or(1)
        != 1
    {
        return Err(unsupported("bits in reverse order").into());
    }
    let extra = decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)?;
    if extra.unwrap_or_default().contains(&PREMULTIPLIED) {
        return Err(unsupported("premultiplied alpha").into());
    }
    let photometric = decoder.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation)?;
    match decoder.colortype()? {
        ColorType::Gray(16) if photometric == Some(WHITE_IS_ZERO) => {
            Err(unsupported("16-bit gray whose zero is white").into())
        }
        color @ (ColorType::Gray(1 | 2 | 4 | 8 | 16)
        | ColorType::RGB(8 | 16)
        | ColorType::RGBA(8 | 16)
        | ColorType::CMYK(8)) => Ok(color),
        other => Err(unsupported(&format!("pixels of type {other:?}")).into()),
    }
}

fn push_row(color: ColorType, row: &[u8], width: usize, rgb: &mut Vec<u8>) {
    match color {
        ColorType::Gray(16) => {
            for &gray in &row.as_chunks().0[..width] {
                rgb.extend([gray_16(u16::from_ne_bytes(gray)); 3]);
            }
        }
        ColorType::Gray(8) => rgb.extend(row[..width].iter().flat_map(|&gray| [gray; 3])),
        ColorType::Gray(bits) => {
            let (bits, full) = (usize::from(bits), (1u16 << bits) - 1);
            for column in 0..width {
                let place = column * bits;
                let value = row[place / 8] << (place % 8) >> (8 - bits);
                rgb.extend([(u16::from(value) * 255 / full) as u8; 3]);
            }
        }
        ColorType::CMYK(_) => {
            rgb.extend(
                row.as_chunks().0[..width]
                    .iter()
                    .flat_map(|&inks| from_cmyk(inks)),
            );
        }
        ColorType::RGBA(8) => {
            for &[red, green, blue, _] in &row.as_chunks().0[..width] {
                rgb.extend([red, green, blue]);
            }
        }
        ColorType::RGB(16) => {
            for pixel in &row.as_chunks::<6>().0[..width] {
                rgb.extend(upper_three(pixel));
            }
        }
        ColorType::RGBA(16) => {
            for pixel in &row.as_chunks::<8>().0[..width] {
                rgb.extend(upper_three(pixel));
            }
        }
        // `color` lets 8-bit RGB through and nothing else.
        _ => rgb.extend_from_slice(&row[..3 * width]),
    }
}

/// The upper bytes of three 16-bit channels.
fn upper_three(pixel: &[u8]) -> [u8; 3] {
    let upper = |channel: usize| {
        (u16::from_ne_bytes([pixel[2 * channel], pixel[2 * channel + 1]]) >> 8) as u8
    };
    [upper(0), upper(1), upper(2)]
}

fn unsupported(feature: &str) -> UnsupportedTiff {
    UnsupportedTiff {
        feature: feature.to_owned(),
    }
}
