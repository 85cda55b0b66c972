//! A model with its input and output found, ready to run.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annatomy_vectors::fenced;
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value};
use rten_tensor::prelude::*;

use super::input::{self, Input};
use super::{Layout, OnnxError, output};
use crate::pixels::{Preparation, PreparationSettings};

/// Which model, and what a user says of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnnxRequest {
    /// The file.
    pub path: PathBuf,
    /// The value that is wanted; otherwise the last output with one row per image.
    pub output: Option<String>,
    /// Where colors lie; otherwise what the input's shape says.
    pub layout: Option<Layout>,
    /// How pictures are prepared; otherwise what the input's shape and ImageNet's custom say.
    pub settings: PreparationSettings,
}

/// A model that turns images into rows.
pub struct OnnxModel {
    model: Model,
    input: Input,
    output: NodeId,
    output_name: String,
    dimensions: usize,
    preparation: Preparation,
}

/// What one thread needs to run a model: another one, on which all of the engine's work is done.
#[derive(Clone, Debug)]
pub(crate) struct Runner(Arc<ThreadPool>);

impl OnnxModel {
    /// Loads a model and runs it once, on zeros.
    pub fn load(request: &OnnxRequest) -> Result<Self, OnnxError> {
        let model = load(&request.path, Optimize::Yes)?;
        match (&request.output, Self::found(model, request)) {
            // Optimization fuses operators, and with them goes what lies between: without it every value can be had.
            (Some(_), Err(OnnxError::NoOutput { .. } | OnnxError::Run { .. })) => {
                Self::found(load(&request.path, Optimize::No)?, request)
            }
            (_, found) => found,
        }
    }

    /// Finds input and output.
    fn found(model: Model, request: &OnnxRequest) -> Result<Self, OnnxError> {
        let input = Input::of(&model, request.layout)?;
        let preparation = request.settings.for_input(input.sides)?;
        let ids = candidates(&model, request.output.as_deref())?;
        let shape = input_shape(&input, &preparation);
        let zeros = vec![0.0; shape.iter().product()];
        let failed = |problem| OnnxError::Run { shape: shape.to_vec(), problem };
        let values = run(&model, &Runner::new(), (input.id, shape, zeros), &ids).map_err(failed)?;
        let names: Vec<String> = ids.iter().map(|&id| name(&model, id)).collect();
        let Some((place, dimensions)) = output::last_with_rows(&values, input.batch) else {
            let found = output::described(&names, &values);
            return Err(match request.output {
                Some(_) => OnnxError::OutputShape { found },
                None => OnnxError::NoRows { found },
            });
        };
        let (output, output_name) = (ids[place], names[place].clone());
        Ok(Self { model, input, output, output_name, dimensions, preparation })
    }

    /// Numbers per row.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The output's name.
    pub fn output(&self) -> &str {
        &self.output_name
    }

    /// How pictures are prepared for it.
    pub fn preparation(&self) -> &Preparation {
        &self.preparation
    }

    /// Images at once.
    pub(crate) fn batch(&self) -> usize {
        self.input.batch
    }

    /// The values of a batch of images, each height × width × 3 bytes; zeros where images are missing.
    pub(crate) fn values(&self, images: &[Vec<u8>], table: &[[f32; 256]; 3]) -> Vec<f32> {
        let shape = input_shape(&self.input, &self.preparation);
        let places = self.preparation.colors.places();
        let mut values = Vec::with_capacity(shape.iter().product());
        for pixels in images {
            let value = |channel: usize, pixel: &[u8; 3]| table[channel][usize::from(pixel[places[channel]])];
            let pixels = pixels.as_chunks().0;
            match self.input.layout {
                Layout::ChannelsFirst => {
                    (0..3).for_each(|channel| values.extend(pixels.iter().map(|pixel| value(channel, pixel))));
                }
                Layout::ChannelsLast => {
                    pixels.iter().for_each(|pixel| values.extend((0..3).map(|channel| value(channel, pixel))));
                }
            }
        }
        values.resize(shape.iter().product(), 0.0);
        values
    }

    /// The rows of a full batch of values, one after the other.
    pub(crate) fn run(&self, runner: &Runner, values: Vec<f32>) -> Result<Vec<f32>, String> {
        let shape = input_shape(&self.input, &self.preparation);
        let found = run(&self.model, runner, (self.input.id, shape, values), &[self.output])?;
        let [value] = &found[..] else { return Err(format!("{} values for one", found.len())) };
        match (value.as_tensor_view::<f32>(), output::row_length(value, self.input.batch)) {
            (Some(rows), Some(length)) if length == self.dimensions => Ok(rows.to_vec()),
            _ => Err(format!(
                "{}, not {} numbers",
                output::described(std::slice::from_ref(&self.output_name), &found),
                self.dimensions
            )),
        }
    }
}

impl fmt::Debug for OnnxModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input, output_name, dimensions, .. } = self;
        write!(formatter, "OnnxModel {{ {input:?}, output: {output_name:?}, dimensions: {dimensions} }}")
    }
}

impl Runner {
    pub(crate) fn new() -> Self {
        Self(Arc::new(ThreadPool::with_num_threads(1)))
    }
}

#[derive(Clone, Copy)]
enum Optimize {
    Yes,
    No,
}

fn load(path: &Path, optimize: Optimize) -> Result<Model, OnnxError> {
    let failed = |problem: String| OnnxError::Load { path: path.to_owned(), problem };
    let mut options = ModelOptions::with_all_ops();
    options.enable_optimization(matches!(optimize, Optimize::Yes)).prepack_weights(true);
    fenced(failed, || options.load_file(path).map_err(|error| failed(error.to_string())))
}

/// The value of that name, or all outputs.
fn candidates(model: &Model, name: Option<&str>) -> Result<Vec<NodeId>, OnnxError> {
    let Some(name) = name else { return Ok(model.output_ids().to_vec()) };
    let absent = || {
        let found = input::described(model, model.output_ids());
        OnnxError::NoOutput { name: name.to_owned(), found }
    };
    Ok(vec![model.find_node(name).ok_or_else(absent)?])
}

/// Runs the model up to `outputs`; what is wrong, in words.
fn run(
    model: &Model,
    runner: &Runner,
    (input, shape, values): (NodeId, [usize; 4], Vec<f32>),
    outputs: &[NodeId],
) -> Result<Vec<Value>, String> {
    let value = Value::from_shape(&shape[..], values).map_err(|error| error.to_string())?;
    let options = RunOptions::default().with_thread_pool(Some(runner.0.clone()));
    let run = || model.run(vec![(input, value.into())], outputs, Some(options)).map_err(|error| error.to_string());
    // The fence belongs to the thread that might panic.
    runner.0.run(|| fenced(|problem| problem, run))
}

fn input_shape(input: &Input, preparation: &Preparation) -> [usize; 4] {
    let (height, width) = (preparation.crop_height, preparation.crop_width);
    match input.layout {
        Layout::ChannelsFirst => [input.batch, 3, height, width],
        Layout::ChannelsLast => [input.batch, height, width, 3],
    }
}

fn name(model: &Model, id: NodeId) -> String {
    model.node_info(id).and_then(|info| info.name().map(str::to_owned)).unwrap_or_default()
}
