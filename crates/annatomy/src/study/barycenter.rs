//! Barycenter shifts of many neighbor sets at once, by signed sums over blocks of columns.
//!
//! Enters: for one query, [`SignedSums`]: sequences of snapshots, each a few rows added to or taken from a running sum.
//! Leaves: the squared norm of each snapshot's linear combination.
//!
//! mean(E) − mean(A) is a signed sum in which a row that both sets hold cancels, so only the rows that enter one set
//! before the other are ever touched. For each block of BLOCK columns
//!   for each sequence, for each snapshot
//!     add or take the rows that change                 row pieces stay in cache from sequence to sequence
//!     add the block's share to the snapshot's norm
//!
//! Rows are centered on the data's mean beforehand: a difference of means does not change, its rounding shrinks.
//! Cost: one pass of d additions per changing row. The plain form stands in `annatomy_geometry`; tests hold the two
//! against each other.

use annatomy_vectors::transform::center_columns;
use annatomy_vectors::{Matrix, MatrixView, kernels};

const BLOCK: usize = 32;

/// One row entering (weight +1) or leaving (−1) a running sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) row: u32,
    pub(crate) weight: f32,
}

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
    changes_end: u32,
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
    changes: Vec<Change>,
    snapshots: Vec<Snapshot>,
    second: Vec<u32>,
    sequences: Vec<Sequence>,
}

impl SignedSums {
    pub(crate) fn clear(&mut self) {
        self.changes.clear();
        self.snapshots.clear();
        self.second.clear();
        self.sequences.clear();
    }

    /// Adds a row change to the snapshot being described.
    pub(crate) fn change(&mut self, row: u32, weight: f32) {
        self.changes.push(Change { row, weight });
    }

    /// Ends a snapshot; with `starts_anew` its changes apply to an empty sum. Its index among all snapshots is returned.
    pub(crate) fn snapshot(&mut self, starts_anew: bool, scales: Scales) -> usize {
        self.snapshots.push(Snapshot {
            changes_end: self.changes.len() as u32,
            starts_anew,
            sum: scales.sum as f32,
            second: scales.second as f32,
            last: scales.last as f32,
        });
        self.snapshots.len() - 1
    }

    /// Ends a sequence whose second sum is over `second` (read only where a snapshot's second scale is not 0).
    pub(crate) fn end_sequence(&mut self, second: impl IntoIterator<Item = u32>) {
        self.second.extend(second);
        self.sequences
            .push(Sequence { snapshots_end: self.snapshots.len() as u32, second_end: self.second.len() as u32 });
    }

    /// Squared norms of every snapshot, in order, over the columns of `rows`.
    pub(crate) fn squared_norms(&self, rows: &ColumnBlocks, norms: &mut Vec<f64>) {
        norms.clear();
        norms.resize(self.snapshots.len(), 0.0);
        pulp::Arch::new().dispatch(|| {
            for block in 0..rows.blocks {
                self.add_block(rows.block(block), norms);
            }
        });
    }

    #[inline(always)]
    fn add_block(&self, rows: &[[f32; BLOCK]], norms: &mut [f64]) {
        let (mut change, mut snapshot, mut second) = (0, 0, 0);
        let Some(last) = rows.last() else { return };
        for sequence in &self.sequences {
            let snapshots = &self.snapshots[snapshot..sequence.snapshots_end as usize];
            let seconds = &self.second[second..sequence.second_end as usize];
            let mut second_sum = [0.0f32; BLOCK];
            for &row in seconds {
                add(&mut second_sum, &rows[row as usize], 1.0);
            }
            let mut sum = [0.0f32; BLOCK];
            for (entry, norm) in snapshots.iter().zip(&mut norms[snapshot..]) {
                if entry.starts_anew {
                    sum = [0.0; BLOCK];
                }
                for change in &self.changes[change..entry.changes_end as usize] {
                    add(&mut sum, &rows[change.row as usize], change.weight);
                }
                change = entry.changes_end as usize;
                *norm += combined_square(entry, &sum, &second_sum, last);
            }
            snapshot = sequence.snapshots_end as usize;
            second = sequence.second_end as usize;
        }
    }
}

#[inline(always)]
fn combined_square(entry: &Snapshot, sum: &[f32; BLOCK], second: &[f32; BLOCK], last: &[f32; BLOCK]) -> f64 {
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

#[inline(always)]
fn add(sum: &mut [f32; BLOCK], row: &[f32; BLOCK], weight: f32) {
    for (sum, &value) in sum.iter_mut().zip(row) {
        *sum += weight * value;
    }
}

/// Centered rows stored block of columns by block of columns, the last one padded with zeros.
#[derive(Clone, Debug)]
pub(crate) struct ColumnBlocks {
    rows: usize,
    blocks: usize,
    values: Vec<[f32; BLOCK]>,
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

    fn block(&self, block: usize) -> &[[f32; BLOCK]] {
        &self.values[block * self.rows..(block + 1) * self.rows]
    }
}
