//! Prepared rows in slices of [`DEPTH`] columns, as the tile kernel sums them: a slice of all rows
//! stays in the second cache while pairs of any rows are multiplied.
//!
//! slice 0: row 0, row 1, …    then slice 1, …

use crate::gemm::DEPTH;
use annatomy_runtime::Zeroed;
use rayon::prelude::*;

/// Rows in slices.
#[derive(Debug)]
pub(super) struct Slices {
    rows: usize,
    columns: usize,
    values: Zeroed<f32>,
}

impl Slices {
    /// Room for up to `rows` rows of `columns` values.
    pub(super) fn new(rows: usize, columns: usize) -> Self {
        Self {
            rows: 0,
            columns,
            values: Zeroed::new(rows * columns),
        }
    }

    /// Cuts `rows`, one after another, into slices, in place of those before.
    pub(super) fn cut(&mut self, rows: &[f32]) {
        self.rows = rows.len() / self.columns.max(1);
        let (count, columns) = (self.rows, self.columns);
        let slices = self.values[..rows.len()].par_chunks_mut((count * DEPTH).max(1));
        slices.enumerate().for_each(|(slice, values)| {
            let depth = values.len() / count.max(1);
            let of_rows = values
                .chunks_exact_mut(depth.max(1))
                .zip(rows.chunks_exact(columns));
            of_rows
                .for_each(|(values, row)| values.copy_from_slice(&row[slice * DEPTH..][..depth]));
        });
    }

    /// How many slices there are.
    pub(super) fn count(&self) -> usize {
        self.columns.div_ceil(DEPTH)
    }

    /// One slice of one row.
    pub(super) fn part(&self, slice: usize, row: usize) -> &[f32] {
        let depth = DEPTH.min(self.columns - slice * DEPTH);
        &self.values[slice * DEPTH * self.rows + row * depth..][..depth]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_row_are_the_row() {
        for columns in [1, DEPTH - 1, DEPTH, DEPTH + 1, 3 * DEPTH + 5] {
            let rows: Vec<f32> = (0..7 * columns).map(|place| place as f32).collect();
            let mut slices = Slices::new(7, columns);
            slices.cut(&rows);
            for (row, values) in rows.chunks(columns).enumerate() {
                let parts = (0..slices.count()).map(|slice| slices.part(slice, row));
                assert_eq!(parts.collect::<Vec<_>>().concat(), values);
            }
        }
    }
}
