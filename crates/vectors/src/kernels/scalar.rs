//! Kernels in plain Rust: what runs where no instruction set is known.
//!
//! Eight sums side by side, so that the compiler may use whatever vectors the target's baseline
//! has; they are added pairwise at the end. The tests' oracle is simpler still (see `tests`).

use super::instruction_set::{
    InstructionSet, Stored, Term, TermKind, below_by, common_length, keep_by, sum_bytes_by_any,
    sum_f64_by_lanes, under_by,
};

const LANES: usize = 8;

/// Needs nothing, so anyone may make one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scalar;

impl InstructionSet for Scalar {
    const NAME: &'static str = "scalar";
    const PARALLEL: usize = LANES;

    fn detect() -> Option<Self> {
        Some(Self)
    }

    fn sum<T: Term, Q: Stored, S: Stored>(self, query: &[Q], row: &[S]) -> f32 {
        let length = common_length(query, &[row]);
        let (query_blocks, query_tail) = query[..length].as_chunks::<LANES>();
        let (row_blocks, row_tail) = row[..length].as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for (query_block, row_block) in query_blocks.iter().zip(row_blocks) {
            for ((sum, &a), &b) in sums.iter_mut().zip(query_block).zip(row_block) {
                *sum += term::<T>(a.widen(), b.widen());
            }
        }
        for ((sum, &a), &b) in sums.iter_mut().zip(query_tail).zip(row_tail) {
            *sum += term::<T>(a.widen(), b.widen());
        }
        let [a, b, c, d, e, f, g, h] = sums;
        ((a + e) + (b + f)) + ((c + g) + (d + h))
    }

    fn sum_x4<T: Term, Q: Stored, S: Stored>(self, query: &[Q], rows: [&[S]; 4]) -> [f32; 4] {
        rows.map(|row| self.sum::<T, Q, S>(query, row))
    }

    fn sum_f64<T: Term>(self, a: &[f32], b: &[f32]) -> f64 {
        sum_f64_by_lanes::<T>(a, b)
    }

    fn below(self, values: &[f32], bars: &[f32]) -> u64 {
        below_by::<1>(values, bars, |[value], [bar]| u64::from(value < bar))
    }

    fn under(self, values: &[u32], bar: u32) -> u64 {
        under_by::<1>(values, bar, |&[value]| u64::from(value < bar))
    }

    fn sum_bytes(self, a: &[i8], b: &[i8]) -> u32 {
        sum_bytes_by_any(a, b)
    }

    #[inline]
    fn sum_bytes_x4(self, query: &[i8], rows: [&[i8]; 4]) -> [u32; 4] {
        rows.map(|row| self.sum_bytes(query, row))
    }

    fn keep(self, values: &[u32], mask: u64, out: &mut [u32]) -> usize {
        keep_by::<1>(values, mask, out, |values, _, out| *out = *values)
    }
}

#[inline]
fn term<T: Term>(a: f32, b: f32) -> f32 {
    match T::KIND {
        TermKind::SquaredDifference => (a - b) * (a - b),
        TermKind::Product => a * b,
    }
}
