//! Color conversion: YCbCr, CMYK and YCCK to RGB.
//!
//! YCbCr by libjpeg's 16-bit fixed point (jdcolor.c); CMYK is stored inverted, and turned to RGB as
//! Pillow's Convert.c does.

use super::error::JpegError;
use super::markers::{Colors, File};
use super::upsample;
use crate::pixels::{convert::from_cmyk, limit};

/// Width × height × 3 bytes.
pub(super) fn to_rgb(file: &File) -> Result<Vec<u8>, JpegError> {
    let mut rgb = limit::reserved(file.width * file.height * 3)?;
    let mut rows = vec![Vec::new(); file.components.len()];
    for y in 0..file.height {
        for (component, row) in file.components.iter().zip(&mut rows) {
            upsample::row(component, y, row);
            row.resize(file.width, 0);
        }
        match (file.colors, &rows[..]) {
            (Colors::Gray, [gray]) => rgb.extend(gray.iter().flat_map(|&gray| [gray; 3])),
            (Colors::Rgb, [red, green, blue]) => rgb.extend(three(red, green, blue).flatten()),
            (Colors::YCbCr, [y, cb, cr]) => rgb.extend(three(y, cb, cr).flat_map(from_ycbcr)),
            (Colors::Cmyk, [c, m, y, k]) => {
                for ([c, m, y], &k) in three(c, m, y).zip(k) {
                    rgb.extend(from_cmyk([c, m, y, k].map(|ink| 255 - ink)));
                }
            }
            (Colors::Ycck, [y, cb, cr, k]) => {
                for (values, &k) in three(y, cb, cr).zip(k) {
                    // The color transform gives red, green and blue, whose complements are the
                    // inverted inks.
                    let [c, m, y] = from_ycbcr(values);
                    rgb.extend(from_cmyk([c, m, y, 255 - k]));
                }
            }
            _ => {
                return Err(super::error::damaged(
                    "components that do not fit their colors",
                ));
            }
        }
    }
    Ok(rgb)
}

fn three<'a>(a: &'a [u8], b: &'a [u8], c: &'a [u8]) -> impl Iterator<Item = [u8; 3]> + 'a {
    a.iter().zip(b).zip(c).map(|((&a, &b), &c)| [a, b, c])
}

fn from_ycbcr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    /// 16 bits after the point, as libjpeg rounds them.
    const CR_TO_RED: i32 = 91881; // 1.40200
    const CB_TO_BLUE: i32 = 116_130; // 1.77200
    const CR_TO_GREEN: i32 = 46802; // 0.71414
    const CB_TO_GREEN: i32 = 22554; // 0.34414
    const HALF: i32 = 1 << 15;
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let red = y + ((CR_TO_RED * cr + HALF) >> 16);
    let green = y + ((-CB_TO_GREEN * cb - CR_TO_GREEN * cr + HALF) >> 16);
    let blue = y + ((CB_TO_BLUE * cb + HALF) >> 16);
    [red, green, blue].map(|value| value.clamp(0, 255) as u8)
}
