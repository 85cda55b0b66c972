//! Sums of natural logarithms, eight values to one call of `ln`.
//!
//! Enters: float32 distances ≥ 0. Leaves: Σ ln d over the positive ones, float64.
//!
//! Eight positive float32 values multiply to less than 2¹⁰²⁴, so their float64 product cannot overflow; it can leave
//! the normal range only when values near 1e-38 meet, and then the eight are taken one by one. Error: seven roundings
//! per product, below 1e-15 in the logarithm.

const CHUNK: usize = 8;

/// Σ ln d over the positive values.
pub(crate) fn sum_of_logarithms(values: &[f32]) -> f64 {
    let (chunks, rest) = values.as_chunks::<CHUNK>();
    let rest_sum = if rest.is_empty() { 0.0 } else { logarithm_of_product(rest) };
    chunks.iter().fold(rest_sum, |sum, chunk| sum + logarithm_of_eight(chunk))
}

/// Multiplied as a tree, for the processor's sake.
fn logarithm_of_eight(values: &[f32; CHUNK]) -> f64 {
    let [a, b, c, d, e, f, g, h] = values.map(one_for_zero);
    let product = ((a * b) * (c * d)) * ((e * f) * (g * h));
    if product.is_normal() { product.ln() } else { logarithm_of_product(values) }
}

fn logarithm_of_product(values: &[f32]) -> f64 {
    let product = values.iter().fold(1.0, |product, &value| product * one_for_zero(value));
    if product.is_normal() { product.ln() } else { values.iter().map(|&value| one_for_zero(value).ln()).sum() }
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
        let plain: f64 = values.iter().filter(|&&v| v > 0.0).map(|&v| f64::from(v).ln()).sum();
        assert!((sum_of_logarithms(&values) - plain).abs() < 1e-12);
    }

    #[test]
    fn survives_extreme_values() {
        for value in [f32::MAX, f32::MIN_POSITIVE, f32::from_bits(1)] {
            let expected = 20.0 * f64::from(value).ln();
            assert!((sum_of_logarithms(&[value; 20]) - expected).abs() < 1e-9 * expected.abs());
        }
    }
}
