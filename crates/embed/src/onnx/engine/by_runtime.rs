//! Inference by ONNX Runtime, loaded from a library that is already on the machine.
//!
//! The library is opened once per process and stays; nothing of it is in the build. Each thread has
//! a session of its own, of one thread: a session may not be run by two at once, and so no row
//! depends on the number of threads. Each holds its own copy of the weights.
//!
//! Does not: name values between operators, for this engine gives outputs alone.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use annatomy_runtime::guard_panics;
use ort::ep::CUDA;
use ort::logging::LogLevel;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{OutputSelector, RunOptions, Session};
use ort::value::{DynValue, Outlet, TensorElementType, TensorRef, ValueType};

use super::{Declared, Device, Engine, Found, Optimize, Runner};

/// Opens the library; every later call must name the same one.
pub(super) fn open(library: &Path) -> Result<(), String> {
    static OPENED: OnceLock<(PathBuf, Result<(), String>)> = OnceLock::new();
    let open = || {
        // A name without a folder would be looked for where the system keeps libraries.
        let library = library.canonicalize().map_err(|error| error.to_string())?;
        let environment = guard_panics(
            |problem| problem,
            || ort::init_from(library).map_err(|error| error.to_string()),
        )?;
        guard_panics(
            |problem| problem,
            || Ok(environment.with_telemetry(false).commit()),
        )?;
        Ok(())
    };
    let (opened, outcome) = OPENED.get_or_init(|| (library.to_owned(), open()));
    if opened != library {
        return Err(format!(
            "this process has {} open, and cannot open another",
            opened.display()
        ));
    }
    outcome.clone()
}

/// A model as ONNX Runtime reads it.
pub(super) struct Runtime {
    path: PathBuf,
    optimize: Optimize,
    device: Device,
    inputs: Vec<Declared>,
    outputs: Vec<Declared>,
}

impl Runtime {
    /// Reads the model once, for what it declares.
    pub(super) fn load(path: &Path, optimize: Optimize, device: Device) -> Result<Self, String> {
        let session = session(path, optimize, device)?;
        let [inputs, outputs] =
            [session.inputs(), session.outputs()].map(|ports| ports.iter().map(declared).collect());
        Ok(Self {
            path: path.to_owned(),
            optimize,
            device,
            inputs,
            outputs,
        })
    }
}

impl Engine for Runtime {
    fn inputs(&self) -> Vec<Declared> {
        self.inputs.clone()
    }

    fn outputs(&self) -> Vec<Declared> {
        self.outputs.clone()
    }

    fn has(&self, name: &str) -> bool {
        self.outputs.iter().any(|output| output.name == name)
    }

    fn runner(&self) -> Result<Box<dyn Runner>, String> {
        Ok(Box::new(session(&self.path, self.optimize, self.device)?))
    }
}

impl Runner for Session {
    fn run(
        &mut self,
        shape: &[usize],
        values: Vec<f32>,
        names: &[String],
    ) -> Result<Vec<Found>, String> {
        let run = || {
            let shape: Vec<i64> = shape.iter().map(|&side| side as i64).collect();
            let input = TensorRef::from_array_view((shape, &values[..])).map_err(words)?;
            let wanted = names
                .iter()
                .fold(OutputSelector::no_default(), OutputSelector::with);
            let options = RunOptions::new().map_err(words)?.with_outputs(wanted);
            let outputs = self
                .run_with_options(ort::inputs![input], &options)
                .map_err(words)?;
            let named = |name: &String| {
                found(
                    name,
                    outputs
                        .get(name)
                        .ok_or_else(|| format!("no value {name:?}"))?,
                )
            };
            names.iter().map(named).collect()
        };
        guard_panics(|problem| problem, run)
    }
}

fn session(path: &Path, optimize: Optimize, device: Device) -> Result<Session, String> {
    let level = match optimize {
        Optimize::Yes => GraphOptimizationLevel::All,
        Optimize::No => GraphOptimizationLevel::Disable,
    };
    let open = || {
        let builder = Session::builder().map_err(words)?;
        let builder = builder
            .with_intra_threads(1)
            .map_err(words)?
            .with_inter_threads(1)
            .map_err(words)?;
        let builder = builder.with_optimization_level(level).map_err(words)?;
        // What is wrong comes as an error; the engine need not print it too.
        let builder = builder.with_log_level(LogLevel::Fatal).map_err(words)?;
        let mut builder = match device {
            Device::Processor => builder,
            Device::Cuda => builder
                .with_execution_providers([CUDA::default().build().error_on_failure()])
                .map_err(words)?,
        };
        builder.commit_from_file(path).map_err(words)
    };
    guard_panics(|problem| problem, open)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "`map_err` passes it by value"
)]
fn words<T>(error: ort::Error<T>) -> String {
    error.to_string()
}

fn declared(port: &Outlet) -> Declared {
    let (kind, shape) = match port.dtype() {
        ValueType::Tensor { ty, shape, .. } => (
            format!("tensor({ty})"),
            Some(
                shape
                    .iter()
                    .map(|&side| usize::try_from(side).ok())
                    .collect(),
            ),
        ),
        other => (other.to_string(), None),
    };
    let takes_numbers = matches!(
        port.dtype(),
        ValueType::Tensor {
            ty: TensorElementType::Float32,
            ..
        }
    );
    Declared {
        name: port.name().to_owned(),
        kind,
        takes_numbers,
        shape,
    }
}

fn found(name: &str, value: &DynValue) -> Result<Found, String> {
    let kind = match value.dtype() {
        ValueType::Tensor { ty, .. } => format!("tensor({ty})"),
        other => other.to_string(),
    };
    let shape = match value.dtype() {
        ValueType::Tensor { shape, .. } => shape.iter().map(|&side| side as usize).collect(),
        _ => Vec::new(),
    };
    let numbers = match value.dtype() {
        ValueType::Tensor {
            ty: TensorElementType::Float32,
            ..
        } => {
            let (_, numbers) = value.try_extract_tensor::<f32>().map_err(words)?;
            Some(numbers.to_vec())
        }
        _ => None,
    };
    Ok(Found {
        name: name.to_owned(),
        kind,
        shape,
        numbers,
    })
}
