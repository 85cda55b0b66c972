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
use pulp::NullaryFnOnce;

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

/// At one k: ‖sum·D − second·W − last·x‖², D the running sum, W the sequence's second sum, x the last row.
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

    #[inline(always)]
    fn add_block(&mut self, rows: &[Piece]) {
        let (mut change, mut first, mut second) = (0, 0, 0);
        let Some(last) = rows.last() else { return };
        for sequence in &self.sequences {
            let end = sequence.snapshots_end as usize;
            let mut second_sum = [0.0f32; BLOCK];
            for &row in &self.second[second..sequence.second_end as usize] {
                for (sum, &value) in second_sum.iter_mut().zip(&rows[row as usize]) {
                    *sum += value;
                }
            }
            let mut sum = [0.0f32; BLOCK];
            for (entry, norm) in self.snapshots[first..end].iter().zip(&mut self.norms[first..end]) {
                if entry.starts_anew {
                    sum = [0.0; BLOCK];
                }
                let (added_end, taken_end) = (entry.added_end as usize, entry.taken_end as usize);
                for &row in &self.rows[change..added_end] {
                    for (sum, &value) in sum.iter_mut().zip(&rows[row as usize]) {
                        *sum += value;
                    }
                }
                for &row in &self.rows[added_end..taken_end] {
                    for (sum, &value) in sum.iter_mut().zip(&rows[row as usize]) {
                        *sum -= value;
                    }
                }
                change = taken_end;
                *norm += combined_square(entry, &sum, &second_sum, last);
            }
            first = end;
            second = sequence.second_end as usize;
        }
    }
}

#[inline(always)]
fn combined_square(entry: &Snapshot, sum: &Piece, second: &Piece, last: &Piece) -> f64 {
    let mut squares = [0.0f32; 8];
    for start in (0..BLOCK).step_by(8) {
        for lane in 0..8 {
            let at = start + lane;
            let value = sum[at] * entry.sum - second[at] * entry.second - last[at] * entry.last;
            squares[lane] += value * value;
        }
    }
    f64::from(squares.iter().sum::<f32>())
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

impl NullaryFnOnce for Batch<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for block in 0..self.columns.blocks {
            let rows = self.columns.block(block);
            for sums in self.sums.iter_mut() {
                sums.add_block(rows);
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
