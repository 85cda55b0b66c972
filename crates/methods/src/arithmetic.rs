//! FAISS's arithmetic over codes: the order of summation of each instruction set.
//!
//! * Scalar codes are decoded and summed in 16 lanes (AVX-512, columns a multiple of 16), 8 lanes
//!   (AVX2, a multiple of 8) or one after the other; lanes are fused and halved down to one sum.
//! * 8-bit values as they are (`QT_8bit_direct`) are summed as integers where lanes are used.
//! * Product codes add up one entry of a table for each group of columns (`product_sums`).
//!
//! Source: faiss 1.15 `impl/scalar_quantizer/sq-{avx2,avx512}.cpp`,
//! `impl/pq_code_distance/*`, `utils/simd_impl/distances_{avx2,avx512,sse-inl}`; checked id for id
//! against faiss-cpu 1.15.1 at its levels NONE, AVX2 and AVX512.

#![expect(
    clippy::inline_always,
    reason = "runs inside a dispatch, whose instructions only inlined code gets"
)]

use crate::codes::{ProductQuantizer, Rounding};
use annatomy_hnsw::import::faiss_file::{Batch, Level, dot, squared_l2};
use annatomy_vectors::Metric;

/// How many columns are summed at once over scalar codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lanes {
    One,
    Eight,
    Sixteen,
}

impl Lanes {
    pub(crate) fn of(level: Level, columns: usize) -> Self {
        match level {
            Level::Avx512 if columns.is_multiple_of(16) => Self::Sixteen,
            Level::Avx512 | Level::Avx2 if columns.is_multiple_of(8) => Self::Eight,
            _ => Self::One,
        }
    }

    pub(crate) fn rounding(self) -> Rounding {
        match self {
            Self::One => Rounding::EachStep,
            Self::Eight | Self::Sixteen => Rounding::Fused,
        }
    }

    /// Whether 8-bit values are summed as integers.
    pub(crate) fn sums_integers(self, level: Level, columns: usize) -> bool {
        match level {
            Level::None => false,
            Level::Avx2 => columns.is_multiple_of(16),
            Level::Avx512 => {
                columns.is_multiple_of(32) || self == Self::Eight && columns.is_multiple_of(16)
            }
        }
    }
}

/// ‖a − b‖² for L2, a·b for the others, over decoded scalar codes.
#[inline(always)]
pub(crate) fn scalar_codes(metric: Metric, a: &[f32], b: &[f32], lanes: Lanes) -> f32 {
    // Without columns left over, these are the orders of FAISS's float32 distances.
    let same = match lanes {
        Lanes::Sixteen => Some((Level::Avx512, Batch::One)),
        Lanes::Eight => Some((Level::Avx2, Batch::Four)),
        Lanes::One => None,
    };
    match (metric, same) {
        (Metric::L2, Some((level, batch))) => squared_l2(a, b, level, batch),
        (_, Some((level, batch))) => dot(a, b, level, batch),
        (Metric::L2, None) => a
            .iter()
            .zip(b)
            .fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b)),
        (_, None) => a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b),
    }
}

/// The same over whole numbers.
#[inline(always)]
pub(crate) fn integers(metric: Metric, a: &[f32], b: &[f32]) -> f32 {
    let pairs = a.iter().zip(b).map(|(&a, &b)| (a as i32, b as i32));
    let sum: i32 = match metric {
        Metric::L2 => pairs.fold(0, |sum, (a, b)| sum.wrapping_add((a - b) * (a - b))),
        _ => pairs.fold(0, |sum, (a, b)| sum.wrapping_add(a * b)),
    };
    sum as f32
}

/// One entry of a table: a group of columns of the query against one centroid.
#[inline(always)]
fn entry(metric: Metric, x: &[f32], y: &[f32], level: Level) -> f32 {
    let factors = |a: f32, b: f32| match metric {
        Metric::L2 => (a - b, a - b),
        _ => (a, b),
    };
    let one_by_one = matches!(x.len(), 1 | 2 | 4 | 8);
    if level != Level::None && one_by_one {
        let (a, b) = factors(x[0], y[0]);
        let mut sum = a * b;
        for (&x, &y) in x[1..].iter().zip(&y[1..]) {
            let (a, b) = factors(x, y);
            sum = a.mul_add(b, sum);
        }
        return sum;
    }
    if level != Level::None && x.len() == 12 {
        let mut sums = [0.0; 4];
        for (lane, sum) in sums.iter_mut().enumerate() {
            let (a, b) = factors(x[lane], y[lane]);
            *sum = a * b;
            for column in [lane + 4, lane + 8] {
                let (a, b) = factors(x[column], y[column]);
                *sum = a.mul_add(b, *sum);
            }
        }
        return (sums[0] + sums[2]) + (sums[1] + sums[3]);
    }
    match metric {
        Metric::L2 => squared_l2(x, y, level, Batch::One),
        _ => dot(x, y, level, Batch::One),
    }
}

/// The table of `x`: M × 2^bits entries, ‖x − c‖² for L2, x·c for the others.
#[inline(always)]
pub(crate) fn fill_table(
    metric: Metric,
    quantizer: &ProductQuantizer,
    x: &[f32],
    level: Level,
    table: &mut Vec<f32>,
) {
    table.resize(quantizer.parts * quantizer.per_part(), 0.0);
    let groups = x.chunks_exact(quantizer.part_columns);
    let tables = table.chunks_exact_mut(quantizer.per_part());
    for (part, (x, table)) in groups.zip(tables).enumerate() {
        for (number, value) in table.iter_mut().enumerate() {
            *value = entry(metric, x, quantizer.centroid(part, number), level);
        }
    }
}

/// cell − 2 · query, entry by entry: the table of a cell's residuals.
#[inline(always)]
pub(crate) fn add_tables(cell: &[f32], query: &[f32], level: Level, table: &mut Vec<f32>) {
    table.resize(cell.len(), 0.0);
    for ((value, &cell), &query) in table.iter_mut().zip(cell).zip(query) {
        *value = add_multiple(cell, -2.0, query, level);
    }
}

/// a + factor · b, as `fvec_madd`.
#[inline(always)]
pub(crate) fn add_multiple(a: f32, factor: f32, b: f32, level: Level) -> f32 {
    match level {
        Level::None => a + factor * b,
        Level::Avx2 | Level::Avx512 => factor.mul_add(b, a),
    }
}

/// ‖c‖² of a centroid's group of columns.
#[inline(always)]
pub(crate) fn squared_norm(c: &[f32], level: Level) -> f32 {
    dot(c, c, level, Batch::One)
}
