//! All integration tests of this crate, in one binary.

#[path = "../common/mod.rs"]
mod common;

mod formats;
mod job;
mod kept;
#[cfg(feature = "onnx")]
mod onnx;
mod pixels;
mod sources;
#[cfg(feature = "parquet")]
mod tables;
mod weights;
