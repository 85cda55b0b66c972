//! From the bytes of a picture to the values that a network reads, as the published pipelines do
//! it.
//!
//! bytes → `decode` ([`Picture`], 8-bit RGB; `jpeg` for JPEG, the `image` crate for the rest) →
//! `resize` (Pillow's filters, only what the crop keeps) → values (divisor, mean, deviation)
//!
//! [`Preparation`] says how; [`Transform`] names the two that ResNet-50 was published with,
//! [`PreparationSettings`] is what a user says.

mod convert;
mod decode;
mod jpeg;
mod picture;
mod preparation;
mod resize;
mod settings;
mod transform;

pub use decode::{DecodeError, Orientation, decode};
pub use jpeg::JpegError;
pub(crate) use picture::PlaneOrder;
pub use picture::{Picture, PictureError};
pub use preparation::{Colors, Preparation, PreparationError, Resize};
pub use resize::Filter;
pub use settings::{PreparationSettings, SettingsError, Sides};
pub use transform::Transform;
