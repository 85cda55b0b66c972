//! A loaded ONNX model whose input and output are known.

use std::fmt;
use std::path::PathBuf;

use super::engine::{self, Engine, Optimize, Runner};
use super::input::Input;
use super::{Layout, OnnxEngine, OnnxError, output};
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
    /// Who runs it.
    pub engine: OnnxEngine,
}

/// A model that turns images into rows.
pub struct OnnxModel {
    engine: Box<dyn Engine>,
    input: Input,
    output: String,
    dimensions: usize,
    preparation: Preparation,
}

impl OnnxModel {
    /// Loads a model and runs it once, on zeros.
    pub fn load(request: &OnnxRequest) -> Result<Self, OnnxError> {
        let load = |optimize| engine::load(&request.engine, &request.path, optimize);
        match (&request.output, Self::found(load(Optimize::Yes)?, request)) {
            // Optimization fuses operators, and with them goes what lies between: without it every
            // value can be had.
            (Some(_), Err(OnnxError::NoOutput { .. } | OnnxError::Run { .. })) => {
                Self::found(load(Optimize::No)?, request)
            }
            (_, found) => found,
        }
    }

    /// Finds input and output.
    fn found(engine: Box<dyn Engine>, request: &OnnxRequest) -> Result<Self, OnnxError> {
        let input = Input::of(&engine.inputs(), request.layout)?;
        let preparation = request.settings.for_input(input.sides)?;
        let names = candidates(engine.as_ref(), request.output.as_deref())?;
        let shape = input_shape(&input, &preparation);
        let zeros = vec![0.0; shape.iter().product()];
        let values = engine
            .runner()
            .and_then(|mut runner| runner.run(&shape, zeros, &names));
        let values = values.map_err(|problem| OnnxError::Run {
            shape: shape.to_vec(),
            problem,
        })?;
        let Some((place, dimensions)) = output::last_with_rows(&values, input.batch) else {
            let found = engine::found(&values);
            return Err(match request.output {
                Some(_) => OnnxError::OutputShape { found },
                None => OnnxError::NoRows { found },
            });
        };
        let output = names[place].clone();
        Ok(Self {
            engine,
            input,
            output,
            dimensions,
            preparation,
        })
    }

    /// Numbers per row.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The output's name.
    pub fn output(&self) -> &str {
        &self.output
    }

    /// How pictures are prepared for it.
    pub fn preparation(&self) -> &Preparation {
        &self.preparation
    }

    /// Images at once.
    pub(crate) fn batch(&self) -> usize {
        self.input.batch
    }

    /// What a thread needs to run it; what is wrong, in words.
    pub(crate) fn runner(&self) -> Result<Box<dyn Runner>, String> {
        self.engine.runner()
    }

    /// The values of a batch of images, each height × width × 3 bytes; zeros where images are
    /// missing.
    pub(crate) fn values(&self, images: &[Vec<u8>], table: &[[f32; 256]; 3]) -> Vec<f32> {
        let shape = input_shape(&self.input, &self.preparation);
        let places = self.preparation.colors.places();
        let mut values = Vec::with_capacity(shape.iter().product());
        for pixels in images {
            let value = |channel: usize, pixel: &[u8; 3]| {
                table[channel][usize::from(pixel[places[channel]])]
            };
            let pixels = pixels.as_chunks().0;
            match self.input.layout {
                Layout::ChannelsFirst => {
                    (0..3).for_each(|channel| {
                        values.extend(pixels.iter().map(|pixel| value(channel, pixel)));
                    });
                }
                Layout::ChannelsLast => {
                    pixels.iter().for_each(|pixel| {
                        values.extend((0..3).map(|channel| value(channel, pixel)));
                    });
                }
            }
        }
        values.resize(shape.iter().product(), 0.0);
        values
    }

    /// The rows of a full batch of values, one after the other.
    pub(crate) fn run(
        &self,
        runner: &mut dyn Runner,
        values: Vec<f32>,
    ) -> Result<Vec<f32>, String> {
        let shape = input_shape(&self.input, &self.preparation);
        let mut found = runner.run(&shape, values, std::slice::from_ref(&self.output))?;
        let Some(value) = found.pop() else {
            return Err(format!("no value {:?}", self.output));
        };
        let fits = output::row_length(&value, self.input.batch) == Some(self.dimensions);
        match value.numbers {
            Some(rows) if fits => Ok(rows),
            numbers => Err(format!(
                "{}, not {} numbers",
                engine::found(&[engine::Found { numbers, ..value }]),
                self.dimensions
            )),
        }
    }
}

impl fmt::Debug for OnnxModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            input,
            output,
            dimensions,
            ..
        } = self;
        write!(
            formatter,
            "OnnxModel {{ {input:?}, output: {output:?}, dimensions: {dimensions} }}"
        )
    }
}

/// The value of that name, or all outputs.
fn candidates(engine: &dyn Engine, name: Option<&str>) -> Result<Vec<String>, OnnxError> {
    let outputs = engine.outputs();
    match name {
        None => Ok(outputs.into_iter().map(|output| output.name).collect()),
        Some(name) if engine.has(name) => Ok(vec![name.to_owned()]),
        Some(name) => Err(OnnxError::NoOutput {
            name: name.to_owned(),
            found: engine::declared(&outputs),
        }),
    }
}

fn input_shape(input: &Input, preparation: &Preparation) -> [usize; 4] {
    let (height, width) = (preparation.crop_height, preparation.crop_width);
    match input.layout {
        Layout::ChannelsFirst => [input.batch, 3, height, width],
        Layout::ChannelsLast => [input.batch, height, width, 3],
    }
}
