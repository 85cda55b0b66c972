//! What happens to a sum before it is stored: an addend, a check for NaN and infinity, ReLU.

use annatomy_vectors::kernels::prefetch_whole;
use pulp::Simd;

use super::kernel::{PANEL_REGISTERS, registers};

/// What happens to a sum before it is stored.
#[derive(Clone, Copy, Debug)]
pub(super) enum Finish<'a> {
    /// Nothing.
    Keep,
    /// Negative sums become zero.
    Rectify,
    /// These values, shaped as the output, are added, then negative sums become zero.
    AddAndRectify(&'a [f32]),
}

impl Finish<'_> {
    /// Prefetches what `store` reads and writes for a panel of `width` values.
    #[inline(always)]
    pub(super) fn prefetch(self, output: &[f32], start: usize, width: usize) {
        prefetch_whole(&output[start..][..width]);
        if let Self::AddAndRectify(addend) = self {
            prefetch_whole(&addend[start..][..width]);
        }
    }

    /// Finishes the sums of a panel and stores them from place `start` of `output` on; `check`, at
    /// first zero, becomes NaN where one is not finite.
    #[inline(always)]
    pub(super) fn store<S: Simd>(
        self,
        simd: S,
        mut sums: [S::f32s; PANEL_REGISTERS],
        (output, start): (&mut [f32], usize),
        check: &mut [S::f32s; PANEL_REGISTERS],
    ) {
        let zero = simd.splat_f32s(0.0);
        if let Self::AddAndRectify(addend) = self {
            let addend = registers::<S>(&addend[start..])[0];
            for (sum, addend) in sums.iter_mut().zip(addend) {
                *sum = simd.add_f32s(*sum, addend);
            }
        }
        // A finite sum times zero is zero, any other is NaN, which stays.
        for (check, &sum) in check.iter_mut().zip(&sums) {
            *check = simd.mul_add_f32s(sum, zero, *check);
        }
        if !matches!(self, Self::Keep) {
            for sum in &mut sums {
                *sum = simd.max_f32s(*sum, zero);
            }
        }
        let (stored, _) = S::as_mut_simd_f32s(&mut output[start..]);
        stored[..PANEL_REGISTERS].copy_from_slice(&sums);
    }
}
