//! Register tile of a convolution: a few pixels × one panel of output channels, from bias to stored
//! values.
//!
//! for each run of inputs   a slice for each pixel, of the indirection buffer
//!   `kernel`               adds their products to sums that stay in registers
//! addend, check for NaN and infinity, ReLU, store

use annatomy_vectors::kernels::prefetch_whole;
use pulp::{Simd, WithSimd};

use super::epilogue::Finish;
use super::image::Activations;
use super::indirection::Indirection;
use super::kernel::{PANEL_REGISTERS, STEPS, Sums, accumulate, registers, shares};

/// Which pixels of which panel.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) pixel: usize,
    pub(super) panel: usize,
}

/// A few pixels of one panel, with all that they are made from.
pub(super) struct Tile<'a, const PIXELS: usize> {
    pub(super) inputs: &'a Indirection<'a>,
    /// Of this panel, run by run.
    pub(super) weights: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) finish: Finish,
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
        let width = PANEL_REGISTERS * S::F32_LANES;
        let channels = self.output.channels;
        let bias = registers::<S>(&self.bias[self.place.panel * width..])[0];
        let mut sums = [bias; PIXELS];
        let first = self.place.pixel * channels + self.place.panel * width;
        for pixel in 0..PIXELS {
            let start = first + pixel * channels;
            prefetch_whole(&self.output.values()[start..][..width]);
        }
        let mut weights = registers::<S>(self.weights);
        let runs = self.inputs.runs::<PIXELS>(self.place.pixel);
        let mut ahead = shares(self.ahead, runs.len());
        for inputs in runs {
            let of_run;
            (of_run, weights) = weights.split_at(inputs[0].len());
            let ahead = ahead.next().unwrap_or(&[]);
            if of_run.len().is_multiple_of(STEPS[0]) {
                accumulate::<S, PIXELS, { STEPS[0] }>(simd, &mut sums, inputs, of_run, ahead);
            } else {
                accumulate::<S, PIXELS, { STEPS[1] }>(simd, &mut sums, inputs, of_run, ahead);
            }
        }
        sums
    }

    #[inline(always)]
    fn store<S: Simd>(self, simd: S, sums: Sums<S, PIXELS>) -> bool {
        let outputs = self.output.channels;
        let panel = self.place.panel * PANEL_REGISTERS * S::F32_LANES;
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
