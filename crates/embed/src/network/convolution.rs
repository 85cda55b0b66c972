//! A convolution with bias, addend and ReLU, by the way that suits its shape.
//!
//! Enters: images × height × width × channels (NHWC). Leaves: images × height′ × width′ × channels′.
//!
//! 3 × 3, stride 1                            `winograd`: 1/4 or 4/9 of the multiplications
//! others                                     `direct`
//!
//! Does not: groups, dilation, output channels that fill no panel.

use pulp::{Arch, Simd, WithSimd};

use super::direct::{self, Direct};
use super::epilogue::Finish;
use super::image::Activations;
use super::kernel::PANEL_REGISTERS;
use super::shape::Shape;
use super::winograd::{self, Transformed, Winograd};

/// A convolution gave a sum that is NaN or infinite.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("layer {layer} gives values that are not finite")]
pub struct NotFinite {
    /// The convolution, by torchvision's name.
    pub layer: String,
}

/// A convolution with its weights packed for this processor.
#[derive(Clone, Debug)]
pub(super) struct Convolution {
    /// torchvision's name, for errors.
    name: String,
    shape: Shape,
    /// The side of Winograd's tiles; `None` by direct sums.
    side: Option<usize>,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Convolution {
    /// Packs weights given as outputs × inputs × kernel × kernel.
    ///
    /// # Panics
    /// If the numbers of weights and biases are not the shape's.
    pub(super) fn new(name: &str, shape: Shape, weights: &[f32], bias: Vec<f32>) -> Self {
        Self::by(winograd::side(shape), name, shape, weights, bias)
    }

    fn by(side: Option<usize>, name: &str, shape: Shape, weights: &[f32], bias: Vec<f32>) -> Self {
        assert_eq!(
            weights.len(),
            shape.weights(),
            "one weight per output, input and tap"
        );
        assert_eq!(bias.len(), shape.outputs, "one bias per output");
        let width = Arch::new().dispatch(PanelWidth);
        assert_eq!(
            shape.outputs % width,
            0,
            "output channels fill whole panels"
        );
        let weights = match side {
            Some(side) => winograd::packed(shape, weights, side, width),
            None => direct::packed(shape, weights, width),
        };
        Self {
            name: name.to_owned(),
            shape,
            side,
            weights,
            bias,
        }
    }

    /// Convolves `input` into `output`, whose buffer is reused, as `transformed` is; fails where a
    /// sum is not finite.
    pub(super) fn apply(
        &self,
        input: &Activations,
        finish: Finish<'_>,
        transformed: &mut Transformed,
        output: &mut Activations,
    ) -> Result<(), NotFinite> {
        assert_eq!(
            input.channels, self.shape.inputs,
            "the input has the channels of the weights"
        );
        let (height, width) = (
            self.shape.output_side(input.height),
            self.shape.output_side(input.width),
        );
        output.reshape([input.images, height, width, self.shape.outputs]);
        if let Finish::AddAndRectify(addend) = finish {
            assert_eq!(
                addend.len(),
                output.values().len(),
                "the addend is shaped as the output"
            );
        }
        let Self {
            shape,
            weights,
            bias,
            ..
        } = self;
        let is_finite = if let Some(side) = self.side {
            Arch::new().dispatch(Winograd {
                side,
                weights,
                bias,
                input,
                finish,
                transformed,
                output,
            })
        } else {
            Arch::new().dispatch(Direct {
                shape: *shape,
                weights,
                bias,
                input,
                finish,
                output,
            })
        };
        if is_finite {
            return Ok(());
        }
        Err(NotFinite {
            layer: self.name.clone(),
        })
    }
}

struct PanelWidth;

impl WithSimd for PanelWidth {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> usize {
        PANEL_REGISTERS * S::F32_LANES
    }
}

#[cfg(test)]
mod tests {
    use super::super::image::Pixel;
    use super::*;

    /// Numbers in −1..1.
    fn noise(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1_u32 << 23) as f32 - 1.0
        };
        (0..count).map(|_| draw()).collect()
    }

    fn images(images: usize, height: usize, width: usize, channels: usize) -> Activations {
        let mut all = Activations::default();
        all.reshape([images, height, width, channels]);
        let values = noise(images * height * width * channels, 3);
        all.values_mut().copy_from_slice(&values);
        all
    }

    /// The sums in float64, and those of absolute values.
    fn sums(shape: Shape, weights: &[f32], bias: &[f32], input: &Activations) -> Vec<[f64; 2]> {
        let (down, across) = (
            shape.output_side(input.height),
            shape.output_side(input.width),
        );
        let mut sums = Vec::new();
        for pixel in 0..input.images * down * across {
            let (image, pixel) = (pixel / (down * across), pixel % (down * across));
            let (row, column) = (pixel / across, pixel % across);
            for (output, &bias) in bias.iter().enumerate() {
                let mut sum = [f64::from(bias); 2];
                for (y, x) in (0..shape.kernel).flat_map(|y| (0..shape.kernel).map(move |x| (y, x)))
                {
                    let (row, column) = (row * shape.stride + y, column * shape.stride + x);
                    let at = Pixel { image, row, column };
                    let run = input.run(at, shape.padding, shape.inputs);
                    for (channel, &value) in run.iter().enumerate() {
                        let of_output = output * shape.inputs + channel;
                        let tap = (of_output * shape.kernel + y) * shape.kernel + x;
                        let product = f64::from(value) * f64::from(weights[tap]);
                        sum = [sum[0] + product, sum[1] + product.abs()];
                    }
                }
                sums.push(sum);
            }
        }
        sums
    }

    /// By both ways, every epilogue, sides that are whole tiles and some that are not.
    #[test]
    fn convolutions_are_their_sums_in_float64() {
        let shape = Shape {
            inputs: 32,
            outputs: 64,
            kernel: 3,
            stride: 1,
            padding: 1,
        };
        let strided = Shape { stride: 2, ..shape };
        let pointwise = Shape {
            kernel: 1,
            padding: 0,
            ..shape
        };
        // Larger tiles have larger factors before and after their products.
        let ways = [
            (Some(6), shape, 4e-6),
            (Some(4), shape, 1e-6),
            (None, shape, 1e-6),
            (None, strided, 1e-6),
            (None, pointwise, 1e-6),
        ];
        let (mut transformed, mut output) = (Transformed::default(), Activations::default());
        for (side, shape, most) in ways {
            let (weights, bias) = (noise(shape.weights(), 5), noise(shape.outputs, 7));
            let convolution = Convolution::by(side, "layer", shape, &weights, bias.clone());
            for [count, height, width] in [[1, 1, 1], [1, 2, 2], [3, 7, 5], [2, 16, 9], [1, 41, 23]]
            {
                let input = images(count, height, width, shape.inputs);
                let expected = sums(shape, &weights, &bias, &input);
                let addend = noise(expected.len(), 11);
                for finish in [
                    Finish::Keep,
                    Finish::Rectify,
                    Finish::AddAndRectify(&addend),
                ] {
                    let done = convolution.apply(&input, finish, &mut transformed, &mut output);
                    assert_eq!(done, Ok(()));
                    assert_eq!(output.values().len(), expected.len());
                    for (place, (&found, [sum, absolute])) in
                        output.values().iter().zip(&expected).enumerate()
                    {
                        let sum = match finish {
                            Finish::Keep => *sum,
                            Finish::Rectify => sum.max(0.0),
                            Finish::AddAndRectify(addend) => {
                                (sum + f64::from(addend[place])).max(0.0)
                            }
                        };
                        let off = (f64::from(found) - sum).abs();
                        assert!(
                            off <= most * (absolute + 1.0),
                            "{side:?}, {shape:?}, {count} × {height} × {width}, {finish:?}, {place}: {found} for {sum}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_sum_that_is_not_finite_names_its_layer_even_where_it_would_become_zero() {
        let shape = Shape {
            inputs: 32,
            outputs: 32,
            kernel: 3,
            stride: 1,
            padding: 1,
        };
        for side in [Some(6), Some(4), None] {
            for value in [f32::NAN, f32::NEG_INFINITY] {
                let mut weights = noise(shape.weights(), 5);
                weights[7 * shape.depth()] = value;
                let bias = vec![0.0; shape.outputs];
                let convolution = Convolution::by(side, "layer3", shape, &weights, bias);
                let (mut transformed, mut output) = Default::default();
                let input = images(1, 5, 6, shape.inputs);
                let done =
                    convolution.apply(&input, Finish::Rectify, &mut transformed, &mut output);
                let layer = "layer3".to_owned();
                assert_eq!(done, Err(NotFinite { layer }), "{side:?}, {value}");
            }
        }
    }
}
