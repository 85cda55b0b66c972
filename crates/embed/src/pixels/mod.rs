//! From the bytes of a picture to the values that a network reads, as the published pipelines do it.
//!
//! bytes → `decode` ([`Picture`], 8-bit RGB; `jpeg` for JPEG, the `image` crate for the rest) → `resize` (Pillow's bilinear, only what the crop keeps) → `transform` (mean and deviation)

mod convert;
mod decode;
mod jpeg;
mod picture;
mod resize;
mod transform;

pub use decode::{DecodeError, Orientation, decode};
pub use jpeg::JpegError;
pub(crate) use picture::PlaneOrder;
pub use picture::{Picture, PictureError};
pub use transform::Transform;
pub(crate) use transform::normalized;
