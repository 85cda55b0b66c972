//! Register tile of a convolution: a few pixels × one panel of output channels, from bias to stored
//! values.
//!
//! for each tap           a slice of the input per pixel; zeros outside
//!   `kernel`             adds it to sums that stay in registers
//! addend, check for NaN and infinity, ReLU, store

use pulp::{Simd, WithSimd};

use super::image::Activations;
use super::kernel::{PANEL_REGISTERS, Sums, accumulate};
use super::shape::{Finish, Shape};

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
    /// Becomes false where a sum is NaN or infinite.
    pub(super) is_finite: &'a mut bool,
    pub(super) place: Place,
}

impl<const PIXELS: usize> WithSimd for Tile<'_, PIXELS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let sums = self.sums(simd);
        self.store(simd, sums);
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
        let mut corners = [(0, 0); PIXELS];
        for (pixel, corner) in (self.place.pixel..).zip(&mut corners) {
            *corner = (
                pixel / self.output.width * stride,
                pixel % self.output.width * stride,
            );
        }
        // Without padding a kernel row is one run of values.
        let (taps_across, run) = if padding == 0 {
            (1, kernel * inputs)
        } else {
            (kernel, inputs)
        };
        for (tap, weights) in weights.chunks_exact(run).enumerate() {
            let (down, across) = (tap / taps_across, tap % taps_across);
            let mut slices: [&[f32]; PIXELS] = [&[]; PIXELS];
            for (slice, (top, left)) in slices.iter_mut().zip(corners) {
                *slice = self.input.run(top + down, left + across, padding, run);
            }
            accumulate(simd, &mut sums, slices, weights);
        }
        sums
    }

    #[inline(always)]
    fn store<S: Simd>(self, simd: S, sums: Sums<S, PIXELS>) {
        let (outputs, panel) = (
            self.shape.outputs,
            self.place.panel * PANEL_REGISTERS * S::F32_LANES,
        );
        let zero = simd.splat_f32s(0.0);
        // A finite sum times zero is zero, any other is NaN, which stays.
        let mut check = zero;
        for (pixel, mut sum) in sums.into_iter().enumerate() {
            let start = (self.place.pixel + pixel) * outputs + panel;
            if let Finish::AddAndRectify(addend) = self.finish {
                let addend = registers::<S>(&addend[start..])[0];
                for (sum, addend) in sum.iter_mut().zip(addend) {
                    *sum = simd.add_f32s(*sum, addend);
                }
            }
            for &sum in &sum {
                check = simd.mul_add_f32s(sum, zero, check);
            }
            if !matches!(self.finish, Finish::Keep) {
                for sum in &mut sum {
                    *sum = simd.max_f32s(*sum, zero);
                }
            }
            let (stored, _) = S::as_mut_simd_f32s(&mut self.output.values[start..]);
            stored[..PANEL_REGISTERS].copy_from_slice(&sum);
        }
        if simd.reduce_sum_f32s(check).is_nan() {
            *self.is_finite = false;
        }
    }
}

/// The values as panels of registers.
#[inline(always)]
fn registers<S: Simd>(values: &[f32]) -> &[[S::f32s; PANEL_REGISTERS]] {
    S::as_simd_f32s(values).0.as_chunks().0
}
