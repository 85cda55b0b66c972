//! Register tile of a convolution: a few pixels × one panel of output channels, from bias to stored
//! values.
//!
//! for each tap           a slice of the input per pixel; zeros outside
//!   `kernel`             adds it to sums that stay in registers
//! addend, check for NaN and infinity, ReLU, store

use pulp::{Simd, WithSimd};

use super::epilogue::Finish;
use super::image::{Activations, Pixel};
use super::kernel::{PANEL_REGISTERS, Sums, accumulate, registers, shares};
use super::shape::Shape;

/// Which pixels of which panel.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) pixel: usize,
    pub(super) panel: usize,
}

/// A few pixels of one panel, with all that they are made from.
pub(super) struct Tile<'a, const PIXELS: usize> {
    pub(super) shape: Shape,
    pub(super) weights: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) input: &'a Activations,
    pub(super) finish: Finish<'a>,
    pub(super) output: &'a mut Activations,
    pub(super) place: Place,
    /// Weights that are wanted soon.
    pub(super) ahead: &'a [f32],
}

impl<const PIXELS: usize> WithSimd for Tile<'_, PIXELS> {
    /// Whether all sums are finite.
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        let sums = self.sums(simd);
        self.store(simd, sums)
    }
}

impl<const PIXELS: usize> Tile<'_, PIXELS> {
    #[inline(always)]
    fn sums<S: Simd>(&self, simd: S) -> Sums<S, PIXELS> {
        let Shape {
            inputs,
            kernel,
            stride,
            padding,
            ..
        } = self.shape;
        let panel = self.place.panel * PANEL_REGISTERS * S::F32_LANES;
        let bias = registers::<S>(&self.bias[panel..])[0];
        let mut sums = [bias; PIXELS];
        let depth = self.shape.depth();
        let weights = registers::<S>(
            &self.weights[panel * depth..][..depth * PANEL_REGISTERS * S::F32_LANES],
        );
        let Activations { height, width, .. } = *self.output;
        let (row, mut column) = (self.place.pixel / width, self.place.pixel % width);
        let (mut image, mut row) = (row / height, row % height);
        let first = self.place.pixel * self.shape.outputs + panel;
        for pixel in 0..PIXELS {
            let start = first + pixel * self.shape.outputs;
            let width = PANEL_REGISTERS * S::F32_LANES;
            self.finish.prefetch(self.output.values(), start, width);
        }
        let mut corners = [Pixel::default(); PIXELS];
        for corner in &mut corners {
            *corner = Pixel {
                image,
                row: row * stride,
                column: column * stride,
            };
            column += 1;
            if column == width {
                (row, column) = (row + 1, 0);
            }
            if row == height {
                (image, row) = (image + 1, 0);
            }
        }
        // Without padding a kernel row is one run of values.
        let (taps_across, run) = if padding == 0 {
            (1, kernel * inputs)
        } else {
            (kernel, inputs)
        };
        let mut ahead = shares(self.ahead, depth / run);
        for (tap, weights) in weights.chunks_exact(run).enumerate() {
            let (down, across) = (tap / taps_across, tap % taps_across);
            let mut slices: [&[f32]; PIXELS] = [&[]; PIXELS];
            for (slice, corner) in slices.iter_mut().zip(corners) {
                let at = Pixel {
                    row: corner.row + down,
                    column: corner.column + across,
                    ..corner
                };
                *slice = self.input.run(at, padding, run);
            }
            accumulate(
                simd,
                &mut sums,
                slices,
                weights,
                ahead.next().unwrap_or(&[]),
            );
        }
        sums
    }

    #[inline(always)]
    fn store<S: Simd>(self, simd: S, sums: Sums<S, PIXELS>) -> bool {
        let (outputs, panel) = (
            self.shape.outputs,
            self.place.panel * PANEL_REGISTERS * S::F32_LANES,
        );
        let mut check = [simd.splat_f32s(0.0); PANEL_REGISTERS];
        for (pixel, sums) in (self.place.pixel..).zip(sums) {
            let output = (self.output.values_mut(), pixel * outputs + panel);
            self.finish.store(simd, sums, output, &mut check);
        }
        !simd
            .reduce_sum_f32s(simd.add_f32s(check[0], check[1]))
            .is_nan()
    }
}
