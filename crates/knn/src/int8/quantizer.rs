//! The quantizer: a row as whole multiples of one step, and a bound on what that leaves out.
//!
//! Enters: a prepared row. Leaves: x̂ = s·c, c up to the largest code, s = ‖x‖∞ over that, and ‖x − x̂‖ or a little more.
//! Cost: two passes over the row in float32, two over its codes.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the dispatched instruction set"
)]

use super::rotation::Rotation;
use crate::gemm::UNIT;
use annatomy_vectors::kernels;
use pulp::{Arch, Simd, WithSimd};

/// Adding it rounds a small number to the nearest whole one and leaves that in the lowest bits.
const ROUNDING: f32 = 12_582_912.0;
/// What the rounding of s, of 1/s and of their product with a value may shift a quotient by, in units
/// of the largest code: three roundings.
const QUOTIENT_ERROR: f64 = 3.1 * UNIT;
/// Rows whose largest value is below it are all error: their scale would not be a normal number.
const SMALLEST_SCALED: f32 = 1e-30;
/// Squared remainders of a lane that are summed in float32.
const SUMMED: usize = 64;

/// One row in codes.
pub(super) struct Quantized {
    pub(super) scale: f32,
    /// Σc.
    pub(super) sum: i32,
    /// ‖x̂‖.
    pub(super) coded: f64,
    /// ‖e‖, or a little more.
    pub(super) error: f64,
    /// ‖x‖.
    pub(super) size: f64,
}

/// Codes of `row` up to `largest`, and zeros behind them; the row is overwritten.
pub(super) fn quantize(
    row: &mut [f32],
    codes: &mut [i8],
    rotation: Option<&Rotation>,
    largest: i8,
) -> Quantized {
    let size = kernels::dot_f64(row, row).sqrt();
    let mut of_rotation = 0.0;
    if let Some(rotation) = rotation {
        rotation.apply(row);
        of_rotation = rotation.relative_error() * size;
    }
    let (codes, padding) = codes.split_at_mut(row.len());
    padding.fill(0);
    let columns = row.len() as f64;
    let Coded {
        scale,
        sum,
        squares,
        rest,
    } = Arch::new().dispatch(Code {
        row,
        codes,
        largest: f32::from(largest),
    });
    if scale == 0.0 {
        return Quantized {
            scale,
            sum: 0,
            coded: 0.0,
            error: size,
            size,
        };
    }
    let of_quotients = QUOTIENT_ERROR * f64::from(largest) * columns.sqrt();
    // A remainder is rounded twice, and its square is in SUMMED sums and those of up to 16 lanes.
    let of_sums = (SUMMED + 20) as f64 * UNIT;
    let error = f64::from(scale) * ((rest * (1.0 + of_sums)).sqrt() + of_quotients) + of_rotation;
    Quantized {
        scale,
        sum,
        coded: f64::from(scale) * f64::from(squares).sqrt(),
        error,
        size,
    }
}

/// Writes the codes of `row`.
struct Code<'r> {
    row: &'r mut [f32],
    codes: &'r mut [i8],
    /// The largest of them.
    largest: f32,
}

/// What is summed while a row is coded; nothing of a row that is all error.
#[derive(Default)]
struct Coded {
    scale: f32,
    /// Σc.
    sum: i32,
    /// Σc², of at most 65,536 columns.
    squares: i32,
    /// What rounding quotients to codes left, squared and summed.
    rest: f64,
}

impl WithSimd for Code<'_> {
    type Output = Coded;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Coded {
        let Self {
            row,
            codes,
            largest,
        } = self;
        let (vectors, tail) = S::as_mut_simd_f32s(row);
        let mut most = simd.abs_f32s(simd.partial_load_f32s(tail));
        for &mut values in &mut *vectors {
            most = simd.max_f32s(most, simd.abs_f32s(values));
        }
        let most = simd.reduce_max_f32s(most);
        if most < SMALLEST_SCALED {
            codes.fill(0);
            return Coded::default();
        }
        let inverse = simd.splat_f32s(largest / most);
        let rounding = simd.splat_f32s(ROUNDING);
        // The quotient with its code in the lowest bits, and what that leaves, squared.
        let coded = |values: S::f32s, rest: S::f32s| {
            let quotient = simd.mul_f32s(values, inverse);
            let rounded = simd.add_f32s(quotient, rounding);
            let left = simd.sub_f32s(quotient, simd.sub_f32s(rounded, rounding));
            (rounded, simd.mul_add_f32s(left, left, rest))
        };
        let zero = simd.splat_f32s(0.0);
        let (rounded, left) = coded(simd.partial_load_f32s(tail), zero);
        simd.partial_store_f32s(tail, rounded);
        let mut rest = f64::from(simd.reduce_sum_f32s(left));
        for vectors in vectors.chunks_mut(SUMMED) {
            let mut left = zero;
            for values in vectors {
                (*values, left) = coded(*values, left);
            }
            rest += f64::from(simd.reduce_sum_f32s(left));
        }
        for (code, rounded) in codes.iter_mut().zip(&*row) {
            *code = rounded.to_bits().wrapping_sub(ROUNDING.to_bits()) as i8;
        }
        Coded {
            scale: most / largest,
            sum: codes.iter().map(|&code| i32::from(code)).sum(),
            squares: codes
                .iter()
                .map(|&code| i32::from(code) * i32::from(code))
                .sum(),
            rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_vectors::kernels::int8::Int8Kernels;

    #[test]
    fn codes_and_what_they_leave_out_make_the_row() {
        let row: Vec<f32> = (0..37)
            .map(|place| ((place * 37 % 101) as f32 - 50.0) / 7.0)
            .collect();
        let cases = Int8Kernels::forms()
            .flat_map(|kernels| [0.0, 1e-35, 1e-20, 1.0, 1e15].map(|factor| (kernels, factor)));
        for (kernels, factor) in cases {
            let row: Vec<f32> = row.iter().map(|value| value * factor).collect();
            let mut codes = vec![9; 40];
            let quantized = quantize(&mut row.clone(), &mut codes, None, kernels.largest_code());
            assert_eq!(codes[37..], [0; 3], "padding");
            let scale = f64::from(quantized.scale);
            let left = |(&value, &code): (&f32, &i8)| f64::from(value) - scale * f64::from(code);
            let norm =
                |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
            let error = norm(&mut row.iter().zip(&codes).map(left));
            assert!(
                error <= quantized.error && quantized.error <= 1.001 * error,
                "{factor}"
            );
            let coded = norm(&mut codes.iter().map(|&code| scale * f64::from(code)));
            assert!((quantized.coded - coded).abs() <= 1e-12 * coded);
            assert_eq!(
                quantized.sum,
                codes.iter().map(|&code| i32::from(code)).sum::<i32>()
            );
        }
    }
}
