//! Indirect convolution (NHWC): no patch is copied.
//!
//! Input: height × width × channels. Output: height′ × width′ × channels′, with bias, an addend
//! and ReLU already applied.
//!
//! for each block of pixels                 their inputs stay in the private cache
//!   for each panel of output channels      its weights too
//!     for each tile of up to 12 pixels     `tile`: sums stay in registers
//!
//! This is the indirect convolution of Dukhan 2019 (arXiv:1907.02129): the rows of the product are
//! slices of the input itself. Without padding the taps of a kernel row are neighbors in memory and
//! become one. A 1 × 1 convolution is the plain product.
//!
//! Cost 2 · pixels · taps · channels · channels′ flops. Does not: groups, dilation, output channels
//! that fill no panel.

use pulp::{Arch, Simd, WithSimd};

use super::image::Activations;
use super::kernel::{PANEL_REGISTERS, most_pixels};
use super::shape::{Finish, Shape};
use super::tile::{Place, Tile};

/// Input values of one block of pixels: about half a private cache of 512 KiB.
const BLOCK_VALUES: usize = 1 << 16;

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
    /// Panel by panel, each depth × width.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Convolution {
    /// Packs weights given as outputs × inputs × kernel × kernel.
    ///
    /// # Panics
    /// If the numbers of weights and biases are not the shape's.
    pub(super) fn new(name: &str, shape: Shape, weights: &[f32], bias: Vec<f32>) -> Self {
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
        let taps = shape.kernel * shape.kernel;
        let mut packed = Vec::with_capacity(weights.len());
        for panel in 0..shape.outputs / width {
            for tap in 0..taps {
                for input in 0..shape.inputs {
                    let of_output =
                        |output: usize| weights[(output * shape.inputs + input) * taps + tap];
                    packed.extend((panel * width..(panel + 1) * width).map(of_output));
                }
            }
        }
        Self {
            name: name.to_owned(),
            shape,
            weights: packed,
            bias,
        }
    }

    /// Convolves `input` into `output`, whose buffer is reused; fails where a sum is not finite.
    pub(super) fn apply(
        &self,
        input: &Activations,
        finish: Finish<'_>,
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
        output.reshape(height, width, self.shape.outputs);
        if let Finish::AddAndRectify(addend) = finish {
            assert_eq!(
                addend.len(),
                output.values.len(),
                "the addend is shaped as the output"
            );
        }
        let mut is_finite = true;
        Arch::new().dispatch(Run {
            convolution: self,
            input,
            finish,
            output,
            is_finite: &mut is_finite,
        });
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

struct Run<'a> {
    convolution: &'a Convolution,
    input: &'a Activations,
    finish: Finish<'a>,
    output: &'a mut Activations,
    is_finite: &'a mut bool,
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let shape = self.convolution.shape;
        let pixels = self.output.height * self.output.width;
        let panels = shape.outputs / (PANEL_REGISTERS * S::F32_LANES);
        let block =
            (BLOCK_VALUES / (shape.inputs * shape.stride * shape.stride)).max(most_pixels::<S>());
        let mut start = 0;
        while start < pixels {
            let end = (start + block).min(pixels);
            for panel in 0..panels {
                let mut pixel = start;
                while pixel < end {
                    // Tiles of nearly equal size: 49 pixels are 10 + 10 + 10 + 10 + 9, not 4 · 12 +
                    // 1.
                    let tiles = (end - pixel).div_ceil(most_pixels::<S>());
                    let tile = (end - pixel).div_ceil(tiles);
                    self.tile(simd, tile, Place { pixel, panel });
                    pixel += tile;
                }
            }
            start = end;
        }
    }
}

impl Run<'_> {
    #[inline(always)]
    fn tile<S: Simd>(&mut self, simd: S, pixels: usize, place: Place) {
        match pixels {
            1 => self.fixed_tile::<S, 1>(simd, place),
            2 => self.fixed_tile::<S, 2>(simd, place),
            3 => self.fixed_tile::<S, 3>(simd, place),
            4 => self.fixed_tile::<S, 4>(simd, place),
            5 => self.fixed_tile::<S, 5>(simd, place),
            6 => self.fixed_tile::<S, 6>(simd, place),
            7 => self.fixed_tile::<S, 7>(simd, place),
            8 => self.fixed_tile::<S, 8>(simd, place),
            9 => self.fixed_tile::<S, 9>(simd, place),
            10 => self.fixed_tile::<S, 10>(simd, place),
            11 => self.fixed_tile::<S, 11>(simd, place),
            _ => self.fixed_tile::<S, 12>(simd, place),
        }
    }

    #[inline(always)]
    fn fixed_tile<S: Simd, const PIXELS: usize>(&mut self, simd: S, place: Place) {
        simd.vectorize(Tile::<PIXELS> {
            shape: self.convolution.shape,
            weights: &self.convolution.weights,
            bias: &self.convolution.bias,
            input: self.input,
            finish: self.finish,
            output: self.output,
            is_finite: self.is_finite,
            place,
        });
    }
}
