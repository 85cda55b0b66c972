//! Kernels on NEON: 4 lanes, four running sums. 16-bit floats are widened one by one: their vectors
//! are not in stable Rust.
//!
//! The shape is `avx2`'s; the last 1..=3 values are copied into a padded vector. A batch of four is
//! two passes over two rows: 8 sums, 4 query vectors and the loads fit the 32 registers with room
//! to spare.

#![expect(
    unsafe_code,
    reason = "vector loads from raw pointers, and calls that need a proven instruction set"
)]

use std::arch::aarch64::*;

use super::instruction_set::{
    InstructionSet, Stored, StoredKind, Term, TermKind, below_by, common_length, keep_by,
    sum_bytes_by_any, sum_f64_by_lanes, under_by,
};

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
    fn sum<T: Term, Q: Stored, S: Stored>(self, query: &[Q], row: &[S]) -> f32 {
        // SAFETY: the token proves the instructions.
        let [sum] = unsafe { sum::<T, Q, S, 1>(query, [row]) };
        sum
    }

    #[inline]
    fn sum_x4<T: Term, Q: Stored, S: Stored>(self, query: &[Q], rows: [&[S]; 4]) -> [f32; 4] {
        let [first, second, third, fourth] = rows;
        // SAFETY: the token proves the instructions.
        let [[a, b], [c, d]] = unsafe {
            [
                sum::<T, Q, S, 2>(query, [first, second]),
                sum::<T, Q, S, 2>(query, [third, fourth]),
            ]
        };
        [a, b, c, d]
    }

    #[inline]
    fn sum_f64<T: Term>(self, a: &[f32], b: &[f32]) -> f64 {
        // SAFETY: the token proves the instructions.
        unsafe { sum_f64::<T>(a, b) }
    }

    #[inline]
    fn below(self, values: &[f32], bars: &[f32]) -> u64 {
        // SAFETY: the token proves the instructions.
        unsafe { below(values, bars) }
    }

    #[inline]
    fn under(self, values: &[u32], bar: u32) -> u64 {
        // SAFETY: the token proves the instructions.
        unsafe { under(values, bar) }
    }

    #[inline]
    fn sum_bytes(self, a: &[i8], b: &[i8]) -> u32 {
        // SAFETY: the token proves the instructions.
        unsafe { sum_bytes(a, b) }
    }

    #[inline]
    fn sum_bytes_x4(self, query: &[i8], rows: [&[i8]; 4]) -> [u32; 4] {
        rows.map(|row| self.sum_bytes(query, row))
    }

    #[inline]
    fn keep(self, values: &[u32], mask: u64, out: &mut [u32]) -> usize {
        // SAFETY: the token proves the instructions.
        unsafe { keep(values, mask, out) }
    }
}

#[target_feature(enable = "neon")]
fn sum<T: Term, Q: Stored, S: Stored, const ROWS: usize>(
    query: &[Q],
    rows: [&[S]; ROWS],
) -> [f32; ROWS] {
    let length = common_length(query, &rows);
    let mut sums = [[vdupq_n_f32(0.0); SUMS]; ROWS];
    let mut start = 0;
    while start + SUMS * LANES <= length {
        let mut held = [vdupq_n_f32(0.0); SUMS];
        for (block, held) in held.iter_mut().enumerate() {
            // SAFETY: start + SUMS·LANES ≤ length, which no slice is shorter than.
            *held = unsafe { load(query.as_ptr().add(start + block * LANES)) };
        }
        for (row, sums) in rows.iter().zip(&mut sums) {
            for (block, (sum, &held)) in sums.iter_mut().zip(&held).enumerate() {
                // SAFETY: as above.
                let values = unsafe { load(row.as_ptr().add(start + block * LANES)) };
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

/// Four values.
///
/// # Safety
///
/// * `values` points at four readable values, aligned for `S`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn load<S: Stored>(values: *const S) -> float32x4_t {
    match S::KIND {
        // SAFETY: the caller's promise; `Stored` promises that S is f32.
        StoredKind::F32 => unsafe { vld1q_f32(values.cast()) },
        StoredKind::F16 => {
            // SAFETY: the caller's promise.
            let four = unsafe { values.cast::<[S; LANES]>().read() }.map(Stored::widen);
            // SAFETY: four values lie at `four`.
            unsafe { vld1q_f32(four.as_ptr()) }
        }
    }
}

/// At most four values, then zeros.
#[inline]
#[target_feature(enable = "neon")]
fn load_tail<S: Stored>(values: &[S]) -> float32x4_t {
    let mut padded = [S::default(); LANES];
    padded[..values.len()].copy_from_slice(values);
    // SAFETY: four values lie at `padded`.
    unsafe { load(padded.as_ptr()) }
}

#[target_feature(enable = "neon")]
fn below(values: &[f32], bars: &[f32]) -> u64 {
    below_by::<LANES>(values, bars, |values, bars| {
        // SAFETY: all have LANES values.
        let (values, bars, bits) = unsafe {
            (
                vld1q_f32(values.as_ptr()),
                vld1q_f32(bars.as_ptr()),
                vld1q_u32([1, 2, 4, 8].as_ptr()),
            )
        };
        u64::from(vaddvq_u32(vandq_u32(vcltq_f32(values, bars), bits)))
    })
}

#[target_feature(enable = "neon")]
fn under(values: &[u32], bar: u32) -> u64 {
    under_by::<LANES>(values, bar, |values| {
        // SAFETY: both have LANES values.
        let (values, bits) =
            unsafe { (vld1q_u32(values.as_ptr()), vld1q_u32([1, 2, 4, 8].as_ptr())) };
        u64::from(vaddvq_u32(vandq_u32(
            vcltq_u32(values, vdupq_n_u32(bar)),
            bits,
        )))
    })
}

#[target_feature(enable = "neon")]
fn keep(values: &[u32], mask: u64, out: &mut [u32]) -> usize {
    // Value by value: no instruction moves lanes by a mask.
    keep_by::<1>(values, mask, out, |values, _, out| *out = *values)
}

#[target_feature(enable = "neon")]
fn sum_bytes(a: &[i8], b: &[i8]) -> u32 {
    sum_bytes_by_any(a, b)
}

#[target_feature(enable = "neon")]
fn sum_f64<T: Term>(a: &[f32], b: &[f32]) -> f64 {
    sum_f64_by_lanes::<T>(a, b)
}
