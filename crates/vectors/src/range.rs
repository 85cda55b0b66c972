//! Scaling by a power of two, for rows whose squares float32 cannot hold.
//!
//! Squares of values beyond 2⁵⁰ may overflow in a sum of many columns, those of values below 2⁻⁴⁰ lose
//! digits or vanish. Scaled by a power of two, such rows have the same nearest neighbors, and
//! distances that a second scaling turns back exactly. Other rows are left alone.

use crate::kernels::Stored;
use crate::{Matrix, MatrixView, Metric};
use rayon::prelude::*;

/// Larger values are scaled down: 2 · 2⁵⁰ squared, over up to 2²⁰ columns, is below 2¹²⁸.
const LARGEST: f32 = (1u64 << 50) as f32;
/// Rows of smaller values only are scaled up: a difference in their last bits, squared, is near
/// the smallest normal number.
const SMALLEST: f32 = 1.0 / (1u64 << 40) as f32;
/// Both 2¹²⁶ and its inverse are normal numbers.
const MAX_EXPONENT: i32 = 126;
/// Rows that one task looks at.
const TASK_ROWS: usize = 256;
/// Maxima taken at the same time.
const LANES: usize = 32;

/// A factor 2ᵉ, by which float32 values are multiplied without rounding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerOfTwoScale {
    factor: f32,
    inverse: f32,
}

impl PowerOfTwoScale {
    /// The scale that brings values of at most `largest` near 1; `None` where float32 holds their
    /// squares, which is nearly always. Infinite and zero are left alone.
    ///
    /// ```
    /// use annatomy_vectors::PowerOfTwoScale;
    ///
    /// assert_eq!(PowerOfTwoScale::for_largest(1e6), None);
    /// assert!(PowerOfTwoScale::for_largest(1e19).is_some());
    /// assert!(PowerOfTwoScale::for_largest(1e-25).is_some());
    /// ```
    pub fn for_largest(largest: f32) -> Option<Self> {
        if largest == 0.0 || !largest.is_finite() || (SMALLEST..=LARGEST).contains(&largest) {
            return None;
        }
        let exponent = f64::from(largest).log2().floor() as i32;
        let exponent = exponent.clamp(-MAX_EXPONENT, MAX_EXPONENT);
        Some(Self {
            factor: 2f32.powi(-exponent),
            inverse: 2f32.powi(exponent),
        })
    }

    /// The scale that rows need under `metric`. Cosine needs none: lengths are taken in float64.
    pub fn for_rows<S: Stored>(rows: MatrixView<'_, S>, metric: Metric) -> Option<Self> {
        match metric {
            Metric::Cosine => None,
            Metric::L2 | Metric::InnerProduct => Self::for_largest(largest_magnitude(rows)),
        }
    }

    /// Scales `values` in place.
    pub fn scale(self, values: &mut [f32]) {
        for value in values {
            *value *= self.factor;
        }
    }

    /// A scaled float32 copy of `rows`.
    #[must_use]
    pub fn scaled<S: Stored>(self, rows: MatrixView<'_, S>) -> Matrix {
        let mut copy = rows.widened();
        self.scale(copy.values_mut());
        copy
    }

    /// The distance between rows, from that between scaled rows; infinite only where float32 cannot
    /// hold the distance itself.
    pub fn distance(self, metric: Metric, scaled: f32) -> f32 {
        match metric {
            Metric::L2 => scaled * self.inverse,
            Metric::Cosine => scaled,
            Metric::InnerProduct => scaled * self.inverse * self.inverse,
        }
    }
}

/// The largest |value|, on the current rayon pool; 0 without values.
pub fn largest_magnitude<S: Stored>(rows: MatrixView<'_, S>) -> f32 {
    rows.values()
        .par_chunks(TASK_ROWS * rows.columns().max(1))
        .map(largest_of)
        .reduce(|| 0.0, f32::max)
}

/// In lanes: a pass at the speed of memory. What is no number is passed over, as by [`f32::max`].
fn largest_of<S: Stored>(values: &[S]) -> f32 {
    let larger = |largest: f32, value: S| {
        let value = value.widen().abs();
        if value > largest { value } else { largest }
    };
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut largest = [0.0; LANES];
    for chunk in chunks {
        for (largest, &value) in largest.iter_mut().zip(chunk) {
            *largest = larger(*largest, value);
        }
    }
    let rest = rest
        .iter()
        .fold(0.0, |largest, &value| larger(largest, value));
    largest.into_iter().fold(rest, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_there_and_back_changes_no_bit() {
        for largest in [f32::MAX, 3e38, 1e19, 1e16, 1e-13, 1e-25, 1e-38, 1e-45] {
            let scale = PowerOfTwoScale::for_largest(largest).expect("beyond the range");
            let mut values = [largest, -largest / 2.0];
            scale.scale(&mut values);
            assert!(
                (2f32.powi(-25)..=4.0).contains(&values[0]),
                "{largest}: {values:?}"
            );
            let distance = scale.distance(Metric::L2, values[0]);
            assert_eq!(distance, largest);
        }
        assert_eq!(PowerOfTwoScale::for_largest(0.0), None);
        assert_eq!(PowerOfTwoScale::for_largest(f32::INFINITY), None);
    }

    #[test]
    fn the_largest_value_decides() {
        let rows = Matrix::new(2, 1, vec![0.5, -1e20]).expect("shape");
        assert_eq!(largest_magnitude(rows.view()), 1e20);
        let scale = |metric| PowerOfTwoScale::for_rows(rows.view(), metric);
        assert_eq!(scale(Metric::L2), PowerOfTwoScale::for_largest(1e20));
        assert_eq!(scale(Metric::Cosine), None);
    }

    #[test]
    fn the_largest_is_found_in_every_place_and_what_is_no_number_is_passed_over() {
        for columns in [1, LANES - 1, LANES, 2 * LANES + 3] {
            for place in 0..columns {
                let mut values = vec![-0.25; columns];
                values[(place + 1) % columns] = f32::NAN;
                values[place] = -3.5;
                let rows = Matrix::new(1, columns, values).expect("shape");
                assert_eq!(largest_magnitude(rows.view()), 3.5, "{columns}, {place}");
            }
        }
        assert_eq!(largest_magnitude(Matrix::zeros(0, 4).view()), 0.0);
    }
}
