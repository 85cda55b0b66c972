//! Signed sums of vectors, accumulated over blocks of columns by SIMD.
//!
//! Enters: the [`SignedSums`] of a block of queries and the [`ColumnBlocks`]. Leaves: the squared
//! norm of each snapshot.
//!
//! for each block of BLOCK columns          its n row pieces stay in the shared cache
//!   for each query of the block            its row pieces and its sums stay in the private cache
//!     for each pair of additions           two rows, or two prefix sums, join the sum in registers,
//!                                          which is stored every time: no branch to mispredict
//!     for each snapshot                    add this block's share to its norm
//!
//! Cost: d additions for each row or prefix sum that joins. The definition, term by term, is in
//! `annatomy_measures`; tests compare the two.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the dispatched instruction set"
)]

use super::column_blocks::{BLOCK, ColumnBlocks};
use super::signed_sums::{Combination, SignedSums, Snapshot};
use annatomy_vectors::kernels;
use pulp::{Simd, WithSimd};
use std::hint::select_unpredictable;

/// How many pairs of additions ahead rows are prefetched; half and twice as many were no faster on
/// 10,000 × 2,048.
const PREFETCH_PAIRS: usize = 8;

/// Computes the norms of the snapshots of a block of queries.
pub(super) fn squared_norms<'s>(
    queries: impl IntoIterator<Item = &'s mut SignedSums>,
    columns: &ColumnBlocks,
) {
    let mut queries: Vec<&mut SignedSums> = queries.into_iter().collect();
    pulp::Arch::new().dispatch(LoopNest {
        queries: &mut queries,
        columns,
    });
}

/// The loop nest as a value, so that it is compiled for each instruction set.
struct LoopNest<'b, 's> {
    queries: &'b mut [&'s mut SignedSums],
    columns: &'b ColumnBlocks,
}

impl WithSimd for LoopNest<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.add_all::<S, { BLOCK / 16 }>(simd),
            8 => self.add_all::<S, { BLOCK / 8 }>(simd),
            4 => self.add_all::<S, { BLOCK / 4 }>(simd),
            _ => self.add_all::<S, BLOCK>(simd),
        }
    }
}

impl LoopNest<'_, '_> {
    #[inline(always)]
    fn add_all<S: Simd, const VECTORS: usize>(self, simd: S) {
        let mut memory = Vec::new();
        for block in 0..self.columns.blocks() {
            let (vectors, _) = S::as_simd_f32s(self.columns.block(block).as_flattened());
            let (rows, _) = vectors.as_chunks();
            for query in self.queries.iter_mut() {
                query.add_block::<S, VECTORS>(simd, rows, &mut memory);
            }
        }
    }
}

impl SignedSums {
    /// Adds one block's share to every norm. `sums` is memory for the sums, by index.
    #[inline(always)]
    fn add_block<S: Simd, const VECTORS: usize>(
        &mut self,
        simd: S,
        rows: &[[S::f32s; VECTORS]],
        sums: &mut Vec<[S::f32s; VECTORS]>,
    ) {
        let Some(last) = rows.last() else { return };
        let zero = [simd.splat_f32s(0.0); VECTORS];
        sums.resize(sums.len().max(self.sums as usize), zero);
        let sums = &mut sums[..self.sums as usize];
        sums[0] = zero;
        let mut sum = zero;
        for (rank, (&row, prefix_sum)) in self.exact.iter().zip(&mut sums[1..]).enumerate() {
            if let Some(&ahead) = self.exact.get(rank + 2 * PREFETCH_PAIRS) {
                kernels::prefetch_whole(&rows[ahead as usize]);
            }
            let row = &rows[row as usize];
            for lane in 0..VECTORS {
                sum[lane] = simd.add_f32s(sum[lane], row[lane]);
            }
            *prefix_sum = sum;
        }
        let mut start = 0;
        for run in &self.runs {
            let mut sum = sums[run.from as usize];
            let end = run.end as usize;
            for (number, pair) in (start..end).zip(&self.pairs[start..end]) {
                if let Some(ahead) = self.pairs.get(number + PREFETCH_PAIRS) {
                    let from = select_unpredictable(ahead.of_sums, &*sums, rows);
                    for &term in &ahead.terms {
                        kernels::prefetch_whole(&from[term as usize]);
                    }
                }
                let from = select_unpredictable(pair.of_sums, &*sums, rows);
                let [first, second] = pair.terms.map(|term| &from[term as usize]);
                let [first_sign, second_sign] = pair.signs.map(|sign| simd.splat_f32s(sign));
                for lane in 0..VECTORS {
                    sum[lane] = simd.mul_add_f32s(first[lane], first_sign, sum[lane]);
                    sum[lane] = simd.mul_add_f32s(second[lane], second_sign, sum[lane]);
                }
                sums[pair.result as usize] = sum;
            }
            start = end;
        }
        for snapshot in &self.snapshots {
            self.norms[snapshot.number as usize] += squared_norm(simd, snapshot, sums);
        }
        for combination in &self.combinations {
            self.norms[combination.snapshot.number as usize] +=
                combined_norm(simd, combination, sums, last);
        }
    }
}

#[inline(always)]
fn squared_norm<S: Simd, const VECTORS: usize>(
    simd: S,
    snapshot: &Snapshot,
    sums: &[[S::f32s; VECTORS]],
) -> f64 {
    let indices = [snapshot.sum, snapshot.k, snapshot.prefix];
    let [sum, exact, prefix] = indices.map(|index| &sums[index as usize]);
    let scale = f64::from(snapshot.difference);
    let mut squares = simd.splat_f32s(0.0);
    for lane in 0..VECTORS {
        let difference = simd.add_f32s(sum[lane], simd.sub_f32s(exact[lane], prefix[lane]));
        squares = simd.mul_add_f32s(difference, difference, squares);
    }
    scale * scale * f64::from(simd.reduce_sum_f32s(squares))
}

#[inline(always)]
fn combined_norm<S: Simd, const VECTORS: usize>(
    simd: S,
    combination: &Combination,
    sums: &[[S::f32s; VECTORS]],
    last: &[S::f32s; VECTORS],
) -> f64 {
    let snapshot = &combination.snapshot;
    let indices = [snapshot.sum, snapshot.k, snapshot.prefix];
    let [sum, exact, prefix] = indices.map(|index| &sums[index as usize]);
    let exact_scale = simd.splat_f32s(combination.exact);
    let difference_scale = simd.splat_f32s(snapshot.difference);
    let last_scale = simd.splat_f32s(combination.last);
    let mut squares = simd.splat_f32s(0.0);
    for lane in 0..VECTORS {
        let difference = simd.add_f32s(sum[lane], simd.sub_f32s(exact[lane], prefix[lane]));
        let mut value = simd.mul_f32s(last[lane], last_scale);
        value = simd.mul_add_f32s(exact[lane], exact_scale, value);
        value = simd.mul_add_f32s(difference, difference_scale, value);
        squares = simd.mul_add_f32s(value, value, squares);
    }
    f64::from(simd.reduce_sum_f32s(squares))
}
