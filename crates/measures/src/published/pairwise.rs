//! `NumPy`'s mean of a contiguous array, bit for bit.
//!
//! Enters: float32 or float64 values. Leaves: their mean in the same type. Method: pairwise
//! summation with eight accumulators in blocks of 128, halves rounded down to a multiple of eight
//! (`pairwise_sum` in `NumPy`'s `loops_utils.h.src`; error O(ε log n), Higham 1993), then one
//! division by the count. The eight accumulators are independent, so the block loop compiles to
//! SIMD without changing a bit.

use std::ops::Add;

const BLOCK: usize = 128;
const LANES: usize = 8;

/// `row.mean()` in float32, as `NumPy` sums it; NaN for an empty row, infinite if the sum leaves
/// float32.
pub fn row_mean(row: &[f32]) -> f32 {
    divide(pairwise_sum(row, -0.0), row.len())
}

/// `column.mean()` of one float32 figure per query: the same summation as [`row_mean`].
pub fn column_mean(column: &[f32]) -> f32 {
    row_mean(column)
}

/// `column.mean()` of one float64 figure per query; NaN for an empty column.
pub fn column_mean_f64(column: &[f64]) -> f64 {
    pairwise_sum(column, -0.0) / column.len() as f64
}

/// `NumPy` divides in float64 and rounds to float32, which for float32 operands is the float32
/// quotient.
pub(super) fn divide(sum: f32, count: usize) -> f32 {
    (f64::from(sum) / count as f64) as f32
}

/// `NumPy`'s sum; `zero` is −0.0, which changes no value it is added to.
pub(super) fn pairwise_sum<T: Copy + Add<Output = T>>(values: &[T], zero: T) -> T {
    if values.len() <= BLOCK {
        return block_sum(values, zero);
    }
    let half = values.len() / 2;
    let (left, right) = values.split_at(half - half % LANES);
    pairwise_sum(left, zero) + pairwise_sum(right, zero)
}

fn block_sum<T: Copy + Add<Output = T>>(values: &[T], zero: T) -> T {
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    if values.len() < LANES {
        return values.iter().fold(zero, |sum, &value| sum + value);
    }
    let mut lanes = [zero; LANES];
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = *lane + value;
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    rest.iter()
        .fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, &value| {
            sum + value
        })
}
