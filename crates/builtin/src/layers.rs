//! A dense rectified layer over a block of rows, in plain float32 with a fixed order of additions.
//!
//! Input: inputs (rows × i), weights (i × o, row-major), what each output starts from. Output:
//! max(0, start + inputs · weights).
//!
//! for each panel of output columns       i × PANEL weights stay in the nearest caches
//!   for each ROWS rows of the block      their ROWS × PANEL sums stay in registers
//!     for each input                     a product and an addition for every sum
//!
//! Cost 2·i·o flops a row. A library product would be faster, but rounds differently from one
//! instruction set to the next; here every output is the same sum in the same order, a rounding for
//! each product and each addition, so the bytes are the same on every machine.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the dispatched instruction set"
)]

use pulp::{Arch, Simd, WithSimd};

/// Output columns of a panel: 512 inputs × 16 columns × 4 bytes = 32 KiB.
const PANEL: usize = 16;
/// Rows at a time: with two vectors of a panel, eight sums of AVX2, as many as its additions need
/// to follow one another.
const ROWS: usize = 4;

type Piece = [f32; PANEL];

/// Weights of a dense layer without bias.
pub(super) struct Dense {
    inputs: usize,
    outputs: usize,
    /// Panel after panel, the last one padded with zeros: a piece of each input's weights.
    pieces: Vec<Piece>,
}

impl Dense {
    /// A layer over `weights`, one row of `outputs` values per input.
    pub(super) fn new(inputs: usize, outputs: usize, weights: &[f32]) -> Self {
        assert_eq!(
            weights.len(),
            inputs * outputs,
            "one weight per input and output"
        );
        let panels = (0..outputs).step_by(PANEL);
        let pieces =
            panels.flat_map(|start| weights.chunks(outputs).map(move |row| piece(&row[start..])));
        Self {
            inputs,
            outputs,
            pieces: pieces.collect(),
        }
    }

    /// Adds inputs · weights to what `outputs` holds and clips below zero, for each row.
    pub(super) fn add_and_clip(&self, inputs: &[f32], outputs: &mut [f32]) {
        Arch::new().dispatch(Block {
            layer: self,
            inputs,
            outputs,
        });
    }
}

/// The first values of `row`, zeros where there are no more.
fn piece(row: &[f32]) -> Piece {
    let mut piece = [0.0; PANEL];
    let width = row.len().min(PANEL);
    piece[..width].copy_from_slice(&row[..width]);
    piece
}

/// The loop nest as a value, so that it is compiled for the dispatched instruction set: wider ones
/// round no differently.
struct Block<'b> {
    layer: &'b Dense,
    inputs: &'b [f32],
    outputs: &'b mut [f32],
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.add_and_clip::<S, { PANEL / 16 }>(simd),
            8 => self.add_and_clip::<S, { PANEL / 8 }>(simd),
            4 => self.add_and_clip::<S, { PANEL / 4 }>(simd),
            _ => self.add_and_clip::<S, PANEL>(simd),
        }
    }
}

impl Block<'_> {
    #[inline(always)]
    fn add_and_clip<S: Simd, const VECTORS: usize>(self, simd: S) {
        let Dense {
            inputs,
            outputs,
            ref pieces,
        } = *self.layer;
        for (start, pieces) in (0..outputs).step_by(PANEL).zip(pieces.chunks(inputs)) {
            let (weights, _) = S::as_simd_f32s(pieces.as_flattened());
            let (weights, _) = weights.as_chunks::<VECTORS>();
            let rows = self
                .inputs
                .chunks(ROWS * inputs)
                .zip(self.outputs.chunks_mut(ROWS * outputs));
            for (rows, outputs_of_rows) in rows {
                // Where fewer are left the last one is taken again, and dropped.
                let count = rows.len() / inputs;
                let rows =
                    std::array::from_fn(|row| &rows[row.min(count - 1) * inputs..][..inputs]);
                let begin = |row: usize| row.min(count - 1) * outputs + start;
                let mut sums: [Piece; ROWS] =
                    std::array::from_fn(|row| piece(&outputs_of_rows[begin(row)..]));
                add_panel(simd, rows, weights, &mut sums);
                for (outputs, sums) in outputs_of_rows.chunks_exact_mut(outputs).zip(sums) {
                    for (output, sum) in outputs[start..].iter_mut().zip(sums) {
                        *output = sum.max(0.0);
                    }
                }
            }
        }
    }
}

/// Adds the rows' inputs, times their weights of one panel, to `sums`.
#[inline(always)]
fn add_panel<S: Simd, const VECTORS: usize>(
    simd: S,
    rows: [&[f32]; ROWS],
    weights: &[[S::f32s; VECTORS]],
    sums: &mut [Piece; ROWS],
) {
    let zero = [simd.splat_f32s(0.0); VECTORS];
    let mut kept = [zero; ROWS];
    for (kept, sums) in kept.iter_mut().zip(&*sums) {
        kept.copy_from_slice(S::as_simd_f32s(sums).0);
    }
    let rows = rows.map(|row| &row[..weights.len()]);
    for (input, weights) in weights.iter().enumerate() {
        for (kept, row) in kept.iter_mut().zip(rows) {
            let value = simd.splat_f32s(row[input]);
            for (kept, &weight) in kept.iter_mut().zip(weights) {
                *kept = simd.add_f32s(*kept, simd.mul_f32s(value, weight));
            }
        }
    }
    for (kept, sums) in kept.iter().zip(sums) {
        S::as_mut_simd_f32s(sums).0.copy_from_slice(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, one output at a time.
    fn naive(
        (inputs, outputs): (usize, usize),
        weights: &[f32],
        rows: &[f32],
        start: f32,
    ) -> Vec<f32> {
        let output = |row: &[f32], o: usize| {
            row.iter()
                .enumerate()
                .fold(start, |sum, (i, a)| sum + a * weights[i * outputs + o])
                .max(0.0)
        };
        rows.chunks(inputs)
            .flat_map(|row| (0..outputs).map(move |o| output(row, o)))
            .collect()
    }

    #[test]
    fn equals_the_definition_bit_for_bit() {
        for (inputs, outputs) in [(1, 1), (3, 5), (4, 16), (6, 17), (11, 300)] {
            let value = |i: usize| ((i * 37 + 11) % 17) as f32 * 0.3 - 2.0;
            let weights: Vec<f32> = (0..inputs * outputs).map(value).collect();
            let layer = Dense::new(inputs, outputs, &weights);
            for count in [3, 4, 9] {
                let rows: Vec<f32> = (0..count * inputs).map(|i| value(i + 5).max(0.0)).collect();
                let mut found = vec![0.25; count * outputs];
                layer.add_and_clip(&rows, &mut found);
                assert_eq!(found, naive((inputs, outputs), &weights, &rows, 0.25));
            }
        }
    }
}
