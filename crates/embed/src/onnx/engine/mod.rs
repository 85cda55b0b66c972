//! Inference engines: what each declares of a model, and how it runs it.
//!
//! * `by_rten`: in Rust, always there;
//! * `by_runtime`: an ONNX Runtime library that the user has, opened when it is asked for (feature
//!   `onnxruntime`).
//!
//! Enters: a model's file; a batch of numbers. Leaves: what the model declares; the values that
//! were asked for, by name.

mod by_rten;
#[cfg(feature = "onnxruntime")]
mod by_runtime;

use std::path::Path;
#[cfg(feature = "onnxruntime")]
use std::path::PathBuf;

use super::OnnxError;

/// Which engine runs a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OnnxEngine {
    /// `rten`.
    #[default]
    Rten,
    /// ONNX Runtime, from its library: `libonnxruntime.so`, `.dylib` or `onnxruntime.dll`, 1.17 or
    /// later. A process opens one.
    #[cfg(feature = "onnxruntime")]
    Runtime(PathBuf, Device),
}

/// What ONNX Runtime computes on.
#[cfg(feature = "onnxruntime")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    /// The processor: one thread a session, the same bytes at any number of threads.
    #[default]
    Processor,
    /// An NVIDIA GPU, by a library that was built with CUDA. Where it cannot be had that is an
    /// error, not a slower run. Refusals are tested, a run on a GPU is not; whether its rows are
    /// the same bytes each time is not known.
    Cuda,
}

/// A value as a model declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) name: String,
    /// As `tensor(f32)`.
    pub(super) kind: String,
    /// Whether float32 can go in.
    pub(super) takes_numbers: bool,
    /// Sides, None where they are open.
    pub(super) shape: Option<Vec<Option<usize>>>,
}

/// A value that a run gave.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) shape: Vec<usize>,
    /// Its values, where they are float32.
    pub(super) numbers: Option<Vec<f32>>,
}

/// A loaded model.
pub(super) trait Engine: Send + Sync {
    fn inputs(&self) -> Vec<Declared>;

    fn outputs(&self) -> Vec<Declared>;

    /// Whether a value of that name can be had.
    fn has(&self, name: &str) -> bool;

    /// What one thread needs to run it; what is wrong, in words.
    fn runner(&self) -> Result<Box<dyn Runner>, String>;
}

/// A model as one thread runs it.
pub(crate) trait Runner: Send {
    /// Runs the model's one input, of that shape, up to the values of the given names; what is
    /// wrong, in words.
    fn run(
        &mut self,
        shape: &[usize],
        values: Vec<f32>,
        names: &[String],
    ) -> Result<Vec<Found>, String>;
}

/// How much of a model is rewritten before it is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Optimize {
    Yes,
    No,
}

/// Has an engine load a model.
pub(super) fn load(
    engine: &OnnxEngine,
    path: &Path,
    optimize: Optimize,
) -> Result<Box<dyn Engine>, OnnxError> {
    let failed = |problem| OnnxError::Load {
        path: path.to_owned(),
        problem,
    };
    // A FIFO would block.
    annatomy_formats::open_regular(path).map_err(|error| failed(error.to_string()))?;
    match engine {
        OnnxEngine::Rten => Ok(Box::new(
            by_rten::Rten::load(path, optimize).map_err(failed)?,
        )),
        #[cfg(feature = "onnxruntime")]
        OnnxEngine::Runtime(library, device) => {
            by_runtime::open(library).map_err(|problem| OnnxError::Library {
                path: library.clone(),
                problem,
            })?;
            Ok(Box::new(
                by_runtime::Runtime::load(path, optimize, *device).map_err(failed)?,
            ))
        }
    }
}

/// Names, types and shapes, as a model declares them.
pub(super) fn declared(values: &[Declared]) -> String {
    let one = |value: &Declared| {
        let side = |side: &Option<usize>| side.map_or("?".to_owned(), |side| side.to_string());
        let shape = value
            .shape
            .as_deref()
            .map(|shape| shape.iter().map(side).collect::<Vec<_>>().join(", "));
        format!(
            "{} {} {}",
            value.name,
            value.kind,
            shape.map_or("of any shape".to_owned(), |shape| format!("[{shape}]"))
        )
    };
    if values.is_empty() {
        "nothing".to_owned()
    } else {
        values.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// Names, types and shapes, as a run gave them.
pub(super) fn found(values: &[Found]) -> String {
    let one = |value: &Found| format!("{} {} {:?}", value.name, value.kind, value.shape);
    values.iter().map(one).collect::<Vec<_>>().join(", ")
}
