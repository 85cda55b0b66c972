//! Every kind of picture as 8-bit RGB, as Pillow's `convert("RGB")` has it.
//!
//! gray → three times the same; alpha → dropped, not blended; 16 bits of color → the upper 8;
//! 16 bits of gray → see [`gray_16`].

use image::DynamicImage;

/// Width × height × 3 bytes.
pub(super) fn to_rgb(image: DynamicImage) -> Vec<u8> {
    match image {
        DynamicImage::ImageRgb8(image) => image.into_raw(),
        DynamicImage::ImageLuma8(image) => image.iter().flat_map(|&gray| [gray; 3]).collect(),
        DynamicImage::ImageLumaA8(image) => {
            image.pixels().flat_map(|pixel| [pixel[0]; 3]).collect()
        }
        DynamicImage::ImageRgba8(image) => image
            .pixels()
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect(),
        DynamicImage::ImageLuma16(image) => {
            image.iter().flat_map(|&gray| [gray_16(gray); 3]).collect()
        }
        DynamicImage::ImageLumaA16(image) => image
            .pixels()
            .flat_map(|pixel| [upper(pixel[0]); 3])
            .collect(),
        DynamicImage::ImageRgb16(image) => image.iter().map(|&value| upper(value)).collect(),
        DynamicImage::ImageRgba16(image) => image
            .pixels()
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]].map(upper))
            .collect(),
        other => other.into_rgb8().into_raw(),
    }
}

fn upper(value: u16) -> u8 {
    (value >> 8) as u8
}

/// Cut off at 255, not scaled: Pillow reads such a file as numbers (mode `I;16`) and clips them, so
/// most of it turns white.
fn gray_16(value: u16) -> u8 {
    value.min(255) as u8
}
