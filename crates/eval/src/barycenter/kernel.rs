//! Barycenter shifts of many neighbor sets at once, by signed sums over blocks of columns.
//!
//! Enters: per query, [`SignedSums`]: the exact neighbors, and snapshots, each a few rows added to
//! or taken from a sum. Leaves: the squared norm of each snapshot's linear combination.
//!
//! Two neighbor sets share most of their rows, and the set at one k shares most of its rows with
//! the set at the next, so only what changes is ever touched.
//!
//! for each block of BLOCK columns                        n row pieces, which stay in the shared cache
//!   for each query of a batch                            its row pieces and its sums stay in the private cache
//!     for each pair of touches, in one stream            two rows, or sums of exact neighbors, join the sum in the registers,
//!                                                        which is kept at once, wanted or not: no branch to mispredict
//!     for each snapshot
//!       add the block's share to its norm                from the sums that were kept
//!
//! Rows are centered on the data's mean beforehand: a difference of means does not change, its
//! rounding shrinks. Cost: d additions per touch. The plain form stands in `annatomy_measures`;
//! tests hold the two together.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the dispatched instruction set"
)]

use annatomy_runtime::{PerThread, TASK_QUERIES, Zeroed};
use annatomy_vectors::transform::{center, column_means};
use annatomy_vectors::{MatrixView, kernels};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::hint::select_unpredictable;

/// Columns of a block: as many of one sum as AVX2's registers hold. Blocks of 16, 32 and 48 were no
/// faster.
const BLOCK: usize = 64;
/// Rows are fetched so many pairs of touches ahead; half and twice as many rows were no faster on
/// 10,000 × 2,048.
const FETCHED_AHEAD: usize = 8;

type Piece = [f32; BLOCK];

/// What a snapshot does with its changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Change {
    /// They begin the running sum anew.
    #[default]
    Restart,
    /// They join the sequence's running sum.
    Continue,
    /// They are a sum of their own; the running sum waits.
    Apart,
}

/// The combination whose norm is wanted; all are 0 if only the changes matter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Scales {
    /// Of the sum of the k nearest exact neighbors.
    pub(crate) exact: f64,
    /// Of D.
    pub(crate) sum: f64,
    /// Of the data's last row.
    pub(crate) last: f64,
}

/// How a snapshot's D follows from the sum before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changes<'c> {
    pub(crate) change: Change,
    pub(crate) added: &'c [u32],
    pub(crate) taken: &'c [u32],
    /// Ranks of exact neighbors, from and up to, that are added together.
    pub(crate) stretches: &'c [[u32; 2]],
    /// D is the sum, and the k nearest exact neighbors, less so many of them.
    pub(crate) reach: usize,
}

/// Two rows, or two sums, join the running sum, each times its sign. What comes of it is kept at
/// `place`, over what was kept there before.
#[derive(Clone, Copy, Debug)]
struct Pair {
    /// Where the two are kept, if they are sums.
    sums: bool,
    numbers: [u32; 2],
    /// 1 if it is added, −1 if it is taken, 0 if there is no second one.
    signs: [f32; 2],
    place: u32,
}

/// Pairs up to number `end`, of the sum kept at place `from`.
#[derive(Clone, Copy, Debug)]
struct Run {
    from: u32,
    end: u32,
}

/// At one k: the norm of D = the sum at `place` + ΣE − ΣE at `reach`.
#[derive(Clone, Copy, Debug)]
struct Snapshot {
    number: u32,
    place: u32,
    k: u32,
    reach: u32,
    /// Of D.
    sum: f32,
}

/// The same of exact·ΣE + sum·D + last·x, x the last row.
#[derive(Clone, Copy, Debug)]
struct Combination {
    of: Snapshot,
    exact: f32,
    last: f32,
}

/// All sequences of snapshots of one query, packed; reused from query to query.
///
/// A sum is known by the place where it is kept: 0 is the empty sum's, r that of the r nearest
/// exact neighbors, and then come those of the snapshots.
#[derive(Clone, Debug, Default)]
pub(crate) struct SignedSums {
    /// The exact neighbors, nearest first.
    exact: Vec<u32>,
    pairs: Vec<Pair>,
    runs: Vec<Run>,
    places: u32,
    /// Where the running sum is kept.
    running: u32,
    snapshots: Vec<Snapshot>,
    combinations: Vec<Combination>,
    norms: Vec<f64>,
}

impl SignedSums {
    /// Begins a query with its exact neighbors: ΣE/k at each of `ks`, snapshots 0, 1, ….
    pub(crate) fn begin(&mut self, ks: &[usize], exact: &[u32]) {
        self.pairs.clear();
        self.runs.clear();
        self.snapshots.clear();
        self.combinations.clear();
        self.norms.clear();
        self.exact.clear();
        self.exact.extend_from_slice(exact);
        (self.places, self.running) = (exact.len() as u32 + 1, 0);
        for &k in ks {
            self.push(
                k,
                k,
                0,
                Scales {
                    exact: 1.0 / k as f64,
                    ..Scales::default()
                },
            );
        }
    }

    /// The exact neighbors.
    pub(crate) fn exact(&self) -> &[u32] {
        &self.exact
    }

    /// Adds a snapshot at `k`; its number among all snapshots is returned, unless nothing of it is
    /// wanted but the changes.
    pub(crate) fn snapshot(
        &mut self,
        k: usize,
        changes: Changes<'_>,
        scales: Scales,
    ) -> Option<usize> {
        let from = if changes.change == Change::Continue {
            self.running
        } else {
            0
        };
        let place = self.touch(from, changes);
        if changes.change != Change::Apart {
            self.running = place;
        }
        (scales != Scales::default()).then(|| self.push(k, changes.reach, place, scales))
    }

    /// Changes the sum kept at `from`; where it is kept then is returned.
    fn touch(
        &mut self,
        from: u32,
        Changes {
            added,
            taken,
            stretches,
            ..
        }: Changes<'_>,
    ) -> u32 {
        if added.is_empty() && taken.is_empty() && stretches.is_empty() {
            return from;
        }
        let place = self.places;
        self.places += 1;
        let signed = |sign: f32| move |&row: &u32| (row, sign);
        let mut signed = added
            .iter()
            .map(signed(1.0))
            .chain(taken.iter().map(signed(-1.0)));
        while let Some((row, sign)) = signed.next() {
            let (second, second_sign) = signed.next().unwrap_or((row, 0.0));
            self.pairs.push(Pair {
                sums: false,
                numbers: [row, second],
                signs: [sign, second_sign],
                place,
            });
        }
        let pair = |&numbers: &[u32; 2]| Pair {
            sums: true,
            numbers,
            signs: [-1.0, 1.0],
            place,
        };
        self.pairs.extend(stretches.iter().map(pair));
        let end = self.pairs.len() as u32;
        match self.runs.last_mut() {
            Some(run) if from + 1 == place => run.end = end,
            _ => self.runs.push(Run { from, end }),
        }
        place
    }

    fn push(&mut self, k: usize, reach: usize, place: u32, scales: Scales) -> usize {
        let [exact, sum, last] = [scales.exact, scales.sum, scales.last].map(|scale| scale as f32);
        let number = self.norms.len();
        self.norms.push(0.0);
        let of = Snapshot {
            number: number as u32,
            place,
            k: k as u32,
            reach: reach as u32,
            sum,
        };
        if exact == 0.0 && last == 0.0 {
            self.snapshots.push(of);
        } else {
            self.combinations.push(Combination { of, exact, last });
        }
        number
    }

    /// Squared norms of every snapshot, by number, once [`squared_norms`] has run.
    pub(crate) fn norms(&self) -> &[f64] {
        &self.norms
    }

    /// Adds one block's share to every norm. `sums` is memory for the sums, place by place.
    #[inline(always)]
    fn add_block<S: Simd, const VECTORS: usize>(
        &mut self,
        simd: S,
        rows: &[[S::f32s; VECTORS]],
        sums: &mut Vec<[S::f32s; VECTORS]>,
    ) {
        let Some(last) = rows.last() else { return };
        let zero = [simd.splat_f32s(0.0); VECTORS];
        sums.resize(sums.len().max(self.places as usize), zero);
        let sums = &mut sums[..self.places as usize];
        sums[0] = zero;
        let mut sum = zero;
        for (rank, (&row, kept)) in self.exact.iter().zip(&mut sums[1..]).enumerate() {
            if let Some(&ahead) = self.exact.get(rank + 2 * FETCHED_AHEAD) {
                kernels::prefetch_whole(&rows[ahead as usize]);
            }
            let row = &rows[row as usize];
            for lane in 0..VECTORS {
                sum[lane] = simd.add_f32s(sum[lane], row[lane]);
            }
            *kept = sum;
        }
        let mut start = 0;
        for run in &self.runs {
            let mut sum = sums[run.from as usize];
            let end = run.end as usize;
            for (number, pair) in (start..end).zip(&self.pairs[start..end]) {
                if let Some(ahead) = self.pairs.get(number + FETCHED_AHEAD) {
                    let from = select_unpredictable(ahead.sums, &*sums, rows);
                    ahead
                        .numbers
                        .iter()
                        .for_each(|&number| kernels::prefetch_whole(&from[number as usize]));
                }
                let from = select_unpredictable(pair.sums, &*sums, rows);
                let [first, second] = pair.numbers.map(|number| &from[number as usize]);
                let [first_sign, second_sign] = pair.signs.map(|sign| simd.splat_f32s(sign));
                for lane in 0..VECTORS {
                    sum[lane] = simd.mul_add_f32s(first[lane], first_sign, sum[lane]);
                    sum[lane] = simd.mul_add_f32s(second[lane], second_sign, sum[lane]);
                }
                sums[pair.place as usize] = sum;
            }
            start = end;
        }
        for snapshot in &self.snapshots {
            self.norms[snapshot.number as usize] += squared_norm(simd, snapshot, sums);
        }
        for combination in &self.combinations {
            self.norms[combination.of.number as usize] +=
                combined_norm(simd, combination, sums, last);
        }
    }
}

#[inline(always)]
fn squared_norm<S: Simd, const VECTORS: usize>(
    simd: S,
    &Snapshot {
        place,
        k,
        reach,
        sum: scale,
        ..
    }: &Snapshot,
    sums: &[[S::f32s; VECTORS]],
) -> f64 {
    let [sum, exact, reached] = [place, k, reach].map(|place| &sums[place as usize]);
    let mut squares = simd.splat_f32s(0.0);
    for lane in 0..VECTORS {
        let difference = simd.add_f32s(sum[lane], simd.sub_f32s(exact[lane], reached[lane]));
        squares = simd.mul_add_f32s(difference, difference, squares);
    }
    f64::from(scale) * f64::from(scale) * f64::from(simd.reduce_sum_f32s(squares))
}

#[inline(always)]
fn combined_norm<S: Simd, const VECTORS: usize>(
    simd: S,
    combination: &Combination,
    sums: &[[S::f32s; VECTORS]],
    last: &[S::f32s; VECTORS],
) -> f64 {
    let Snapshot {
        place,
        k,
        reach,
        sum,
        ..
    } = combination.of;
    let scales = [combination.exact, sum, combination.last];
    let [sum, exact, reached] = [place, k, reach].map(|place| &sums[place as usize]);
    let [exact_scale, sum_scale, last_scale] = scales.map(|scale| simd.splat_f32s(scale));
    let mut squares = simd.splat_f32s(0.0);
    for lane in 0..VECTORS {
        let difference = simd.add_f32s(sum[lane], simd.sub_f32s(exact[lane], reached[lane]));
        let mut value = simd.mul_f32s(last[lane], last_scale);
        value = simd.mul_add_f32s(exact[lane], exact_scale, value);
        value = simd.mul_add_f32s(difference, sum_scale, value);
        squares = simd.mul_add_f32s(value, value, squares);
    }
    f64::from(simd.reduce_sum_f32s(squares))
}

/// Computes the norms of a batch of queries' snapshots.
pub(crate) fn squared_norms<'s>(
    batch: impl IntoIterator<Item = &'s mut SignedSums>,
    columns: &ColumnBlocks,
) {
    let mut batch: Vec<&mut SignedSums> = batch.into_iter().collect();
    pulp::Arch::new().dispatch(Batch {
        sums: &mut batch,
        columns,
    });
}

/// The loop nest as a value, so that it is compiled for the instruction set at hand.
struct Batch<'b, 's> {
    sums: &'b mut [&'s mut SignedSums],
    columns: &'b ColumnBlocks,
}

impl WithSimd for Batch<'_, '_> {
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

impl Batch<'_, '_> {
    #[inline(always)]
    fn add_all<S: Simd, const VECTORS: usize>(self, simd: S) {
        let mut memory = Vec::new();
        for block in 0..self.columns.blocks {
            let (vectors, _) = S::as_simd_f32s(self.columns.block(block).as_flattened());
            let (rows, _) = vectors.as_chunks();
            for sums in self.sums.iter_mut() {
                sums.add_block::<S, VECTORS>(simd, rows, &mut memory);
            }
        }
    }
}

/// Centered rows stored block of columns by block of columns, the last one padded with zeros.
#[derive(Debug)]
pub struct ColumnBlocks {
    rows: usize,
    blocks: usize,
    values: Zeroed<Piece>,
    norms_squared: Vec<f64>,
}

impl ColumnBlocks {
    /// Centers and rearranges `rows`, on the current rayon pool. Memory: a copy of them.
    pub fn new(rows: MatrixView<'_>) -> Self {
        let (count, columns) = (rows.rows(), rows.columns());
        let means = column_means(rows);
        let blocks = columns.div_ceil(BLOCK);
        let mut values = Zeroed::<Piece>::new(blocks * count);
        let pieces = values
            .par_chunks_mut(count.max(1))
            .zip(means.par_chunks(BLOCK))
            .enumerate();
        pieces.with_max_len(1).for_each(|(block, (pieces, means))| {
            for (row, piece) in pieces.iter_mut().enumerate() {
                center(&rows.row(row)[block * BLOCK..], means, piece);
            }
        });
        let centered = PerThread::new(|| vec![0.0; columns]);
        let norm_squared = |row: usize| {
            centered.with(|centered| {
                center(rows.row(row), &means, centered);
                kernels::dot_f64(centered, centered)
            })
        };
        let norms_squared = (0..count)
            .into_par_iter()
            .with_max_len(TASK_QUERIES)
            .map(norm_squared)
            .collect();
        Self {
            rows: count,
            blocks,
            values,
            norms_squared,
        }
    }

    /// ‖x‖² of a centered row.
    pub(crate) fn norm_squared(&self, row: u32) -> f64 {
        self.norms_squared[row as usize]
    }

    /// Mean squared distance of `rows` to their own barycenter, by the definition, in float64.
    #[expect(
        clippy::needless_range_loop,
        reason = "the column runs across all pieces, not along one"
    )]
    pub(crate) fn radius_squared(&self, rows: &[u32]) -> f64 {
        let count = rows.len() as f64;
        let mut total = 0.0;
        for block in 0..self.blocks {
            let pieces = self.block(block);
            for column in 0..BLOCK {
                let values = || {
                    rows.iter()
                        .map(|&row| f64::from(pieces[row as usize][column]))
                };
                let mean = values().sum::<f64>() / count;
                total += values()
                    .map(|value| (value - mean) * (value - mean))
                    .sum::<f64>()
                    / count;
            }
        }
        total
    }

    fn block(&self, block: usize) -> &[Piece] {
        &self.values[block * self.rows..(block + 1) * self.rows]
    }
}
