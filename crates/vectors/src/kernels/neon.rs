//! Kernels on NEON: 4 lanes, four running sums. Rows of 16-bit floats go to the scalar kernels.
//!
//! The shape is `avx2`'s; the last 1..=3 values are copied into a padded vector. A batch of four is two passes over two rows:
//! 8 sums, 4 query vectors and the loads fit the 32 registers with room to spare.

#![expect(unsafe_code, reason = "vector loads from raw pointers, and calls that need a proven instruction set")]

use std::arch::aarch64::*;

use super::instruction_set::{InstructionSet, Stored, StoredKind, Term, TermKind, common_length};
use super::scalar::Scalar;

const LANES: usize = 4;
const SUMS: usize = 4;

/// Proof that NEON is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neon(());

impl InstructionSet for Neon {
    const NAME: &'static str = "neon";
    const PARALLEL: usize = SUMS * LANES;

    fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }

    #[inline]
    fn sum<T: Term, S: Stored>(self, query: &[f32], row: &[S]) -> f32 {
        match S::KIND {
            StoredKind::F32 => {
                // SAFETY: the token proves the instructions.
                let [sum] = unsafe { sum::<T, 1>(query, [as_f32(row)]) };
                sum
            }
            StoredKind::F16 => Scalar.sum::<T, S>(query, row),
        }
    }

    #[inline]
    fn sum_x4<T: Term, S: Stored>(self, query: &[f32], rows: [&[S]; 4]) -> [f32; 4] {
        match S::KIND {
            StoredKind::F32 => {
                let [first, second, third, fourth] = rows.map(as_f32);
                // SAFETY: the token proves the instructions.
                let [[a, b], [c, d]] =
                    unsafe { [sum::<T, 2>(query, [first, second]), sum::<T, 2>(query, [third, fourth])] };
                [a, b, c, d]
            }
            StoredKind::F16 => Scalar.sum_x4::<T, S>(query, rows),
        }
    }

    #[inline]
    fn sum_f64<T: Term>(self, a: &[f32], b: &[f32]) -> f64 {
        // SAFETY: the token proves the instructions.
        unsafe { sum_f64::<T>(a, b) }
    }
}

/// The same slice, known to hold 32-bit floats. Called only where `S::KIND` says so.
#[inline]
fn as_f32<S: Stored>(row: &[S]) -> &[f32] {
    assert_eq!(S::KIND, StoredKind::F32);
    // SAFETY: `Stored` promises that a KIND of F32 means S is f32.
    unsafe { std::slice::from_raw_parts(row.as_ptr().cast(), row.len()) }
}

#[target_feature(enable = "neon")]
fn sum<T: Term, const ROWS: usize>(query: &[f32], rows: [&[f32]; ROWS]) -> [f32; ROWS] {
    let length = common_length(query, &rows);
    let mut sums = [[vdupq_n_f32(0.0); SUMS]; ROWS];
    let mut start = 0;
    while start + SUMS * LANES <= length {
        let mut held = [vdupq_n_f32(0.0); SUMS];
        for (block, held) in held.iter_mut().enumerate() {
            // SAFETY: start + SUMS·LANES ≤ length, which no slice is shorter than.
            *held = unsafe { vld1q_f32(query.as_ptr().add(start + block * LANES)) };
        }
        for (row, sums) in rows.iter().zip(&mut sums) {
            for (block, (sum, &held)) in sums.iter_mut().zip(&held).enumerate() {
                // SAFETY: as above.
                let values = unsafe { vld1q_f32(row.as_ptr().add(start + block * LANES)) };
                *sum = step::<T>(*sum, held, values);
            }
        }
        start += SUMS * LANES;
    }
    for block in 0..SUMS {
        if start < length {
            let end = length.min(start + LANES);
            let held = load_tail(&query[start..end]);
            for (row, sums) in rows.iter().zip(&mut sums) {
                sums[block] = step::<T>(sums[block], held, load_tail(&row[start..end]));
            }
            start = end;
        }
    }
    let mut totals = [0.0; ROWS];
    for (total, [a, b, c, d]) in totals.iter_mut().zip(sums) {
        *total = vaddvq_f32(vaddq_f32(vaddq_f32(a, b), vaddq_f32(c, d)));
    }
    totals
}

#[inline]
#[target_feature(enable = "neon")]
fn step<T: Term>(sum: float32x4_t, a: float32x4_t, b: float32x4_t) -> float32x4_t {
    match T::KIND {
        TermKind::SquaredDifference => {
            let difference = vsubq_f32(a, b);
            vfmaq_f32(sum, difference, difference)
        }
        TermKind::Product => vfmaq_f32(sum, a, b),
    }
}

/// At most four values, then zeros.
#[inline]
#[target_feature(enable = "neon")]
fn load_tail(values: &[f32]) -> float32x4_t {
    let mut padded = [0.0; LANES];
    padded[..values.len()].copy_from_slice(values);
    // SAFETY: four values lie at `padded`.
    unsafe { vld1q_f32(padded.as_ptr()) }
}

#[target_feature(enable = "neon")]
fn sum_f64<T: Term>(a: &[f32], b: &[f32]) -> f64 {
    let length = common_length(a, &[b]);
    let (a, b) = (&a[..length], &b[..length]);
    let mut low = vdupq_n_f64(0.0);
    let mut high = vdupq_n_f64(0.0);
    for start in (0..length).step_by(LANES) {
        let end = length.min(start + LANES);
        let (a, b) = (load_tail(&a[start..end]), load_tail(&b[start..end]));
        low = step_f64::<T>(low, vcvt_f64_f32(vget_low_f32(a)), vcvt_f64_f32(vget_low_f32(b)));
        high = step_f64::<T>(high, vcvt_high_f64_f32(a), vcvt_high_f64_f32(b));
    }
    vaddvq_f64(vaddq_f64(low, high))
}

#[inline]
#[target_feature(enable = "neon")]
fn step_f64<T: Term>(sum: float64x2_t, a: float64x2_t, b: float64x2_t) -> float64x2_t {
    match T::KIND {
        TermKind::SquaredDifference => {
            let difference = vsubq_f64(a, b);
            vfmaq_f64(sum, difference, difference)
        }
        TermKind::Product => vfmaq_f64(sum, a, b),
    }
}
