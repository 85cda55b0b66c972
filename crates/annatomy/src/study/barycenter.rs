//! Barycenter shifts of many neighbor sets at once, by signed sums over blocks of columns.
//!
//! Enters: per query, [`SignedSums`]: sequences of snapshots, each a few rows added to or taken from a running sum.
//! Leaves: the squared norm of each snapshot's linear combination.
//!
//! mean(E) − mean(A) is a signed sum in which a row that both sets hold cancels, so only the rows that enter one set
//! before the other are ever touched.
//!
//! for each block of BLOCK columns                        n row pieces, which stay in the shared cache
//!   for each query of a batch                            its row pieces stay in the private cache
//!     for each sequence, for each snapshot
//!       add and take the rows that change                the running sum stays in registers
//!       add the block's share to the snapshot's norm
//!
//! Rows are centered on the data's mean beforehand: a difference of means does not change, its rounding shrinks.
//! Cost: d additions per changing row. The plain form stands in `annatomy_geometry`; tests hold the two together.

use annatomy_vectors::transform::center_columns;
use annatomy_vectors::{Matrix, MatrixView, kernels};
use pulp::{Simd, WithSimd};

const BLOCK: usize = 64;

type Piece = [f32; BLOCK];

/// A linear combination of a sequence's sums.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scales {
    /// Of the running sum.
    pub(crate) sum: f64,
    /// Of the sequence's second sum.
    pub(crate) second: f64,
    /// Of the data's last row.
    pub(crate) last: f64,
}

/// At one k: ‖sum·D − second·W − last·x‖², D the running sum, W the sequence's second sum, x the last row; all scales 0
/// if only the changes matter.
#[derive(Clone, Copy, Debug)]
struct Snapshot {
    /// Ends of the rows added and of the rows taken since the snapshot before.
    added_end: u32,
    taken_end: u32,
    starts_anew: bool,
    sum: f32,
    second: f32,
    last: f32,
}

/// Snapshots of one running sum.
#[derive(Clone, Copy, Debug)]
struct Sequence {
    snapshots_end: u32,
    second_end: u32,
}

/// All sequences of one query, packed; reused from query to query.
#[derive(Clone, Debug, Default)]
pub(crate) struct SignedSums {
    /// Per snapshot the rows added, then the rows taken.
    rows: Vec<u32>,
    snapshots: Vec<Snapshot>,
    second: Vec<u32>,
    sequences: Vec<Sequence>,
    norms: Vec<f64>,
}

impl SignedSums {
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.snapshots.clear();
        self.second.clear();
        self.sequences.clear();
        self.norms.clear();
    }

    /// Adds a snapshot; with `starts_anew` its changes apply to an empty sum. Its number among all snapshots is returned.
    pub(crate) fn snapshot(&mut self, starts_anew: bool, added: &[u32], taken: &[u32], scales: Scales) -> usize {
        self.rows.extend_from_slice(added);
        let added_end = self.rows.len() as u32;
        self.rows.extend_from_slice(taken);
        let taken_end = self.rows.len() as u32;
        let [sum, second, last] = [scales.sum, scales.second, scales.last].map(|scale| scale as f32);
        self.snapshots.push(Snapshot { added_end, taken_end, starts_anew, sum, second, last });
        self.norms.push(0.0);
        self.norms.len() - 1
    }

    /// Ends a sequence whose second sum is over `second` (read only where a snapshot's second scale is not 0).
    pub(crate) fn end_sequence(&mut self, second: &[u32]) {
        self.second.extend_from_slice(second);
        self.sequences
            .push(Sequence { snapshots_end: self.snapshots.len() as u32, second_end: self.second.len() as u32 });
    }

    /// Squared norms of every snapshot, by number, once [`squared_norms`] has run.
    pub(crate) fn norms(&self) -> &[f64] {
        &self.norms
    }

    /// Adds one part of a block to every norm: PART vectors of columns, which stay in registers.
    #[inline(always)]
    fn add_part<S: Simd>(&mut self, simd: S, rows: &[Piece], part: usize) {
        let (mut change, mut first, mut second) = (0, 0, 0);
        let Some(last) = rows.last() else { return };
        let last = load(simd, last, part);
        for sequence in &self.sequences {
            let end = sequence.snapshots_end as usize;
            let zero = [simd.splat_f32s(0.0); PART];
            let second_rows = &self.second[second..sequence.second_end as usize];
            let second_sum = fold(simd, zero, second_rows, rows, part, S::add_f32s);
            let mut sum = zero;
            for (entry, norm) in self.snapshots[first..end].iter().zip(&mut self.norms[first..end]) {
                if entry.starts_anew {
                    sum = zero;
                }
                let (added_end, taken_end) = (entry.added_end as usize, entry.taken_end as usize);
                sum = fold(simd, sum, &self.rows[change..added_end], rows, part, S::add_f32s);
                sum = fold(simd, sum, &self.rows[added_end..taken_end], rows, part, S::sub_f32s);
                change = taken_end;
                if entry.sum != 0.0 {
                    *norm += squared_norm(simd, entry, sum, second_sum, last);
                }
            }
            first = end;
            second = sequence.second_end as usize;
        }
    }
}

/// Vectors of columns handled together; as many running sums as stay in registers beside their operands.
const PART: usize = 4;

/// The part's vectors of one row.
#[inline(always)]
fn load<S: Simd>(_simd: S, piece: &Piece, part: usize) -> [S::f32s; PART] {
    let (vectors, _) = S::as_simd_f32s(piece);
    let vectors = &vectors[part * PART..(part + 1) * PART];
    [vectors[0], vectors[1], vectors[2], vectors[3]]
}

/// Adds (or takes) the part's vectors of the rows `changes` to `sum`.
#[inline(always)]
fn fold<S: Simd>(
    simd: S,
    mut sum: [S::f32s; PART],
    changes: &[u32],
    rows: &[Piece],
    part: usize,
    join: fn(S, S::f32s, S::f32s) -> S::f32s,
) -> [S::f32s; PART] {
    for &row in changes {
        let row = load(simd, &rows[row as usize], part);
        sum = [
            join(simd, sum[0], row[0]),
            join(simd, sum[1], row[1]),
            join(simd, sum[2], row[2]),
            join(simd, sum[3], row[3]),
        ];
    }
    sum
}

#[inline(always)]
fn squared_norm<S: Simd>(
    simd: S,
    entry: &Snapshot,
    sum: [S::f32s; PART],
    second: [S::f32s; PART],
    last: [S::f32s; PART],
) -> f64 {
    let [sum_scale, second_scale, last_scale] =
        [entry.sum, -entry.second, -entry.last].map(|scale| simd.splat_f32s(scale));
    let mut squares = simd.splat_f32s(0.0);
    for lane in 0..PART {
        let mut value = simd.mul_f32s(sum[lane], sum_scale);
        if entry.second != 0.0 || entry.last != 0.0 {
            value = simd.mul_add_f32s(second[lane], second_scale, value);
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
        let parts = BLOCK / (S::F32_LANES * PART);
        for block in 0..self.columns.blocks {
            let rows = self.columns.block(block);
            for sums in self.sums.iter_mut() {
                (0..parts).for_each(|part| sums.add_part(simd, rows, part));
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
    pub(crate) fn radius_squared(&self, rows: &[u32]) -> f64 {
        let count = rows.len() as f64;
        let mut total = 0.0;
        for block in 0..self.blocks {
            let pieces = self.block(block);
            for lane in 0..BLOCK {
                let values = || rows.iter().map(|&row| f64::from(pieces[row as usize][lane]));
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
