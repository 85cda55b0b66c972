//! Engines that live in Rust, each behind a feature: asked as their users ask them, so that what
//! comes back can be measured.
//!
//! Engines of the Python world are asked from `python/annatomy/engines`. Nothing else here depends
//! on any of them.

#[cfg(feature = "hnsw_rs")]
mod hnsw_rs;

#[cfg(feature = "hnsw_rs")]
pub use hnsw_rs::{HnswRs, HnswRsError};
