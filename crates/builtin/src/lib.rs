//! Built-in data: vectors that need no download.
//!
//! Input: a number of rows and a seed. Output: a matrix, the same bytes on every machine and at
//! any thread count. Does not: read files, or imitate images one by one; only the geometry is
//! meant.

mod draws;
mod layers;
mod resnet50_like;

pub use resnet50_like::{BuiltinError, FEATURES, resnet50_like};
