//! Barycenter shifts of many neighbor sets at once, by signed sums over blocks of columns.
//!
//! Enters: per query, [`SignedSums`]: the exact neighbors, and snapshots, each a few rows added to or taken from a sum.
//! Leaves: the squared norm of each snapshot's linear combination.
//!
//! Two neighbor sets share most of their rows, and the set at one k shares most of its rows with the set at the next, so
//! only what changes is ever touched.
//!
//! for each block of BLOCK columns                        n row pieces, which stay in the shared cache
//!   for each query of a batch                            its row pieces stay in the private cache
//!     ΣE at every k, a row more each time
//!     for each snapshot
//!       add and take the rows that change                the sum stays in registers or on top of the stack
//!       add the block's share to the snapshot's norm
//!
//! Rows are centered on the data's mean beforehand: a difference of means does not change, its rounding shrinks.
//! Cost: d additions per changing row. The plain form stands in `annatomy_geometry`; tests hold the two together.

#![expect(clippy::inline_always, reason = "what is not inlined is not compiled for the dispatched instruction set")]

use annatomy_vectors::transform::center_columns;
use annatomy_vectors::{Matrix, MatrixView, kernels};
use pulp::{Simd, WithSimd};

const BLOCK: usize = 64;

type Piece = [f32; BLOCK];

/// What a snapshot does with its changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// They join the sequence's running sum.
    Continue,
    /// They begin the running sum anew.
    Restart,
    /// They are a sum of their own; the running sum waits.
    Apart,
}

/// The combination whose norm is wanted; `sum` is 0 if only the changes matter.
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
    /// D is the sum, and the k nearest exact neighbors, less so many of them.
    pub(crate) reach: usize,
}

/// At one k: ‖exact·ΣE + sum·D + last·x‖², D = snapshot's sum + ΣE − ΣE at `reach`, x the last row.
#[derive(Clone, Copy, Debug)]
struct Snapshot {
    /// Ends of the rows added and of the rows taken since the snapshot before.
    added_end: u32,
    taken_end: u32,
    change: Change,
    k: u32,
    reach: u32,
    exact: f32,
    sum: f32,
    last: f32,
}

/// All sequences of snapshots of one query, packed; reused from query to query.
#[derive(Clone, Debug, Default)]
pub(crate) struct SignedSums {
    /// The exact neighbors, nearest first.
    exact: Vec<u32>,
    /// Per snapshot the rows added, then the rows taken.
    rows: Vec<u32>,
    snapshots: Vec<Snapshot>,
    norms: Vec<f64>,
}

impl SignedSums {
    /// Begins a query with its exact neighbors: ΣE/k at each of `ks`, snapshots 0, 1, ….
    pub(crate) fn begin(&mut self, ks: &[usize], exact: &[u32]) {
        self.rows.clear();
        self.snapshots.clear();
        self.norms.clear();
        self.exact.clear();
        self.exact.extend_from_slice(exact);
        for &k in ks {
            let nothing = Changes { change: Change::Apart, added: &[], taken: &[], reach: k };
            self.snapshot(k, nothing, Scales { exact: 1.0 / k as f64, ..Scales::default() });
        }
    }

    /// The exact neighbors.
    pub(crate) fn exact(&self) -> &[u32] {
        &self.exact
    }

    /// Adds a snapshot at `k`; its number among all snapshots is returned.
    pub(crate) fn snapshot(&mut self, k: usize, changes: Changes<'_>, scales: Scales) -> usize {
        let Changes { change, added, taken, reach } = changes;
        self.rows.extend_from_slice(added);
        let added_end = self.rows.len() as u32;
        self.rows.extend_from_slice(taken);
        let taken_end = self.rows.len() as u32;
        let [exact, sum, last] = [scales.exact, scales.sum, scales.last].map(|scale| scale as f32);
        let (k, reach) = (k as u32, reach as u32);
        self.snapshots.push(Snapshot { added_end, taken_end, change, k, reach, exact, sum, last });
        self.norms.push(0.0);
        self.norms.len() - 1
    }

    /// Squared norms of every snapshot, by number, once [`squared_norms`] has run.
    pub(crate) fn norms(&self) -> &[f64] {
        &self.norms
    }

    /// Adds one part of a block to every norm: PART vectors of columns, few enough for registers.
    #[inline(always)]
    fn add_part<S: Simd, const PART: usize>(
        &mut self,
        simd: S,
        rows: &[Piece],
        part: usize,
        exact_sums: &mut Vec<[S::f32s; PART]>,
    ) {
        let Some(last) = rows.last() else { return };
        let last = load(simd, last, part);
        let zero = [simd.splat_f32s(0.0); PART];
        exact_sums.clear();
        exact_sums.push(zero);
        let mut exact_sum = zero;
        for row in &self.exact {
            exact_sum = fold(simd, exact_sum, std::slice::from_ref(row), rows, part, S::add_f32s);
            exact_sums.push(exact_sum);
        }
        let (mut start, mut running) = (0, zero);
        for (entry, norm) in self.snapshots.iter().zip(&mut self.norms) {
            let (added_end, taken_end) = (entry.added_end as usize, entry.taken_end as usize);
            let mut sum = if entry.change == Change::Continue { running } else { zero };
            sum = fold(simd, sum, &self.rows[start..added_end], rows, part, S::add_f32s);
            sum = fold(simd, sum, &self.rows[added_end..taken_end], rows, part, S::sub_f32s);
            start = taken_end;
            if entry.change != Change::Apart {
                running = sum;
            }
            if entry.sum != 0.0 || entry.exact != 0.0 {
                let exact = &exact_sums[entry.k as usize];
                if entry.reach != entry.k {
                    let reached = &exact_sums[entry.reach as usize];
                    for lane in 0..PART {
                        sum[lane] = simd.add_f32s(sum[lane], simd.sub_f32s(exact[lane], reached[lane]));
                    }
                }
                *norm += squared_norm(simd, entry, exact, sum, last);
            }
        }
    }
}

/// The part's vectors of one row.
#[inline(always)]
fn load<S: Simd, const PART: usize>(_simd: S, piece: &Piece, part: usize) -> &[S::f32s; PART] {
    let (vectors, _) = S::as_simd_f32s(piece);
    vectors[part * PART..].first_chunk().expect("a block is a whole number of parts")
}

/// Adds (or takes) the part's vectors of the rows `changes` to `sum`.
#[inline(always)]
fn fold<S: Simd, const PART: usize>(
    simd: S,
    mut sum: [S::f32s; PART],
    changes: &[u32],
    rows: &[Piece],
    part: usize,
    join: fn(S, S::f32s, S::f32s) -> S::f32s,
) -> [S::f32s; PART] {
    for &row in changes {
        let row = load::<S, PART>(simd, &rows[row as usize], part);
        for lane in 0..PART {
            sum[lane] = join(simd, sum[lane], row[lane]);
        }
    }
    sum
}

#[inline(always)]
fn squared_norm<S: Simd, const PART: usize>(
    simd: S,
    entry: &Snapshot,
    exact: &[S::f32s; PART],
    sum: [S::f32s; PART],
    last: &[S::f32s; PART],
) -> f64 {
    let [exact_scale, sum_scale, last_scale] = [entry.exact, entry.sum, entry.last].map(|scale| simd.splat_f32s(scale));
    let mut squares = simd.splat_f32s(0.0);
    for lane in 0..PART {
        let mut value = simd.mul_f32s(sum[lane], sum_scale);
        if entry.exact != 0.0 {
            value = simd.mul_add_f32s(exact[lane], exact_scale, value);
        }
        if entry.last != 0.0 {
            value = simd.mul_add_f32s(last[lane], last_scale, value);
        }
        squares = simd.mul_add_f32s(value, value, squares);
    }
    f64::from(simd.reduce_sum_f32s(squares))
}

/// Computes the norms of a batch of queries' snapshots.
pub(crate) fn squared_norms<'s>(batch: impl IntoIterator<Item = &'s mut SignedSums>, columns: &ColumnBlocks) {
    let mut batch: Vec<&mut SignedSums> = batch.into_iter().collect();
    pulp::Arch::new().dispatch(Batch { sums: &mut batch, columns });
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
        // As many running sums as registers can hold beside their operands.
        match S::F32_LANES {
            16.. => self.add_all::<S, 4>(simd),
            _ => self.add_all::<S, 8>(simd),
        }
    }
}

impl Batch<'_, '_> {
    #[inline(always)]
    fn add_all<S: Simd, const PART: usize>(self, simd: S) {
        let parts = const { BLOCK / (S::F32_LANES * PART) };
        let mut exact_sums = Vec::new();
        for block in 0..self.columns.blocks {
            let rows = self.columns.block(block);
            for sums in self.sums.iter_mut() {
                (0..parts).for_each(|part| sums.add_part::<S, PART>(simd, rows, part, &mut exact_sums));
            }
        }
    }
}

/// Centered rows stored block of columns by block of columns, the last one padded with zeros.
#[derive(Clone, Debug)]
pub(crate) struct ColumnBlocks {
    rows: usize,
    blocks: usize,
    values: Vec<Piece>,
    norms_squared: Vec<f64>,
}

impl ColumnBlocks {
    /// Centers and rearranges `rows`. Memory: a copy of them.
    pub(crate) fn new(rows: MatrixView<'_>) -> Self {
        let (count, columns) = (rows.rows(), rows.columns());
        let mut centered = Matrix::new(count, columns, rows.values().to_vec()).expect("the shape of a view");
        center_columns(&mut centered);
        let blocks = columns.div_ceil(BLOCK);
        let mut values = vec![[0.0; BLOCK]; blocks * count];
        for row in 0..count {
            for (block, piece) in centered.row(row).chunks(BLOCK).enumerate() {
                values[block * count + row][..piece.len()].copy_from_slice(piece);
            }
        }
        let norms_squared = (0..count).map(|row| kernels::dot_f64(centered.row(row), centered.row(row))).collect();
        Self { rows: count, blocks, values, norms_squared }
    }

    /// ‖x‖² of a centered row.
    pub(crate) fn norm_squared(&self, row: u32) -> f64 {
        self.norms_squared[row as usize]
    }

    /// Mean squared distance of `rows` to their own barycenter, by the definition, in float64.
    #[expect(clippy::needless_range_loop, reason = "the column runs across all pieces, not along one")]
    pub(crate) fn radius_squared(&self, rows: &[u32]) -> f64 {
        let count = rows.len() as f64;
        let mut total = 0.0;
        for block in 0..self.blocks {
            let pieces = self.block(block);
            for column in 0..BLOCK {
                let values = || rows.iter().map(|&row| f64::from(pieces[row as usize][column]));
                let mean = values().sum::<f64>() / count;
                total += values().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
            }
        }
        total
    }

    fn block(&self, block: usize) -> &[Piece] {
        &self.values[block * self.rows..(block + 1) * self.rows]
    }
}
