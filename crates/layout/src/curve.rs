//! UMAP's output curve 1/(1 + a·d^(2b)) and the two gradients that follow from it, as tables over d².
//!
//! A step needs a power of d², and only to a few digits: both coefficients are read from tables with
//! 64 entries per octave and straight lines between them (relative error below 1e-3). The bits of a
//! positive float order as its value does, so that its upper bits are the entry's number.

/// Least squares of the curve to exp(−(d − .1)) beyond .1 and 1 below it, over 0..3: what
/// umap-learn fits for its defaults, `min_dist` .1 and `spread` 1.
const A: f64 = 1.576_943_46;
const B: f64 = 0.895_060_88;

/// Mantissa bits left to interpolation.
const SHIFT: u32 = 23 - 6;

/// 2⁻³⁰ and 2³⁰: d² beyond them counts as these.
const LEAST: u32 = (127 - 30) << 23;
const MOST: u32 = (127 + 30) << 23;

/// Coefficients of the step along the difference of two places.
pub(super) struct Curve {
    pull: Vec<f32>,
    push: Vec<f32>,
}

impl Curve {
    pub(super) fn new() -> Self {
        let squares = (LEAST..=MOST + (1 << SHIFT))
            .step_by(1 << SHIFT)
            .map(|bits| f64::from(f32::from_bits(bits)));
        let (mut pull, mut push) = (Vec::new(), Vec::new());
        for squared in squares {
            let power = squared.powf(B);
            pull.push((-2.0 * A * B * power / squared / (1.0 + A * power)) as f32);
            push.push((2.0 * B / ((0.001 + squared) * (1.0 + A * power))) as f32);
        }
        Self { pull, push }
    }

    /// Of two linked points at squared distance `squared`; not positive.
    pub(super) fn pull(&self, squared: f32) -> f32 {
        read(&self.pull, squared)
    }

    /// Of two points drawn at random; positive.
    pub(super) fn push(&self, squared: f32) -> f32 {
        read(&self.push, squared)
    }
}

fn read(table: &[f32], squared: f32) -> f32 {
    let bits = squared.to_bits().clamp(LEAST, MOST) - LEAST;
    let place = (bits >> SHIFT) as usize;
    let part = (bits & ((1 << SHIFT) - 1)) as f32 / (1 << SHIFT) as f32;
    let (low, high) = (table[place], table[place + 1]);
    low + part * (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half the gradient of the sum of squares with respect to a and b, over umap-learn's 300 points.
    fn gradient(a: f64, b: f64) -> [f64; 2] {
        let mut sum = [0.0; 2];
        for place in 0..300 {
            let d = 3.0 * f64::from(place) / 299.0;
            let wanted = if d < 0.1 { 1.0 } else { (0.1 - d).exp() };
            let power = if d > 0.0 { d.powf(2.0 * b) } else { 0.0 };
            let curve = 1.0 / (1.0 + a * power);
            let by_power = (curve - wanted) * -curve * curve;
            sum[0] += by_power * power;
            sum[1] += if d > 0.0 {
                by_power * a * power * 2.0 * d.ln()
            } else {
                0.0
            };
        }
        sum
    }

    #[test]
    fn a_and_b_are_the_least_squares() {
        let at = gradient(A, B);
        let near = [
            gradient(A + 0.01, B),
            gradient(A - 0.01, B),
            gradient(A, B + 0.01),
        ];
        for side in 0..2 {
            for other in near {
                assert!(
                    at[side].abs() < 1e-2 * other[side].abs(),
                    "{at:?} {other:?}"
                );
            }
        }
    }

    #[test]
    fn tables_hold_the_gradients() {
        let curve = Curve::new();
        for step in -200..200 {
            let squared = 1.1_f64.powi(step) * 1.037;
            let power = squared.powf(B);
            let pull = -2.0 * A * B * squared.powf(B - 1.0) / (1.0 + A * power);
            let push = 2.0 * B / ((0.001 + squared) * (1.0 + A * power));
            let inside = (1e-9..1e9).contains(&squared);
            for (read, right) in [
                (curve.pull(squared as f32), pull),
                (curve.push(squared as f32), push),
            ] {
                let error = (f64::from(read) - right).abs() / right.abs();
                assert!(
                    read.is_finite() && (!inside || error < 1e-3),
                    "{squared}: {read} {right}"
                );
            }
        }
        assert!(curve.pull(0.0).is_finite() && curve.push(f32::INFINITY).is_finite());
    }
}
