//! Image decoding and preprocessing, as the published pipelines do it.
//!
//! bytes → `decode` ([`Picture`], 8-bit RGB; `jpeg`, `pnm`, and the `image`, `gif` and `tiff` crates)
//! → `resize` (Pillow's filters, only what the crop keeps) → values (divisor, mean, deviation)
//!
//! [`Preparation`] says how; [`Transform`] names the two that ResNet-50 was published with,
//! [`PreparationSettings`] are the options of a user.

mod convert;
mod decode;
mod decoded;
mod decoding_memory;
mod error;
mod gif;
mod jpeg;
mod limit;
mod picture;
mod pnm;
mod preparation;
mod resize;
mod settings;
mod tiff;
mod transform;

pub(crate) use decode::decode_sharing;
pub use decode::{Decoding, Orientation, decode};
pub(crate) use decoding_memory::DecodingMemory;
pub use error::{DecodeError, PnmError, UnsupportedTiff};
pub use jpeg::error::JpegError;
pub use limit::{MAX_PIXELS, NoMemory, TooManyPixels};
pub(crate) use picture::PlaneOrder;
pub use picture::{Picture, PictureError};
pub use preparation::{Colors, Preparation, PreparationError, Resize};
pub use resize::Filter;
pub use settings::{PreparationSettings, SettingsError, Sides};
pub use transform::Transform;
