//! What a decoder leaves: pixels as they are stored, and the turn that puts them upright.

use image::metadata::Orientation as Turn;
use image::{DynamicImage, RgbImage};

use super::error::DecodeError;
use super::picture::{Picture, PictureError};

/// A decoded file: pixels as stored, and the turn that would put them upright.
pub(super) struct Decoded {
    pub(super) picture: Picture,
    pub(super) turn: Option<Turn>,
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
