//! A dense rectified layer over a block of rows, in plain float32 with a fixed order of additions.
//!
//! Enters: inputs (rows × i), weights (i × o, row-major), what each output starts from. Leaves: max(0, start + inputs · weights).
//!
//! for each tile of output columns        i × TILE weights stay in L2
//!   for each row of the block
//!     for each four nonzero inputs       one pass over the tile, four multiply–adds
//!
//! Cost 2·i·o flops a row, about half of it after a rectified one. A library product would be faster, but rounds differently from one
//! instruction set to the next; here every output is the same sum in the same order, so the bytes are the same on every machine.

/// Output columns per pass: 512 inputs × 128 columns × 4 bytes = 256 KiB.
const TILE: usize = 128;

/// Weights of a dense layer without bias.
pub(super) struct Dense {
    inputs: usize,
    outputs: usize,
    weights: Vec<f32>,
}

impl Dense {
    /// A layer over `weights`, one row of `outputs` values per input.
    pub(super) fn new(inputs: usize, outputs: usize, weights: Vec<f32>) -> Self {
        assert_eq!(weights.len(), inputs * outputs, "one weight per input and output");
        Self { inputs, outputs, weights }
    }

    /// Adds inputs · weights to what `outputs` holds and clips below zero, for each row.
    pub(super) fn add_and_clip(&self, inputs: &[f32], outputs: &mut [f32]) {
        let active: Vec<Vec<(usize, f32)>> = inputs.chunks_exact(self.inputs).map(nonzero).collect();
        for start in (0..self.outputs).step_by(TILE) {
            let columns = start..(start + TILE).min(self.outputs);
            for (row, active) in outputs.chunks_exact_mut(self.outputs).zip(&active) {
                self.add_tile(active, start, &mut row[columns.clone()]);
            }
        }
        for value in outputs {
            *value = value.max(0.0);
        }
    }

    /// Adds the active inputs' weights to `tile`, the outputs from column `start` on.
    fn add_tile(&self, active: &[(usize, f32)], start: usize, tile: &mut [f32]) {
        let width = tile.len();
        let weights = |input: usize| &self.weights[input * self.outputs + start..][..width];
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
}

/// Index and value of every nonzero input.
fn nonzero(inputs: &[f32]) -> Vec<(usize, f32)> {
    inputs.iter().copied().enumerate().filter(|&(_, value)| value != 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, one output at a time.
    fn naive(layer: &Dense, inputs: &[f32], start: f32) -> Vec<f32> {
        let output = |row: &[f32], o: usize| {
            row.iter().enumerate().fold(start, |sum, (i, a)| sum + a * layer.weights[i * layer.outputs + o]).max(0.0)
        };
        inputs.chunks(layer.inputs).flat_map(|row| (0..layer.outputs).map(move |o| output(row, o))).collect()
    }

    #[test]
    fn equals_the_definition_bit_for_bit() {
        for (inputs, outputs) in [(1, 1), (3, 5), (4, 128), (6, 129), (11, 300)] {
            let value = |i: usize| ((i * 37 + 11) % 17) as f32 * 0.3 - 2.0;
            let layer = Dense::new(inputs, outputs, (0..inputs * outputs).map(value).collect());
            let rows: Vec<f32> = (0..3 * inputs).map(|i| value(i + 5).max(0.0)).collect();
            let mut found = vec![0.25; 3 * outputs];
            layer.add_and_clip(&rows, &mut found);
            assert_eq!(found, naive(&layer, &rows, 0.25));
        }
    }
}
