//! Errors of an ONNX model, and of a request to it.

use std::path::PathBuf;

use crate::pixels::SettingsError;

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// It cannot be read, or has operators that are not known.
    #[error("{}: {problem}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The library that was to run it cannot be opened.
    #[cfg(feature = "onnxruntime")]
    #[error("{}: not an ONNX Runtime library that can be opened: {problem}", path.display())]
    Library {
        /// The library.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// It reads something else than one batch of images.
    #[error(
        "it reads {found}, where one float32 input of batch × 3 × height × width (or × 3 last) is needed"
    )]
    Input {
        /// All inputs, with types and shapes.
        found: String,
    },
    /// No output has one row per image.
    #[error("none of its outputs has one row of numbers per image: {found}")]
    NoRows {
        /// All outputs, with types and shapes.
        found: String,
    },
    /// The named output is none.
    #[error("it has no value {name:?}; its outputs: {found}")]
    NoOutput {
        /// The name asked for.
        name: String,
        /// All outputs, with types and shapes.
        found: String,
    },
    /// The named output has another shape.
    #[error("{found} is not one row of numbers per image")]
    OutputShape {
        /// Name, type and shape of the output.
        found: String,
    },
    /// The preparation does not fit.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// It cannot be run on an image of zeros.
    #[error("run on zeros of {shape:?}: {problem}")]
    Run {
        /// The input's shape.
        shape: Vec<usize>,
        /// What the engine says.
        problem: String,
    },
}
