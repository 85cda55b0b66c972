//! The processor's estimate of a reciprocal square root.
//!
//! `rsqrtps` is good to 12 bits and no standard says which: makers of processors differ in the last
//! bits. Engines that use it can be predicted on the machine they run on alone.

/// About 1/√x, as `rsqrtss` gives it here; on processors without it, rounded from the exact value.
#[inline]
#[must_use]
pub fn reciprocal_square_root_estimate(x: f32) -> f32 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_mm_cvtss_f32, _mm_rsqrt_ss, _mm_set_ss};
        #[expect(unsafe_code, reason = "one instruction that only an intrinsic names")]
        // SAFETY: every x86-64 processor has SSE.
        unsafe {
            _mm_cvtss_f32(_mm_rsqrt_ss(_mm_set_ss(x)))
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        1.0 / x.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_good_to_twelve_bits() {
        for exponent in -60..60 {
            for step in 0..64_u8 {
                let x = 2.0_f32.powi(exponent) * (1.0 + f32::from(step) / 64.0);
                let exact = 1.0 / x.sqrt();
                let found = reciprocal_square_root_estimate(x);
                assert!(
                    (found / exact - 1.0).abs() <= 1.5 / 4096.0,
                    "{x}: {found}, {exact}"
                );
            }
        }
    }
}
