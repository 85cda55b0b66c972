//! What happens to a sum before it is stored: an addend, a check for NaN and infinity, ReLU.

use pulp::Simd;

use super::kernel::PANEL_REGISTERS;

/// What happens to a sum before it is stored.
#[derive(Clone, Copy, Debug)]
pub(super) enum Finish {
    /// Negative sums become zero.
    Rectify,
    /// What the output holds is added, then negative sums become zero.
    AddAndRectify,
}

impl Finish {
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
        let (held, _) = S::as_mut_simd_f32s(&mut output[start..]);
        let held = &mut held[..PANEL_REGISTERS];
        if matches!(self, Self::AddAndRectify) {
            for (sum, &mut addend) in sums.iter_mut().zip(&mut *held) {
                *sum = simd.add_f32s(*sum, addend);
            }
        }
        // A finite sum times zero is zero, any other is NaN, which stays.
        for (check, &sum) in check.iter_mut().zip(&sums) {
            *check = simd.mul_add_f32s(sum, zero, *check);
        }
        for sum in &mut sums {
            *sum = simd.max_f32s(*sum, zero);
        }
        held.copy_from_slice(&sums);
    }
}
