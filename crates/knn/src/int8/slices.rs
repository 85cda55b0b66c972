//! Prepared rows laid out for products of single pairs.
//!
//! The tile kernel sums each slice of [`DEPTH`] columns in their order and then adds the slices' sums. The
//! slices of one pair do not wait for one another: they are the lanes of a register.
//!
//! Enters: prepared rows, in blocks. Leaves: any piece of any row. Cost: a copy of the rows, up to twice as large where
//! lanes are left over.
//!
//! a group     LANES slices or fewer: column 0 of each, column 1 of each, …   zeros where there is none
//! a piece     PIECE values of a row in a group
//! a block     RIGHT rows: piece 0 of all of them, then piece 1, …           a piece of all rows of a task
//!                                                                           stays in the second cache

use crate::gemm::DEPTH;
use annatomy_runtime::Zeroed;
use annatomy_vectors::kernels::int8::{LANES, PIECE, RIGHT};
use rayon::prelude::*;

const _: () = assert!(PIECE == DEPTH, "a piece of one slice is that slice");

/// Some columns of some slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Slices from `slice` on, this many: LANES, or 1, 2 or 4 where fewer are left.
    pub(super) lanes: usize,
    pub(super) slice: usize,
    /// The first column within each slice.
    column: usize,
}

/// Rows in pieces.
#[derive(Debug)]
pub(super) struct Slices {
    columns: usize,
    pieces: Vec<Piece>,
    values: Zeroed<f32>,
}

impl Slices {
    /// Room for up to `rows` rows of `columns` values.
    pub(super) fn new(rows: usize, columns: usize) -> Self {
        let pieces = pieces(columns);
        Self {
            columns,
            values: Zeroed::new(rows.next_multiple_of(RIGHT) * pieces.len() * PIECE),
            pieces,
        }
    }

    /// How many slices there are.
    pub(super) fn count(&self) -> usize {
        self.columns.div_ceil(DEPTH)
    }

    /// The pieces of a row, those of one group together.
    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Where to write the rows, RIGHT of them in each.
    pub(super) fn blocks_mut(&mut self) -> impl IndexedParallelIterator<Item = Block<'_>> {
        let (columns, pieces) = (self.columns, &self.pieces[..]);
        let blocks = self
            .values
            .par_chunks_mut((RIGHT * pieces.len() * PIECE).max(1));
        blocks.map(move |values| Block {
            columns,
            pieces,
            values,
        })
    }

    /// One piece of one row.
    pub(super) fn part(&self, piece: usize, row: usize) -> &[f32; PIECE] {
        let (block, row) = (row / RIGHT, row % RIGHT);
        let place = (block * self.pieces.len() + piece) * RIGHT + row;
        &self.values.as_chunks().0[place]
    }
}

/// RIGHT rows in pieces, to be written.
pub(super) struct Block<'s> {
    columns: usize,
    pieces: &'s [Piece],
    values: &'s mut [f32],
}

impl Block<'_> {
    /// Writes row number `place` of the block.
    pub(super) fn write(&mut self, place: usize, row: &[f32]) {
        assert_eq!(row.len(), self.columns, "columns of a row");
        let parts = self.values.as_chunks_mut::<PIECE>().0;
        for (piece, parts) in self.pieces.iter().zip(parts.chunks_exact_mut(RIGHT)) {
            match piece.lanes {
                1 => piece.write::<1>(row, &mut parts[place]),
                2 => piece.write::<2>(row, &mut parts[place]),
                4 => piece.write::<4>(row, &mut parts[place]),
                _ => piece.write::<LANES>(row, &mut parts[place]),
            }
        }
    }
}

impl Piece {
    fn write<const OF: usize>(self, row: &[f32], part: &mut [f32; PIECE]) {
        let columns = part.as_chunks_mut::<OF>().0;
        let of_slice = |lane: usize| {
            let start = (self.slice + lane) * DEPTH;
            let end = (start + DEPTH).min(start + self.column + columns.len());
            &row[(start + self.column).min(row.len())..end.min(row.len())]
        };
        let slices: [&[f32]; OF] = std::array::from_fn(of_slice);
        let whole = slices.iter().map(|slice| slice.len()).min().unwrap_or(0);
        let slices_whole = slices.map(|slice| &slice[..whole]);
        let (of_all, of_some) = columns.split_at_mut(whole);
        for (column, values) in of_all.iter_mut().enumerate() {
            *values = slices_whole.map(|slice| slice[column]);
        }
        for (column, values) in (whole..).zip(of_some) {
            *values = slices.map(|slice| slice.get(column).copied().unwrap_or(0.0));
        }
    }
}

/// The pieces of rows of `columns` values.
fn pieces(columns: usize) -> Vec<Piece> {
    let (slices, depth) = (columns.div_ceil(DEPTH), columns.min(DEPTH));
    let mut pieces = Vec::new();
    let mut slice = 0;
    while slice < slices {
        let lanes = (slices - slice).next_power_of_two().min(LANES);
        let starts = (0..depth).step_by(PIECE / lanes);
        pieces.extend(starts.map(|column| Piece {
            lanes,
            slice,
            column,
        }));
        slice += lanes;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_of_a_row_are_the_row() {
        for columns in [
            1,
            5,
            48,
            DEPTH - 1,
            DEPTH,
            DEPTH + 1,
            3 * DEPTH + 5,
            5 * DEPTH,
            8 * DEPTH,
            11 * DEPTH - 64,
            13 * DEPTH,
        ] {
            let rows: Vec<f32> = (0..40 * columns).map(|place| 1.0 + place as f32).collect();
            let mut slices = Slices::new(40, columns);
            slices
                .blocks_mut()
                .enumerate()
                .for_each(|(block, mut of_block)| {
                    let rows = rows.chunks(columns).skip(block * RIGHT).take(RIGHT);
                    rows.enumerate()
                        .for_each(|(place, row)| of_block.write(place, row));
                });
            for (number, row) in rows.chunks(columns).enumerate() {
                let mut found = vec![0.0; columns];
                for (place, piece) in slices.pieces().iter().enumerate() {
                    for (column, values) in
                        slices.part(place, number).chunks(piece.lanes).enumerate()
                    {
                        for (lane, &value) in values
                            .iter()
                            .enumerate()
                            .filter(|(_, value)| **value != 0.0)
                        {
                            let of_slice = piece.column + column;
                            assert!(of_slice < DEPTH);
                            found[(piece.slice + lane) * DEPTH + of_slice] += value;
                        }
                    }
                }
                assert_eq!(found, row, "{columns} columns, row {number}");
            }
        }
    }
}
