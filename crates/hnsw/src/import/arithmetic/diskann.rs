//! DiskANN's orders of summation, of its index in memory.
//!
//! | values | ‖a − b‖² | a·b | cosine |
//! |---|---|---|---|
//! | float32 | 8 lanes, fused, halved to one sum | 8 lanes, fused, an odd last block first; lanes left to right | 1 − a·b of rows of unit length; the query as it is |
//! | int8, uint8 | whole numbers | none | 1 − a·b / (√a² · √b²), in float64 |
//!
//! Columns are filled up with zeros to a multiple of 8. The order is written with AVX2 intrinsics, so
//! that it is one on every machine that DiskANN runs on; products are fused because GCC contracts
//! them. Source: DiskANN 0.7.0 `src/distance.cpp`; the instructions were read from the wheel of
//! diskannpy 0.7.0.

#![expect(
    clippy::inline_always,
    reason = "runs inside a dispatch, whose instructions only inlined code gets"
)]

use super::sums::Products::Fused;
use super::sums::{Product, SquaredDifference, Term};
use super::sums::{add_blocks, halved, sum_by_halves, sum_left_to_right};
use annatomy_vectors::Metric;

const LANES: usize = 8;

/// How DiskANN keeps a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskAnnScalar {
    /// float.
    Float32,
    /// `int8_t`: whole numbers.
    Int8,
    /// `uint8_t`: whole numbers.
    UInt8,
}

/// What DiskANN compares: ‖a − b‖², −a·b or 1 − cos, of rows as `scalar` keeps them.
#[inline(always)]
pub fn diskann_distance(scalar: DiskAnnScalar, metric: Metric, query: &[f32], row: &[f32]) -> f32 {
    match scalar {
        DiskAnnScalar::Float32 => match metric {
            Metric::L2 => squared_l2(query, row),
            Metric::InnerProduct => -dot(query, row),
            Metric::Cosine => 1.0 - dot(query, row),
        },
        DiskAnnScalar::Int8 | DiskAnnScalar::UInt8 => match metric {
            Metric::L2 => whole_squared_l2(query, row),
            Metric::InnerProduct | Metric::Cosine => whole_cosine(query, row),
        },
    }
}

#[inline(always)]
fn squared_l2(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let done = add_blocks(&mut sums, a, b, SquaredDifference, Fused);
    add_rest(&mut sums, &a[done..], &b[done..], SquaredDifference);
    sum_by_halves(halved(sums))
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let blocks = a.len().div_ceil(LANES);
    let last = if blocks.is_multiple_of(2) {
        a.len()
    } else {
        (blocks - 1) * LANES
    };
    add_rest(&mut sums, &a[last..], &b[last..], Product);
    let done = add_blocks(&mut sums, &a[..last], &b[..last], Product, Fused);
    add_rest(&mut sums, &a[done..last], &b[done..last], Product);
    sum_left_to_right(sums)
}

/// A block that zeros fill up: they add nothing.
#[inline(always)]
fn add_rest(sums: &mut [f32; LANES], a: &[f32], b: &[f32], term: impl Term) {
    for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
        let (a, b) = term.factors(a, b);
        *sum = a.mul_add(b, *sum);
    }
}

#[inline(always)]
fn whole_squared_l2(a: &[f32], b: &[f32]) -> f32 {
    let squares = a.iter().zip(b).map(|(&a, &b)| {
        let difference = a as i32 - b as i32;
        difference * difference
    });
    squares.fold(0_i32, i32::wrapping_add) as f32
}

#[inline(always)]
fn whole_cosine(a: &[f32], b: &[f32]) -> f32 {
    let (mut of_a, mut of_b, mut product) = (0_i32, 0_i32, 0_i32);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (a as i32, b as i32);
        of_a = of_a.wrapping_add(a * a);
        of_b = of_b.wrapping_add(b * b);
        product = product.wrapping_add(a * b);
    }
    let lengths = f64::from(of_a).sqrt() * f64::from(of_b).sqrt();
    1.0 - (f64::from(product) / lengths) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums whose order shows: each lane's own, small next to what cancels.
    #[test]
    fn lanes_are_halved_for_l2_and_added_left_to_right_for_products() {
        let one = [1.0; 8];
        let lanes = [1e8, 1.0, 2.0, 3.0, -1e8, 4.0, 5.0, 6.0];
        // ((1e8 − 1e8) + (2 + 5)) + ((1 + 4) + (3 + 6)), and left to right what is small is lost.
        assert_eq!(sum_by_halves(halved(lanes)), 21.0);
        assert_eq!(dot(&lanes, &one), 15.0 + (1e8_f32 + 1.0 + 2.0 + 3.0 - 1e8));
        assert_eq!(squared_l2(&[3.0; 9], &[1.0; 9]), 36.0);
    }

    #[test]
    fn an_odd_last_block_comes_first() {
        let mut a = vec![0.0; 24];
        (a[0], a[8], a[16]) = (1.0, -1e8, 1e8);
        assert_eq!(dot(&a, &[1.0; 24]), 0.0, "1e8 + 1 is rounded to 1e8");
        a.truncate(17);
        assert_eq!(dot(&a, &[1.0; 17]), 0.0);
        (a[0], a[8], a[16]) = (1e8, -1e8, 1.0);
        assert_eq!(dot(&a, &[1.0; 17]), 0.0);
    }

    #[test]
    fn whole_numbers_are_exact_and_their_cosine_is_of_float64() {
        let (a, b) = ([3.0, -4.0, 0.0], [-128.0, 127.0, 1.0]);
        assert_eq!(
            diskann_distance(DiskAnnScalar::Int8, Metric::L2, &a, &b),
            (131 * 131 + 131 * 131 + 1) as f32
        );
        let expected = 1.0 - (-892.0 / (5.0 * 32514_f64.sqrt())) as f32;
        assert_eq!(
            diskann_distance(DiskAnnScalar::Int8, Metric::Cosine, &a, &b),
            expected
        );
    }
}
