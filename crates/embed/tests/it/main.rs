//! All integration tests of this crate, in one binary.

#[path = "../common/mod.rs"]
mod common;

mod formats;
#[path = "../../../../fuzz/fuzz_targets/embed/mod.rs"]
mod fuzzed;
mod job;
mod kept;
mod mutations;
#[cfg(feature = "onnx")]
mod onnx;
mod pixels;
mod sources;
#[cfg(feature = "parquet")]
mod tables;
mod weights;
