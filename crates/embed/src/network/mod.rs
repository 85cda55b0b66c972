//! ResNet-50 inference, from a prepared image to 2048 pooled features.
//!
//! [`ResNet50`] reads its [`Weights`](crate::weights::Weights), folds batch norm into the
//! convolutions and runs a few images per thread. `convolution` does nearly all the work, `direct` (which finds
//! its inputs by `indirection`) or by `winograd`, both by the inner loop of `kernel`; `pooling` does the rest.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined into a dispatched function runs without its instructions"
)]

mod convolution;
mod direct;
mod epilogue;
mod image;
mod indirection;
mod kernel;
mod pooling;
mod resnet50;
mod shape;
mod tile;
mod winograd;

pub use convolution::NotFinite;
pub(crate) use image::Activations;
pub use resnet50::ResNet50;
pub(crate) use resnet50::{BORDER, Workspace};
