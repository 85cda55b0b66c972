//! Any image model in ONNX form, run by `rten` or by ONNX Runtime.
//!
//! Input: a `.onnx` file (with its `.onnx.data` in the same folder, where it has one), perhaps an output's
//! name; prepared images. Leaves: one row of numbers per image.
//!
//! * `input`: what the one input says: layout, sides, batch;
//! * `output`: which value has one row of features per image, asked of the model by running it once
//!   on zeros;
//! * `engine`: who runs it;
//! * `model`: loading and running.
//!
//! A model is run on one thread per call, so that no row depends on the number of threads. A model
//! whose batch is fixed gets that many images at once, zeros where there are none left.
//!
//! Does not: more inputs than the image, other inputs than float32, operators that the engine does
//! not know (the error names them).

mod engine;
mod error;
mod input;
mod model;
mod output;

#[cfg(feature = "onnxruntime")]
pub use engine::Device;
pub use engine::OnnxEngine;
pub(crate) use engine::Runner;
pub use error::OnnxError;
pub use input::Layout;
pub use model::{OnnxModel, OnnxRequest};
