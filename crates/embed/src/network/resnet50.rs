//! ResNet-50 (v1.5) up to the pooled features, batch norm folded.
//!
//! Input: weights by torchvision's names; prepared images, published for 3 × 224 × 224. Output: 2048
//! numbers per image, none negative. NaN and infinity are errors that name the tensor or the layer.
//!
//! 7×7/2 · largest of 3×3/2 · 3 + 4 + 6 + 3 bottlenecks of (1×1, 3×3, 1×1) · mean of the pixels
//!
//! He et al. 2016 (arXiv:1512.03385) in the variant that torchvision and timm publish, which
//! strides in the 3 × 3. Batch norm is folded into weights and bias in float64; bias, addition and
//! ReLU happen as the sums leave the registers. The last two layers, which have nearly all weights for few
//! pixels, take several images at once. Each value is made from its own image in one order, so no result
//! depends on the number of threads or on the other images.
//!
//! Cost: 6.2 GFLOP per image of that size (8.2 by direct sums), 150 MB of weights, 20 MB per thread. Does not: train,
//! classify.

use super::convolution::{Convolution, NotFinite};
use super::epilogue::Finish;
use super::image::Activations;
use super::pooling::{largest_of_3x3, means_of_pixels, rows_for};
use super::shape::Shape;
use super::winograd::Transformed;
use crate::weights::{Weights, WeightsError};

/// Added to the variance by PyTorch's batch norm.
const EPSILON: f64 = 1e-5;
/// Zeros around the image that the first convolution reads.
pub(crate) const BORDER: usize = 3;
/// Most values of the first convolution that wait for pooling: 1 MB.
const FIRST_VALUES: usize = 1 << 18;
/// Bottlenecks and inner channels of the four layers.
const LAYERS: [(usize, usize); 4] = [(3, 64), (4, 128), (6, 256), (3, 512)];

/// ResNet-50 up to the pooled features.
#[derive(Clone, Debug)]
pub struct ResNet50 {
    first: Convolution,
    bottlenecks: Vec<Bottleneck>,
}

/// The buffers of one thread; 20 MB once used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workspace {
    pub(crate) image: Activations,
    current: Activations,
    narrow: Activations,
    convolved: Activations,
    next: Activations,
    transformed: Transformed,
    /// Images on their way into the last two layers.
    gathered: Activations,
}

#[derive(Clone, Debug)]
struct Bottleneck {
    reduce: Convolution,
    convolve: Convolution,
    /// And the shortcut's, where the shape changes on the way.
    expand: Convolution,
    changes_shape: bool,
}

impl ResNet50 {
    /// Numbers per embedding.
    pub const DIMENSIONS: usize = 2048;

    /// Takes what it needs from the weights: convolutions and their batch norms.
    pub fn new(weights: &Weights) -> Result<Self, WeightsError> {
        // The border stands in the image already: see `BORDER`.
        let first = Shape {
            inputs: 3,
            outputs: 64,
            kernel: 7,
            stride: 2,
            padding: 0,
        };
        let first = folded(weights, "conv1", "bn1", first)?;
        let mut bottlenecks = Vec::new();
        let mut inputs = 64;
        for (layer, (depth, channels)) in LAYERS.into_iter().enumerate() {
            for block in 0..depth {
                let stride = if layer > 0 && block == 0 { 2 } else { 1 };
                let name = format!("layer{}.{block}", layer + 1);
                bottlenecks.push(Bottleneck::new(weights, &name, inputs, channels, stride)?);
                inputs = 4 * channels;
            }
        }
        Ok(Self { first, bottlenecks })
    }

    /// The embeddings of `images` images; `draw` writes each into the buffer it is given, which keeps its border of
    /// zeros.
    ///
    /// Fails at the first convolution whose sums are not finite, before ReLU turns NaN into 0.
    pub(crate) fn embed(
        &self,
        workspace: &mut Workspace,
        images: usize,
        draw: impl Fn(usize, &mut Activations),
    ) -> Result<Vec<Vec<f32>>, NotFinite> {
        let (alone, together) = self.bottlenecks.split_at(LAYERS[0].0 + LAYERS[1].0);
        for number in 0..images {
            draw(number, &mut workspace.image);
            workspace.through_first(&self.first)?;
            workspace.through(alone)?;
            let Workspace {
                current, gathered, ..
            } = workspace;
            gathered.reshape([images, current.height, current.width, current.channels]);
            gathered.image_mut(number).copy_from_slice(current.values());
        }
        std::mem::swap(&mut workspace.current, &mut workspace.gathered);
        workspace.through(together)?;
        Ok(means_of_pixels(&workspace.current))
    }
}

impl Workspace {
    /// Puts the image through the first convolution and pooling, by rows whose sums stay in the private cache.
    fn through_first(&mut self, first: &Convolution) -> Result<(), NotFinite> {
        let Self {
            image,
            current,
            convolved,
            transformed,
            ..
        } = self;
        let [_, height, width, channels] = first.outputs(image);
        let pooled = height.div_ceil(2);
        current.reshape([1, pooled, width.div_ceil(2), channels]);
        let most = (FIRST_VALUES / (2 * width * channels)).max(1);
        let some = pooled.div_ceil(pooled.div_ceil(most));
        for start in (0..pooled).step_by(some) {
            let outputs = start..(start + some).min(pooled);
            let rows = rows_for(&outputs, height);
            let input = image.rows(first.rows_for(rows));
            first.apply([input], Finish::Rectify, transformed, convolved)?;
            largest_of_3x3(convolved, outputs, current);
        }
        Ok(())
    }

    /// Puts the current images through some bottlenecks.
    fn through(&mut self, bottlenecks: &[Bottleneck]) -> Result<(), NotFinite> {
        let Self {
            current,
            narrow,
            convolved,
            next,
            transformed: by,
            ..
        } = self;
        for bottleneck in bottlenecks {
            let Bottleneck {
                reduce,
                convolve,
                expand,
                changes_shape,
            } = bottleneck;
            reduce.apply([current.view()], Finish::Rectify, by, narrow)?;
            convolve.apply([narrow.view()], Finish::Rectify, by, convolved)?;
            if *changes_shape {
                let inputs = [convolved.view(), current.view()];
                expand.apply(inputs, Finish::Rectify, by, next)?;
                std::mem::swap(current, next);
            } else {
                expand.apply([convolved.view()], Finish::AddAndRectify, by, current)?;
            }
        }
        Ok(())
    }
}

impl Bottleneck {
    fn new(
        weights: &Weights,
        name: &str,
        inputs: usize,
        channels: usize,
        stride: usize,
    ) -> Result<Self, WeightsError> {
        let outputs = 4 * channels;
        let part = |convolution: &str, norm: &str, shape| {
            folded(
                weights,
                &format!("{name}.{convolution}"),
                &format!("{name}.{norm}"),
                shape,
            )
        };
        let one_by_one = |inputs, outputs, stride| Shape {
            inputs,
            outputs,
            kernel: 1,
            stride,
            padding: 0,
        };
        let middle = Shape {
            inputs: channels,
            outputs: channels,
            kernel: 3,
            stride,
            padding: 1,
        };
        let mut expand = part("conv3", "bn3", one_by_one(channels, outputs, 1))?;
        let changes_shape = inputs != outputs;
        if changes_shape {
            let shape = one_by_one(inputs, outputs, stride);
            expand = expand.plus(part("downsample.0", "downsample.1", shape)?);
        }
        Ok(Self {
            reduce: part("conv1", "bn1", one_by_one(inputs, channels, 1))?,
            convolve: part("conv2", "bn2", middle)?,
            expand,
            changes_shape,
        })
    }
}

/// The convolution with its batch norm folded in: w·s and β − μ·s with s = γ/√(σ² + ε).
fn folded(
    weights: &Weights,
    convolution: &str,
    norm: &str,
    shape: Shape,
) -> Result<Convolution, WeightsError> {
    let Shape {
        inputs,
        outputs,
        kernel,
        ..
    } = shape;
    let mut values = weights.tensor(
        &format!("{convolution}.weight"),
        &[outputs, inputs, kernel, kernel],
    )?;
    let of_norm = |part: &str| weights.tensor(&format!("{norm}.{part}"), &[outputs]);
    let (gamma, beta) = (of_norm("weight")?, of_norm("bias")?);
    let (mean, variance) = (of_norm("running_mean")?, of_norm("running_var")?);
    if let Some(index) = variance.iter().position(|&variance| variance < 0.0) {
        return Err(WeightsError::NegativeVariance {
            name: format!("{norm}.running_var"),
            index,
            value: variance[index],
        });
    }
    let scales: Vec<f64> = gamma
        .iter()
        .zip(&variance)
        .map(|(&gamma, &variance)| f64::from(gamma) / (f64::from(variance) + EPSILON).sqrt())
        .collect();
    for (values, scale) in values
        .chunks_exact_mut(inputs * kernel * kernel)
        .zip(&scales)
    {
        for value in values {
            *value = (f64::from(*value) * scale) as f32;
        }
    }
    let bias = beta.iter().zip(&mean).zip(&scales);
    let bias: Vec<f32> = bias
        .map(|((&beta, &mean), scale)| (f64::from(beta) - f64::from(mean) * scale) as f32)
        .collect();
    let of_channels = values.chunks_exact(inputs * kernel * kernel).zip(&bias);
    for (channel, (weights, bias)) in of_channels.enumerate() {
        let value = weights
            .iter()
            .chain([bias])
            .find(|value| !value.is_finite());
        if let Some(&value) = value {
            return Err(WeightsError::Folded {
                convolution: convolution.to_owned(),
                norm: norm.to_owned(),
                channel,
                value,
            });
        }
    }
    Ok(Convolution::new(convolution, shape, &values, bias))
}
