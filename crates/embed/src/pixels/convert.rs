//! Pixel formats to 8-bit RGB, as Pillow's `convert("RGB")` converts them.
//!
//! | stored | RGB |
//! |---|---|
//! | gray | three times the same |
//! | alpha | dropped, not blended |
//! | 16 bits of color | the upper 8 |
//! | 16 bits of gray | cut off at 255: see [`gray_16`] |
//! | CMYK | see [`from_cmyk`] |

use image::ColorType;

use super::error::DecodeError;
use super::limit::reserved;

/// Width × height × 3 bytes from the native-endian samples of the `image` crate.
pub(super) fn to_rgb(color: ColorType, samples: Vec<u8>) -> Result<Vec<u8>, DecodeError> {
    let mut rgb = Vec::new();
    if color != ColorType::Rgb8 {
        rgb = reserved(samples.len() / usize::from(color.bytes_per_pixel()) * 3)?;
    }
    match color {
        ColorType::Rgb8 => return Ok(samples),
        ColorType::L8 => rgb.extend(samples.iter().flat_map(|&gray| [gray; 3])),
        ColorType::La8 => {
            for &[gray, _] in samples.as_chunks().0 {
                rgb.extend([gray; 3]);
            }
        }
        ColorType::Rgba8 => {
            for &[red, green, blue, _] in samples.as_chunks().0 {
                rgb.extend([red, green, blue]);
            }
        }
        ColorType::L16 => {
            for &gray in samples.as_chunks().0 {
                rgb.extend([gray_16(u16::from_ne_bytes(gray)); 3]);
            }
        }
        ColorType::La16 => {
            for gray_alpha in samples.as_chunks::<4>().0 {
                rgb.extend([upper(gray_alpha, 0); 3]);
            }
        }
        ColorType::Rgb16 => {
            for pixel in samples.as_chunks::<6>().0 {
                rgb.extend([0, 1, 2].map(|channel| upper(pixel, channel)));
            }
        }
        ColorType::Rgba16 => {
            for pixel in samples.as_chunks::<8>().0 {
                rgb.extend([0, 1, 2].map(|channel| upper(pixel, channel)));
            }
        }
        other => {
            let problem = format!("pixels of type {other:?} are not read");
            return Err(DecodeError::Damaged { problem });
        }
    }
    Ok(rgb)
}

/// The upper byte of a 16-bit channel.
fn upper(pixel: &[u8], channel: usize) -> u8 {
    let sample = [pixel[2 * channel], pixel[2 * channel + 1]];
    (u16::from_ne_bytes(sample) >> 8) as u8
}

/// 16-bit gray is cut off at 255, not scaled: Pillow reads such a file as numbers (modes `I;16` and
/// `I`) and clips them, so most of it turns white.
pub(super) fn gray_16(value: u16) -> u8 {
    value.min(255) as u8
}

/// Cyan, magenta, yellow and black to red, green and blue, as Pillow's Convert.c does it; 0 is no
/// ink.
pub(super) fn from_cmyk([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    let light = 255 - black;
    [cyan, magenta, yellow].map(|ink| {
        let product = u32::from(ink) * u32::from(light) + 128;
        let covered = ((product >> 8) + product) >> 8;
        u32::from(light).saturating_sub(covered) as u8
    })
}
