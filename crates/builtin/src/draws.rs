//! Random draws: one `ChaCha8` stream per (seed, purpose, index), and normals by Box–Muller.
//!
//! Input: a seed, a purpose, an index. Output: uniforms in 0..1 and standard normals. What one
//! stream gives depends on nothing drawn elsewhere, so neither the number of threads nor the number
//! of rows shows.
//!
//! Box & Muller 1958: r = √(−2 ln u), normals r cos 2πv and r sin 2πv. Evaluated in float64 by the
//! `libm` crate rather than by the platform, whose logarithm may differ in the last bit from
//! machine to machine. |normal| stays below 6.7.

use std::f64::consts::TAU;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Centers,
    Widths,
    HiddenWeights,
    OutputWeights,
    Row,
}

/// One stream of draws.
pub(super) struct Draws {
    generator: ChaCha8Rng,
    spare_normal: Option<f64>,
}

impl Draws {
    /// The stream of (seed, purpose, index).
    pub(super) fn new(seed: u64, purpose: Purpose, index: usize) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(((purpose as u64) << 56) | index as u64);
        Self {
            generator,
            spare_normal: None,
        }
    }

    /// A number in 0..1, one excluded, in steps of 2⁻³².
    pub(super) fn uniform(&mut self) -> f64 {
        f64::from(self.generator.next_u32()) / 4_294_967_296.0
    }

    /// A standard normal.
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare_normal.take() {
            return spare;
        }
        // 1 − u lies in (0, 1]: the logarithm is finite.
        let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
        let (sine, cosine) = libm::sincos(TAU * self.uniform());
        self.spare_normal = Some(radius * sine);
        radius * cosine
    }

    /// `count` standard normals times `scale`.
    pub(super) fn normals(&mut self, count: usize, scale: f64) -> Vec<f32> {
        let mut values = Vec::with_capacity(count);
        self.push_normals(count, scale, &mut values);
        values
    }

    /// Appends `count` standard normals times `scale`.
    pub(super) fn push_normals(&mut self, count: usize, scale: f64, values: &mut Vec<f32>) {
        values.extend((0..count).map(|_| (scale * self.normal()) as f32));
    }

    /// exp(`sigma` × normal): lognormal with median 1.
    pub(super) fn lognormal(&mut self, sigma: f64) -> f64 {
        libm::exp(sigma * self.normal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normals_have_the_moments_of_the_normal_distribution() {
        let values = Draws::new(1, Purpose::Row, 0).normals(100_000, 1.0);
        let moment = |power: i32| {
            values
                .iter()
                .map(|&v| f64::from(v).powi(power))
                .sum::<f64>()
                / 1e5
        };
        // Four standard errors: √(1/n), √(2/n), √(15/n), √(96/n).
        assert!(moment(1).abs() < 0.013);
        assert!((moment(2) - 1.0).abs() < 0.018);
        assert!(moment(3).abs() < 0.049);
        assert!((moment(4) - 3.0).abs() < 0.124);
    }

    #[test]
    fn seed_purpose_and_index_each_change_the_stream() {
        let first = |seed, purpose, index| Draws::new(seed, purpose, index).normal();
        let reference = first(1, Purpose::Row, 0);
        assert_eq!(reference, first(1, Purpose::Row, 0));
        for other in [
            first(2, Purpose::Row, 0),
            first(1, Purpose::Centers, 0),
            first(1, Purpose::Row, 1),
        ] {
            assert_ne!(reference, other);
        }
    }
}
