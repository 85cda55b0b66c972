//! Why a picture cannot be decoded: one error for every decoder.

use image::ImageError;

use super::jpeg::error::JpegError;
use super::limit::{NoMemory, TooManyPixels};
use super::picture::PictureError;

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

/// Why a netpbm file cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PnmError {
    /// The file ends within its header or its pixels.
    #[error("the PNM file is truncated")]
    Truncated,
    /// A number is none, or out of range.
    #[error("damaged PNM: {problem}")]
    Damaged {
        /// What is wrong.
        problem: &'static str,
    },
}

/// A TIFF that is not decoded as Pillow decodes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("TIFF with {feature} is not read")]
pub struct UnsupportedTiff {
    /// What it has.
    pub feature: String,
}
