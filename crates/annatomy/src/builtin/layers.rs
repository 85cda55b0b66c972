//! A dense rectified layer over a block of rows, in plain float32 with a fixed order of additions.
//!
//! Enters: inputs (rows × i), weights (i × o, row-major), what each output starts from. Leaves: max(0, start + inputs · weights).
//!
//! for each tile of output columns        i × TILE weights stay in L2
//!   for each row of the block
//!     for each four nonzero inputs       one pass over the tile, four multiply–adds
//!
//! Cost 2·i·o flops a row, about half of it after a rectified one. A library product would be faster, but rounds differently from one
//! instruction set to the next; here every output is the same sum in the same order, a rounding for each product and each addition, so
//! the bytes are the same on every machine.

#![expect(clippy::inline_always, reason = "what is not inlined is not compiled for the dispatched instruction set")]

use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// Output columns per pass: 512 inputs × 128 columns × 4 bytes = 256 KiB.
const TILE: usize = 128;

/// Weights of a dense layer without bias.
pub(super) struct Dense {
    inputs: usize,
    outputs: usize,
    /// Tile after tile, so that those of one lie side by side: `inputs` rows of its columns each.
    weights: Vec<f32>,
}

impl Dense {
    /// A layer over `weights`, one row of `outputs` values per input.
    pub(super) fn new(inputs: usize, outputs: usize, weights: &[f32]) -> Self {
        assert_eq!(weights.len(), inputs * outputs, "one weight per input and output");
        let tiles = (0..outputs).step_by(TILE).map(|start| start..(start + TILE).min(outputs));
        let tile = |columns: Range<usize>| weights.chunks(outputs).flat_map(move |row| &row[columns.clone()]);
        Self { inputs, outputs, weights: tiles.flat_map(tile).copied().collect() }
    }

    /// Adds inputs · weights to what `outputs` holds and clips below zero, for each row.
    pub(super) fn add_and_clip(&self, inputs: &[f32], outputs: &mut [f32]) {
        let active: Vec<Vec<(usize, f32)>> = inputs.chunks_exact(self.inputs).map(nonzero).collect();
        Arch::new().dispatch(Block { layer: self, active: &active, outputs });
    }
}

/// The loop nest as a value, so that it is compiled for the instruction set at hand: wider ones round no differently.
struct Block<'b> {
    layer: &'b Dense,
    active: &'b [Vec<(usize, f32)>],
    outputs: &'b mut [f32],
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self { layer, active, outputs } = self;
        for (start, weights) in (0..layer.outputs).step_by(TILE).zip(layer.weights.chunks(TILE * layer.inputs)) {
            let columns = start..(start + TILE).min(layer.outputs);
            for (row, active) in outputs.chunks_exact_mut(layer.outputs).zip(active) {
                add_tile(active, weights, &mut row[columns.clone()]);
            }
        }
        for value in outputs {
            *value = value.max(0.0);
        }
    }
}

/// Adds the active inputs' weights to `tile`, some of the outputs.
#[inline(always)]
fn add_tile(active: &[(usize, f32)], weights: &[f32], tile: &mut [f32]) {
    let width = tile.len();
    let weights = |input: usize| &weights[input * width..][..width];
    let mut fours = active.chunks_exact(4);
    for four in &mut fours {
        let [(i, a), (j, b), (k, c), (l, d)] = four else { unreachable!("chunks of four") };
        let (wi, wj, wk, wl) = (weights(*i), weights(*j), weights(*k), weights(*l));
        for (column, sum) in tile.iter_mut().enumerate() {
            *sum = *sum + a * wi[column] + b * wj[column] + c * wk[column] + d * wl[column];
        }
    }
    for &(i, a) in fours.remainder() {
        for (sum, w) in tile.iter_mut().zip(weights(i)) {
            *sum += a * w;
        }
    }
}

/// Index and value of every nonzero input.
fn nonzero(inputs: &[f32]) -> Vec<(usize, f32)> {
    inputs.iter().copied().enumerate().filter(|&(_, value)| value != 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, one output at a time.
    fn naive((inputs, outputs): (usize, usize), weights: &[f32], rows: &[f32], start: f32) -> Vec<f32> {
        let output = |row: &[f32], o: usize| {
            row.iter().enumerate().fold(start, |sum, (i, a)| sum + a * weights[i * outputs + o]).max(0.0)
        };
        rows.chunks(inputs).flat_map(|row| (0..outputs).map(move |o| output(row, o))).collect()
    }

    #[test]
    fn equals_the_definition_bit_for_bit() {
        for (inputs, outputs) in [(1, 1), (3, 5), (4, 128), (6, 129), (11, 300)] {
            let value = |i: usize| ((i * 37 + 11) % 17) as f32 * 0.3 - 2.0;
            let weights: Vec<f32> = (0..inputs * outputs).map(value).collect();
            let rows: Vec<f32> = (0..3 * inputs).map(|i| value(i + 5).max(0.0)).collect();
            let mut found = vec![0.25; 3 * outputs];
            Dense::new(inputs, outputs, &weights).add_and_clip(&rows, &mut found);
            assert_eq!(found, naive((inputs, outputs), &weights, &rows, 0.25));
        }
    }
}
