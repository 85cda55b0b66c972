//! Centered vectors stored block of columns by block of columns.
//!
//! Enters: a matrix. Leaves: its rows less the data's mean, in pieces of [`BLOCK`] columns, and
//! their squared norms. A difference of means does not change when all rows are centered; its
//! rounding error shrinks.

use annatomy_runtime::{PerThread, TASK_QUERIES, Zeroed};
use annatomy_vectors::transform::{center, column_means};
use annatomy_vectors::{MatrixView, kernels};
use rayon::prelude::*;

/// Columns in a block: one sum of them fills AVX2's registers. Blocks of 16, 32 and 48 were no
/// faster.
pub(super) const BLOCK: usize = 64;

type Piece = [f32; BLOCK];

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
    pub(super) fn norm_squared(&self, row: u32) -> f64 {
        self.norms_squared[row as usize]
    }

    /// Mean squared distance of `rows` to their own barycenter, by the definition, in float64.
    #[expect(
        clippy::needless_range_loop,
        reason = "the column runs across all pieces, not along one"
    )]
    pub(super) fn radius_squared(&self, rows: &[u32]) -> f64 {
        let count = rows.len() as f64;
        let mut total = 0.0;
        for block in 0..self.blocks {
            let pieces = self.block(block);
            for column in 0..BLOCK {
                let value = |&row: &u32| f64::from(pieces[row as usize][column]);
                let mean = rows.iter().map(value).sum::<f64>() / count;
                let mut squares = 0.0;
                for row in rows {
                    squares += (value(row) - mean) * (value(row) - mean);
                }
                total += squares / count;
            }
        }
        total
    }

    /// How many blocks of columns there are.
    pub(super) fn blocks(&self) -> usize {
        self.blocks
    }

    /// The pieces of all rows in one block of columns.
    pub(super) fn block(&self, block: usize) -> &[Piece] {
        &self.values[block * self.rows..(block + 1) * self.rows]
    }
}
