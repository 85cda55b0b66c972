//! Sums of natural logarithms, up to 4,096 values to one call of `ln`.
//!
//! Enters: float32 distances ≥ 0. Leaves: Σ ln d over the positive ones, float64.
//!
//! for each eight values             multiplied in float64, as a tree
//!   the product's exponent          is added to a count: ln 2 each
//!   its mantissa, from 1 to 2       is multiplied to those of the eights before it
//! ln of the mantissas' product      once for RUN eights
//!
//! Eight positive float32 values multiply to less than 2¹⁰²⁴, so their float64 product cannot
//! overflow; it can leave the normal range only when values near 1e-38 meet, and then the eight are
//! taken one by one. RUN mantissas multiply to no more than 2^RUN. Error: nine roundings for every
//! eight values, 1e-15 in their logarithm.

use std::f64::consts::LN_2;

const CHUNK: usize = 8;
const RUN: usize = 512;

/// Of a float64: the bits below its exponent.
const MANTISSA: u64 = (1 << (f64::MANTISSA_DIGITS - 1)) - 1;

/// Σ ln d over the positive values.
pub(crate) fn sum_of_logarithms(values: &[f32]) -> f64 {
    let (chunks, rest) = values.as_chunks::<CHUNK>();
    let rest_sum = if rest.is_empty() {
        0.0
    } else {
        logarithm_of_product(rest)
    };
    chunks
        .chunks(RUN)
        .fold(rest_sum, |sum, run| sum + logarithm_of_run(run))
}

fn logarithm_of_run(run: &[[f32; CHUNK]]) -> f64 {
    let (mut sum, mut exponents, mut mantissas) = (0.0, 0, 1.0);
    for values in run {
        let product = product_of_eight(values);
        if product.is_normal() {
            let bits = product.to_bits();
            exponents += (bits >> MANTISSA.count_ones()) as i64 - i64::from(f64::MAX_EXP - 1);
            mantissas *= f64::from_bits(bits & MANTISSA | 1f64.to_bits());
        } else {
            sum += logarithm_of_product(values);
        }
    }
    sum + (exponents as f64 * LN_2 + f64::ln(mantissas))
}

fn product_of_eight(values: &[f32; CHUNK]) -> f64 {
    let [a, b, c, d, e, f, g, h] = values.map(one_for_zero);
    ((a * b) * (c * d)) * ((e * f) * (g * h))
}

fn logarithm_of_product(values: &[f32]) -> f64 {
    let product = values
        .iter()
        .fold(1.0, |product, &value| product * one_for_zero(value));
    if product.is_normal() {
        product.ln()
    } else {
        values.iter().map(|&value| one_for_zero(value).ln()).sum()
    }
}

/// A zero distance adds nothing to a sum of logarithms.
fn one_for_zero(value: f32) -> f64 {
    if value > 0.0 { f64::from(value) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_one_by_one() {
        let values: Vec<f32> = (0..61).map(|i| (i as f32).powi(3) * 0.37).collect();
        let plain: f64 = values
            .iter()
            .filter(|&&v| v > 0.0)
            .map(|&v| f64::from(v).ln())
            .sum();
        assert!((sum_of_logarithms(&values) - plain).abs() < 1e-12);
    }

    #[test]
    fn goes_on_beyond_a_run() {
        let values: Vec<f32> = (1..=3 * RUN * CHUNK + 5)
            .map(|i| (i as f32).sqrt() * 1e-3)
            .collect();
        let plain: f64 = values.iter().map(|&v| f64::from(v).ln()).sum();
        assert!((sum_of_logarithms(&values) - plain).abs() < 1e-12 * plain.abs());
        let largest = vec![f32::MAX; 2 * RUN * CHUNK];
        let expected = largest.len() as f64 * f64::from(f32::MAX).ln();
        assert!((sum_of_logarithms(&largest) - expected).abs() < 1e-12 * expected);
    }

    #[test]
    fn survives_extreme_values() {
        for value in [f32::MAX, f32::MIN_POSITIVE, f32::from_bits(1)] {
            let expected = 20.0 * f64::from(value).ln();
            assert!((sum_of_logarithms(&[value; 20]) - expected).abs() < 1e-9 * expected.abs());
        }
    }
}
