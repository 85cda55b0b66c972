//! The one inner loop: a left panel × a right one, summed over a slice of columns in registers.
//!
//! Enters: the same slice of two panels. Leaves: their inner products.
//!
//! | lanes | left panel | right panel: registers × lanes | sums, in registers |
//! |---|---|---|---|
//! | 16 (AVX-512) | 12 rows | 2 × 16 | 24 of 32 |
//! | 8 (AVX2) | 6 | 2 × 8 | 12 of 16 |
//! | 4 (NEON) | 6 | 4 × 4 | 24 of 32 |
//! | 1 | 4 | 4 × 1 | 16 |
//!
//! The registers left over hold one column of the right panel and one value of the left. With a sum
//! more, one would pass through memory at every step: 4 rows × 3 registers on AVX2, on paper the
//! same, took twice as long.
//!
//! A sum runs over the columns in order, whatever the tile it stands in.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the dispatched instruction set"
)]

use super::panels::Panels;
use annatomy_vectors::kernels;
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Columns that the inner loop adds in one turn.
const UNROLLED: usize = 4;

/// Which pairs of a product are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    All,
    /// Those of the i-th left row with the i-th right row and those after it. The others may be
    /// computed or not.
    FromDiagonal,
}

/// A product of some left rows with some right ones, slice by slice.
pub(super) struct Product<'a> {
    pub(super) left: &'a Panels,
    /// Which of the left rows; they begin with a panel.
    pub(super) left_rows: Range<usize>,
    pub(super) right: &'a Panels,
    /// Which of the right rows; they begin with a panel.
    pub(super) right_rows: Range<usize>,
    pub(super) wanted: Wanted,
    /// Columns of one slice.
    pub(super) depth: usize,
    pub(super) dst: &'a mut [f32],
    pub(super) stride: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16.. => self.run::<S, 12, 2>(simd),
            8.. => self.run::<S, 6, 2>(simd),
            4.. => self.run::<S, 6, 4>(simd),
            _ => self.run::<S, 4, 4>(simd),
        }
    }
}

/// Sums of ROWS left rows with REGISTERS × lanes right ones.
type Sums<S, const ROWS: usize, const REGISTERS: usize> = [[<S as Simd>::f32s; REGISTERS]; ROWS];

impl Product<'_> {
    #[inline(always)]
    fn run<S: Simd, const ROWS: usize, const REGISTERS: usize>(self, simd: S) {
        let Self {
            left,
            left_rows,
            right,
            right_rows,
            wanted,
            depth,
            dst,
            stride,
        } = self;
        let widest = REGISTERS * S::F32_LANES;
        assert_eq!(
            (left.width(), right.width()),
            (ROWS, widest),
            "panels of this instruction set"
        );
        for start in (0..left.columns()).step_by(depth) {
            let slice = start..(start + depth).min(left.columns());
            for right_row in right_rows.clone().step_by(widest) {
                // What is multiplied after this right slice is prefetched meanwhile, a share with
                // each left panel.
                let next = if right_row + widest < right_rows.end {
                    right.slice(right_row + widest, &slice)
                } else {
                    right.slice(
                        right_rows.start,
                        &(slice.end..(slice.end + depth).min(left.columns())),
                    )
                };
                let mut shares =
                    next.chunks(next.len().div_ceil(left_rows.len().div_ceil(ROWS)).max(1));
                let right_slice = registers::<S, REGISTERS>(right.slice(right_row, &slice));
                let column = right_row - right_rows.start;
                let width = (right_rows.end - right_row).min(widest);
                let above = match wanted {
                    Wanted::All => left_rows.end,
                    Wanted::FromDiagonal => left_rows.end.min(left_rows.start + column + width),
                };
                for left_row in (left_rows.start..above).step_by(ROWS) {
                    shares.next().into_iter().for_each(kernels::prefetch_whole);
                    let left_slice = left.slice(left_row, &slice).as_chunks().0;
                    let sums = tile::<S, ROWS, REGISTERS>(simd, left_slice, right_slice);
                    let dst = &mut dst[(left_row - left_rows.start) * stride + column..];
                    if width == widest && left_row + ROWS <= left_rows.end {
                        put::<S, ROWS, REGISTERS>(simd, &sums, dst, stride, start > 0);
                    } else {
                        let sums = sums.iter().take(left_rows.end - left_row);
                        let dst = dst.chunks_mut(stride).map(|row| &mut row[..width]);
                        sums.zip(dst)
                            .for_each(|(sums, dst)| put_some::<S>(sums, dst, start > 0));
                    }
                }
            }
        }
    }
}

/// The inner products of a left panel's rows with a right panel's.
#[inline(always)]
fn tile<S: Simd, const ROWS: usize, const REGISTERS: usize>(
    simd: S,
    left: &[[f32; ROWS]],
    right: &[[S::f32s; REGISTERS]],
) -> Sums<S, ROWS, REGISTERS> {
    let mut sums = [[simd.splat_f32s(0.0); REGISTERS]; ROWS];
    let ((left, left_rest), (right, right_rest)) =
        (left.as_chunks::<UNROLLED>(), right.as_chunks::<UNROLLED>());
    for (left, right) in left.iter().zip(right) {
        for column in 0..UNROLLED {
            add(simd, &mut sums, &left[column], &right[column]);
        }
    }
    for (left, right) in left_rest.iter().zip(right_rest) {
        add(simd, &mut sums, left, right);
    }
    sums
}

/// Adds one column's products.
#[inline(always)]
fn add<S: Simd, const ROWS: usize, const REGISTERS: usize>(
    simd: S,
    sums: &mut Sums<S, ROWS, REGISTERS>,
    left: &[f32; ROWS],
    right: &[S::f32s; REGISTERS],
) {
    for row in 0..ROWS {
        let value = simd.splat_f32s(left[row]);
        for register in 0..REGISTERS {
            sums[row][register] = simd.mul_add_e_f32s(value, right[register], sums[row][register]);
        }
    }
}

/// Writes sums to `dst`, or adds them to what stands there: from register to memory, since nothing
/// of it depends on a length.
#[inline(always)]
fn put<S: Simd, const ROWS: usize, const REGISTERS: usize>(
    simd: S,
    sums: &Sums<S, ROWS, REGISTERS>,
    dst: &mut [f32],
    stride: usize,
    adds: bool,
) {
    for row in 0..ROWS {
        let (dst, _) = S::as_mut_simd_f32s(&mut dst[row * stride..][..REGISTERS * S::F32_LANES]);
        for register in 0..REGISTERS {
            let sum = sums[row][register];
            dst[register] = if adds {
                simd.add_f32s(dst[register], sum)
            } else {
                sum
            };
        }
    }
}

/// The same at an edge, where `dst` is shorter than the sums of one row.
#[inline(always)]
fn put_some<S: Simd>(sums: &[S::f32s], dst: &mut [f32], adds: bool) {
    let sums: &[f32] = pulp::bytemuck::cast_slice(sums);
    for (dst, &sum) in dst.iter_mut().zip(sums) {
        *dst = if adds { *dst + sum } else { sum };
    }
}

/// A slice of a right panel as registers, column by column.
#[inline(always)]
fn registers<S: Simd, const REGISTERS: usize>(values: &[f32]) -> &[[S::f32s; REGISTERS]] {
    S::as_simd_f32s(values).0.as_chunks().0
}
