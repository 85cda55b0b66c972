//! Indirect convolution (NHWC): no patch is copied.
//!
//! Enters: images × height × width × channels, packed weights. Leaves: images × height′ × width′ × channels′,
//! finished.
//!
//! for each block of pixels                 their inputs and outputs stay in the private cache
//!   indirection buffer                     where each pixel's inputs are, run by run; zeros outside
//!   for each panel of output channels      the next one's weights are prefetched meanwhile
//!     for each tile of up to 12 pixels     `tile`: sums stay in registers
//!
//! This is the indirect convolution of Dukhan 2019 (arXiv:1907.02129): the rows of the product are
//! slices of the input itself. Without padding the taps of a kernel row are neighbors in memory and
//! become one run. A 1 × 1 convolution is the plain product. Two convolutions whose outputs are added are one, of
//! the runs of both.
//!
//! Cost 2 · pixels · taps · channels · channels′ flops.

use pulp::{Simd, WithSimd};

use super::epilogue::Finish;
use super::image::Activations;
use super::indirection::{Indirection, Operand};
use super::kernel::{PANEL_REGISTERS, most_pixels, pixels_at_once, shares};
use super::shape::Shape;
use super::tile::{Place, Tile};

/// Pixels of one block: whole tiles on AVX-512 and elsewhere, and enough of them to hide the way of the
/// next panel's weights.
const BLOCK_PIXELS: usize = 60;

/// The weights, outputs × inputs × kernel × kernel, panel by panel of `width` outputs, each depth ×
/// width.
pub(super) fn packed(shape: Shape, weights: &[f32], width: usize) -> Vec<f32> {
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
    packed
}

/// One convolution, or the sum of several; `output` has its shape already.
pub(super) struct Direct<'a> {
    /// Their sums are added.
    pub(super) operands: &'a [Operand<'a>],
    /// Panel by panel, in each operand by operand, run by run.
    pub(super) weights: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) finish: Finish,
    pub(super) output: &'a mut Activations,
}

impl WithSimd for Direct<'_> {
    /// Whether all sums are finite.
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> bool {
        let pixels = self.output.images * self.output.height * self.output.width;
        let panels = self.output.channels / (PANEL_REGISTERS * S::F32_LANES);
        let of_panel = self.weights.len() / panels;
        let mut inputs = Indirection::default();
        let mut is_finite = true;
        for start in (0..pixels).step_by(BLOCK_PIXELS) {
            let end = (start + BLOCK_PIXELS).min(pixels);
            inputs.find(self.operands, self.output, start..end);
            let tiles = (end - start).div_ceil(most_pixels::<S>());
            for panel in 0..panels {
                let (weights, next) = self.weights[panel * of_panel..].split_at(of_panel);
                // The next panel's weights come from far away, a share with each tile.
                let mut next = shares(&next[..of_panel.min(next.len())], tiles);
                let mut pixel = start;
                while pixel < end {
                    let tile = pixels_at_once::<S>(end - pixel);
                    let weights = [weights, next.next().unwrap_or(&[])];
                    let at = Place { pixel, panel };
                    is_finite &= self.tile(simd, tile, &inputs, at, weights);
                    pixel += tile;
                }
            }
        }
        is_finite
    }
}

impl Direct<'_> {
    #[inline(always)]
    fn tile<S: Simd>(
        &mut self,
        simd: S,
        count: usize,
        inputs: &Indirection<'_>,
        place: Place,
        weights: [&[f32]; 2],
    ) -> bool {
        match count {
            1 => self.fixed_tile::<S, 1>(simd, inputs, place, weights),
            2 => self.fixed_tile::<S, 2>(simd, inputs, place, weights),
            3 => self.fixed_tile::<S, 3>(simd, inputs, place, weights),
            4 => self.fixed_tile::<S, 4>(simd, inputs, place, weights),
            5 => self.fixed_tile::<S, 5>(simd, inputs, place, weights),
            6 => self.fixed_tile::<S, 6>(simd, inputs, place, weights),
            7 => self.fixed_tile::<S, 7>(simd, inputs, place, weights),
            8 => self.fixed_tile::<S, 8>(simd, inputs, place, weights),
            9 => self.fixed_tile::<S, 9>(simd, inputs, place, weights),
            10 => self.fixed_tile::<S, 10>(simd, inputs, place, weights),
            11 => self.fixed_tile::<S, 11>(simd, inputs, place, weights),
            _ => self.fixed_tile::<S, 12>(simd, inputs, place, weights),
        }
    }

    #[inline(always)]
    fn fixed_tile<S: Simd, const PIXELS: usize>(
        &mut self,
        simd: S,
        inputs: &Indirection<'_>,
        place: Place,
        [weights, ahead]: [&[f32]; 2],
    ) -> bool {
        simd.vectorize(Tile::<PIXELS> {
            inputs,
            weights,
            bias: self.bias,
            finish: self.finish,
            output: self.output,
            place,
            ahead,
        })
    }
}
