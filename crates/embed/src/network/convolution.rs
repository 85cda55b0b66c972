//! A convolution with bias, addend and ReLU, by the way that suits its shape.
//!
//! Enters: images × height × width × channels (NHWC). Leaves: images × height′ × width′ × channels′.
//!
//! 3 × 3, stride 1                            `winograd`: 1/4 or 4/9 of the multiplications
//! others                                     `direct`
//!
//! Does not: groups, dilation, output channels that fill no panel.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::direct::{self, Direct};
use super::epilogue::Finish;
use super::image::{Activations, View};
use super::indirection::Operand;
use super::kernel::{PANEL_REGISTERS, STEPS};
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
    /// Of one convolution, or of two whose outputs are added.
    shapes: Vec<Shape>,
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
        assert!(
            STEPS.iter().any(|&step| shape.run().is_multiple_of(step)),
            "runs of {} inputs are whole steps",
            shape.run()
        );
        let weights = match side {
            Some(side) => winograd::packed(shape, weights, side, width),
            None => direct::packed(shape, weights, width),
        };
        Self {
            name: name.to_owned(),
            shapes: vec![shape],
            side,
            weights,
            bias,
        }
    }

    /// The sum of this convolution and another, each of its own input: products of both join the same sums, and no
    /// output of `other` is stored.
    ///
    /// # Panics
    /// If their output channels differ in number, or one does not go by direct sums.
    pub(super) fn plus(mut self, other: Self) -> Self {
        assert_eq!((self.side, other.side), (None, None), "both by direct sums");
        assert_eq!(
            self.bias.len(),
            other.bias.len(),
            "the same output channels"
        );
        let panels = self.bias.len() / Arch::new().dispatch(PanelWidth);
        let parts = [&self.weights, &other.weights]
            .map(|weights| weights.chunks_exact(weights.len() / panels));
        let [own, others] = parts;
        self.weights = own
            .zip(others)
            .flat_map(|panels| [panels.0, panels.1].concat())
            .collect();
        for (bias, other) in self.bias.iter_mut().zip(&other.bias) {
            *bias += other;
        }
        self.name = format!("{} + {}", self.name, other.name);
        self.shapes.extend(other.shapes);
        self
    }

    /// The shape of the outputs of an input: images × height × width × channels.
    pub(super) fn outputs(&self, input: &Activations) -> [usize; 4] {
        let (shape, input) = (self.shapes[0], input.view());
        let [images, height, width] = Operand { shape, input }.outputs();
        [images, height, width, shape.outputs]
    }

    /// The rows of the input of some rows of outputs; without padding.
    pub(super) fn rows_for(&self, outputs: Range<usize>) -> Range<usize> {
        let Shape { kernel, stride, .. } = self.shapes[0];
        outputs.start * stride..(outputs.end - 1) * stride + kernel
    }

    /// Convolves `inputs`, one for each convolution that was added, into `output`, whose buffer is reused, as
    /// `transformed` is; fails where a sum is not finite.
    pub(super) fn apply<const INPUTS: usize>(
        &self,
        inputs: [View<'_>; INPUTS],
        finish: Finish,
        transformed: &mut Transformed,
        output: &mut Activations,
    ) -> Result<(), NotFinite> {
        assert_eq!(INPUTS, self.shapes.len(), "an input for each convolution");
        let operands: [Operand<'_>; INPUTS] = std::array::from_fn(|place| Operand {
            shape: self.shapes[place],
            input: inputs[place],
        });
        let [images, height, width] = operands[0].outputs();
        for operand in &operands {
            assert_eq!(
                operand.input.channels, operand.shape.inputs,
                "the input has the channels of the weights"
            );
            assert_eq!(
                operand.outputs(),
                [images, height, width],
                "outputs that can be added"
            );
        }
        let shape = [images, height, width, self.bias.len()];
        match finish {
            Finish::Rectify => output.reshape(shape),
            Finish::AddAndRectify => {
                assert_eq!(output.shape(), shape, "addends shaped as the output");
            }
        }
        let Self { weights, bias, .. } = self;
        let is_finite = if let Some(side) = self.side {
            Arch::new().dispatch(Winograd {
                side,
                weights,
                bias,
                input: operands[0].input,
                finish,
                transformed,
                output,
            })
        } else {
            Arch::new().dispatch(Direct {
                operands: &operands,
                weights,
                bias,
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
                    let run = input.view().run(at, shape.padding, shape.inputs);
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
        // As the network's first: a row of the kernel is 21 inputs.
        let first = Shape {
            inputs: 3,
            kernel: 7,
            stride: 2,
            ..pointwise
        };
        // Larger tiles have larger factors before and after their products.
        let ways = [
            (Some(6), shape, 4e-6),
            (Some(4), shape, 1e-6),
            (None, shape, 1e-6),
            (None, strided, 1e-6),
            (None, pointwise, 1e-6),
            (None, first, 1e-6),
        ];
        let (mut transformed, mut output) = (Transformed::default(), Activations::default());
        for (side, shape, most) in ways {
            let (weights, bias) = (noise(shape.weights(), 5), noise(shape.outputs, 7));
            let convolution = Convolution::by(side, "layer", shape, &weights, bias.clone());
            for [count, height, width] in [[1, 1, 1], [1, 2, 2], [3, 7, 5], [2, 16, 9], [1, 41, 23]]
            {
                let more = shape.kernel - 1 - 2 * shape.padding;
                let input = images(count, height + more, width + more, shape.inputs);
                let expected = sums(shape, &weights, &bias, &input);
                let addends = noise(expected.len(), 11);
                for finish in [Finish::Rectify, Finish::AddAndRectify] {
                    if matches!(finish, Finish::AddAndRectify) {
                        output.values_mut().copy_from_slice(&addends);
                    }
                    let input = [input.view()];
                    let done = convolution.apply(input, finish, &mut transformed, &mut output);
                    assert_eq!(done, Ok(()));
                    assert_eq!(output.values().len(), expected.len());
                    for (place, (&found, [sum, absolute])) in
                        output.values().iter().zip(&expected).enumerate()
                    {
                        let sum = match finish {
                            Finish::Rectify => sum.max(0.0),
                            Finish::AddAndRectify => (sum + f64::from(addends[place])).max(0.0),
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

    /// One convolution by any instruction set; leaves the outputs' bits.
    #[derive(Clone, Copy)]
    struct Anywhere<'a> {
        side: Option<usize>,
        shape: Shape,
        weights: &'a [f32],
        bias: &'a [f32],
        input: View<'a>,
    }

    impl WithSimd for Anywhere<'_> {
        type Output = Vec<u32>;

        fn with_simd<S: Simd>(self, simd: S) -> Vec<u32> {
            let Self {
                side,
                shape,
                weights,
                bias,
                input,
            } = self;
            let width = PANEL_REGISTERS * S::F32_LANES;
            let operands = [Operand { shape, input }];
            let [images, height, width_of_outputs] = operands[0].outputs();
            let mut output = Activations::default();
            output.reshape([images, height, width_of_outputs, shape.outputs]);
            let finish = Finish::Rectify;
            let is_finite = match side {
                Some(side) => simd.vectorize(Winograd {
                    side,
                    weights: &winograd::packed(shape, weights, side, width),
                    bias,
                    input,
                    finish,
                    transformed: &mut Transformed::default(),
                    output: &mut output,
                }),
                None => simd.vectorize(Direct {
                    operands: &operands,
                    weights: &direct::packed(shape, weights, width),
                    bias,
                    finish,
                    output: &mut output,
                }),
            };
            assert!(is_finite);
            output
                .values()
                .iter()
                .map(|value| value.to_bits())
                .collect()
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let shape = Shape {
            inputs: 32,
            outputs: 64,
            kernel: 3,
            stride: 1,
            padding: 1,
        };
        let first = Shape {
            inputs: 3,
            kernel: 7,
            stride: 2,
            padding: 0,
            ..shape
        };
        let strided = Shape { stride: 2, ..shape };
        let ways = [
            (Some(6), shape),
            (Some(4), shape),
            (None, strided),
            (None, first),
        ];
        for (side, shape) in ways {
            let (weights, bias) = (noise(shape.weights(), 5), noise(shape.outputs, 7));
            let input = images(2, 13, 11, shape.inputs);
            let one = Anywhere {
                side,
                shape,
                weights: &weights,
                bias: &bias,
                input: input.view(),
            };
            let expected = Simd::vectorize(pulp::Scalar::new(), one);
            assert_eq!(Arch::new().dispatch(one), expected, "{side:?}, {shape:?}");
            #[cfg(target_arch = "x86_64")]
            if let Some(avx2) = pulp::x86::V3::try_new() {
                assert_eq!(Simd::vectorize(avx2, one), expected, "{side:?}, {shape:?}");
            }
        }
    }

    /// As at the beginning of a layer: one over all pixels, one over every second, whose input is twice as large.
    #[test]
    fn the_sum_of_two_convolutions_is_that_in_float64() {
        let one = Shape {
            inputs: 32,
            outputs: 64,
            kernel: 1,
            stride: 1,
            padding: 0,
        };
        let other = Shape {
            inputs: 56,
            stride: 2,
            ..one
        };
        let parts = [(one, 5, 7), (other, 11, 13)].map(|(shape, seed, of_bias)| {
            let (weights, bias) = (noise(shape.weights(), seed), noise(shape.outputs, of_bias));
            (
                Convolution::new("layer", shape, &weights, bias.clone()),
                weights,
                bias,
            )
        });
        let [first, second] = &parts;
        let sum = first.0.clone().plus(second.0.clone());
        let (mut transformed, mut output) = (Transformed::default(), Activations::default());
        for [count, height, width] in [[1, 1, 1], [2, 7, 9], [1, 13, 11]] {
            let input = images(count, height, width, one.inputs);
            let larger = images(count, 2 * height - 1, 2 * width, other.inputs);
            let expected = sums(one, &first.1, &first.2, &input);
            let others = sums(other, &second.1, &second.2, &larger);
            let inputs = [input.view(), larger.view()];
            let done = sum.apply(inputs, Finish::Rectify, &mut transformed, &mut output);
            assert_eq!(done, Ok(()));
            assert_eq!(output.shape(), [count, height, width, one.outputs]);
            for ((&found, one), other) in output.values().iter().zip(&expected).zip(&others) {
                let (sum, absolute) = ((one[0] + other[0]).max(0.0), one[1] + other[1]);
                let off = (f64::from(found) - sum).abs();
                assert!(off <= 1e-6 * (absolute + 1.0), "{found} for {sum}");
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
                let done = convolution.apply(
                    [input.view()],
                    Finish::Rectify,
                    &mut transformed,
                    &mut output,
                );
                let layer = "layer3".to_owned();
                assert_eq!(done, Err(NotFinite { layer }), "{side:?}, {value}");
            }
        }
    }
}
