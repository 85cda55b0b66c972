//! The mean of values in 0..=1, such as overlaps, with an interval that holds near 0 and 1.
//!
//! Enters: one value per query. Leaves: an [`Estimate`] whose ends stay within 0..=1.
//!
//! A normal interval fails there: overlap near 1 is skewed, most queries lose nothing, and a sample
//! that happens to lose little also has a small variance, so nearly all its misses are on one side.
//! The remedy is that of a share: Jeffreys' interval, the quantiles of Beta(x + ½, n − x + ½), has
//! half a success and half a failure more than were seen. Here observations are added to the sample
//! likewise, and the Beta distribution is the one with the mean and variance of the sample so
//! enlarged. Far from 0 and 1 it is the normal interval.
//!
//! | end | added at the far side | added at the near side |
//! |---|---|---|
//! | low | one, twice as far below 1 as the least value seen (0 at least) | half of one, at the largest value seen |
//! | high | one, twice as large as the largest value seen (1 at most) | half of one, at the least value seen |
//! | both, where all values are equal | half of one, at 0 or 1 | half of one, at 1 or 0 |
//!
//! The far observation stands for the losses larger than any seen that a sample of a skewed
//! distribution most often lacks; 1 and 2 are the smallest round numbers that kept the coverage in
//! simulations (`tests/it/coverage.rs`).
//!
//! Cost O(n). Sources: Brown, Cai & DasGupta 2001 (Jeffreys' interval); Korn & Graubard 1998 (counts
//! that have the observed variance).

use statrs::distribution::{Beta, ContinuousCDF};

use super::Estimate;
use super::population::Population;
use super::share::NORMAL_QUANTILE;

/// The weight of an observation added at the near side.
const NEAR: f64 = 0.5;
/// The weight of the observation added at the far side, and how much farther than any seen it is.
const FAR: f64 = 1.0;
const FARTHER: f64 = 2.0;

/// From this on for both parameters a Beta distribution is normal for every digit that is shown.
const NORMAL_FROM: f64 = 20_000.0;

/// Halvings of the range in which a quantile is sought: 2⁻⁶⁰.
const HALVINGS: usize = 60;

/// The mean of values in 0..=1 with its 95 % interval.
///
/// NaN (a query without the figure) is left out; `None` if nothing remains or a value lies outside
/// 0..=1. Where all of a finite population was measured, both ends are the mean.
pub fn bounded_mean(values: &[f64], population: Population) -> Option<Estimate> {
    bounded_mean_knowing(values, population, None)
}

/// As [`bounded_mean`], where values as small or as large as those `known` are possible: a search of
/// slightly less effort has them, say. Without them, a sample in which no query loses anything could
/// not tell whether a query that does would lose a little or all.
pub fn bounded_mean_knowing(
    values: &[f64],
    population: Population,
    known: Option<[f64; 2]>,
) -> Option<Estimate> {
    let sample = Sample::of(values)?;
    let point = sample.mean;
    let factor = population.factor(sample.n);
    let variance_of_mean = sample.squares / (sample.n - 1).max(1) as f64 / sample.n as f64;
    let mut estimate = Estimate {
        point,
        low: Some(point),
        high: Some(point),
        standard_error: (sample.n > 1).then(|| (variance_of_mean * factor).sqrt()),
        n: sample.n,
    };
    if factor == 0.0 {
        return Some(estimate);
    }
    let [least, largest] = known.unwrap_or([1.0, 0.0]);
    let (least, largest) = (sample.least.min(least), sample.largest.max(largest));
    let (below, above) = if least == largest {
        ([(0.0, NEAR), (1.0, NEAR)], [(0.0, NEAR), (1.0, NEAR)])
    } else {
        let far_below = (1.0 - FARTHER * (1.0 - least)).max(0.0);
        let far_above = (FARTHER * largest).min(1.0);
        (
            [(far_below, FAR), (largest, NEAR)],
            [(far_above, FAR), (least, NEAR)],
        )
    };
    if point > 0.0 {
        let low = sample.enlarged(below, factor)?.quantile(0.025);
        estimate.low = Some(low.min(point));
    }
    if point < 1.0 {
        let high = sample.enlarged(above, factor)?.quantile(0.975);
        estimate.high = Some(high.max(point));
    }
    Some(estimate)
}

/// Moments and extremes of values in 0..=1.
#[derive(Clone, Copy, Debug)]
struct Sample {
    n: usize,
    mean: f64,
    /// Σ (value − mean)².
    squares: f64,
    least: f64,
    largest: f64,
}

impl Sample {
    fn of(values: &[f64]) -> Option<Self> {
        let values = || values.iter().copied().filter(|value| !value.is_nan());
        if !values().all(|value| (0.0..=1.0).contains(&value)) {
            return None;
        }
        let (least, largest) = (values().fold(1.0, f64::min), values().fold(0.0, f64::max));
        let n = values().count();
        if n == 0 {
            return None;
        }
        let mean = (values().sum::<f64>() / n as f64).clamp(least, largest);
        let squares = values().map(|value| (value - mean).powi(2)).sum();
        Some(Self {
            n,
            mean,
            squares,
            least,
            largest,
        })
    }

    /// The distribution of the mean of the sample with (value, weight) added. A finite population
    /// reduces the weights as it does the variance.
    fn enlarged(&self, added: [(f64, f64); 2], factor: f64) -> Option<BetaOfMoments> {
        let added = added.map(|(value, weight)| (value, weight * factor));
        let n = self.n as f64;
        let weight = n + added[0].1 + added[1].1;
        let sum = n * self.mean + added[0].0 * added[0].1 + added[1].0 * added[1].1;
        let mean = sum / weight;
        let about_mean = |(value, weight): (f64, f64)| weight * (value - mean).powi(2);
        let squares =
            self.squares + about_mean((self.mean, n)) + about_mean(added[0]) + about_mean(added[1]);
        beta_of_moments(mean, squares / weight / (weight + 1.0) * factor)
    }
}

/// A Beta distribution by mean and variance.
#[derive(Clone, Copy, Debug)]
struct BetaOfMoments {
    a: f64,
    b: f64,
    mean: f64,
    deviation: f64,
}

/// `None` unless 0 < mean < 1 and 0 < variance < mean·(1 − mean).
fn beta_of_moments(mean: f64, variance: f64) -> Option<BetaOfMoments> {
    let count = mean * (1.0 - mean) / variance - 1.0;
    (variance > 0.0 && count > 0.0).then(|| BetaOfMoments {
        a: mean * count,
        b: (1.0 - mean) * count,
        mean,
        deviation: variance.sqrt(),
    })
}

impl BetaOfMoments {
    /// The 2.5 % or the 97.5 % point.
    fn quantile(&self, share: f64) -> f64 {
        let half = if share < 0.5 {
            -NORMAL_QUANTILE
        } else {
            NORMAL_QUANTILE
        };
        let normal = (self.mean + half * self.deviation).clamp(0.0, 1.0);
        if self.a.min(self.b) > NORMAL_FROM {
            return normal;
        }
        let Ok(beta) = Beta::new(self.a, self.b) else {
            return normal;
        };
        // By halving: slower than Newton's method and never astray, whatever the parameters.
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if beta.cdf(middle) < share {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(values: &[f64], population: Population) -> (f64, f64) {
        let found = bounded_mean(values, population).expect("values");
        (found.low.expect("an end"), found.high.expect("an end"))
    }

    #[test]
    fn zeros_and_ones_lie_between_jeffreys_and_clopper_and_pearson() {
        // scipy.stats.beta.ppf(.025, x + .5, n - x + 1) and (.975, x + 1, n - x + .5), SciPy 1.17
        for (ones, zeros, low, high) in [
            (3, 7, 0.087_845_800_310_551_92, 0.630_449_981_655_485_4),
            (99, 1, 0.945_805_414_616_853_7, 0.998_924_287_476_628_6),
        ] {
            let values: Vec<f64> = [vec![1.0; ones], vec![0.0; zeros]].concat();
            let found = ends(&values, Population::Unlimited);
            assert!(
                (found.0 - low).abs() < 1e-9 && (found.1 - high).abs() < 1e-9,
                "{found:?}"
            );
        }
    }

    #[test]
    fn far_from_both_ends_it_is_the_normal_interval() {
        let values: Vec<f64> = (0..4000)
            .map(|place| 0.4 + 0.2 * f64::from(place % 2))
            .collect();
        let found = bounded_mean(&values, Population::Unlimited).expect("values");
        let half = NORMAL_QUANTILE * found.standard_error.expect("many values");
        assert!((found.low.expect("an end") - (0.5 - half)).abs() < 3e-4);
        assert!((found.high.expect("an end") - (0.5 + half)).abs() < 3e-4);
    }

    #[test]
    fn a_sample_without_loss_does_not_claim_to_be_perfect() {
        let (low, high) = ends(&[1.0; 300], Population::Unlimited);
        // scipy.stats.beta.ppf(.025, 300.5, .5)
        assert!(low < 0.993 && low > 0.990 && high == 1.0, "{low}");
        assert_eq!(ends(&[1.0; 300], Population::Finite(300)), (1.0, 1.0));
        let (nearly_all, _) = ends(&[1.0; 299], Population::Finite(300));
        assert!(nearly_all > low && nearly_all < 1.0);
    }

    #[test]
    fn the_interval_mirrors_and_contains_its_mean() {
        let values = [0.0, 0.1, 0.1, 0.9, 1.0, 0.3];
        let mirrored: Vec<f64> = values.iter().map(|value| 1.0 - value).collect();
        let (low, high) = ends(&values, Population::Unlimited);
        let (mirror_low, mirror_high) = ends(&mirrored, Population::Unlimited);
        assert!((low - (1.0 - mirror_high)).abs() < 1e-9);
        assert!((high - (1.0 - mirror_low)).abs() < 1e-9);
        assert!(low < 0.4 && 0.4 < high);
    }

    #[test]
    fn values_outside_are_refused_and_missing_ones_left_out() {
        assert_eq!(bounded_mean(&[0.5, 1.1], Population::Unlimited), None);
        assert_eq!(bounded_mean(&[f64::NAN], Population::Unlimited), None);
        let found = bounded_mean(&[f64::NAN, 0.5, 0.7], Population::Unlimited).expect("two");
        assert_eq!((found.n, found.point), (2, 0.6));
        let one = bounded_mean(&[0.25], Population::Unlimited).expect("one");
        assert!(one.standard_error.is_none() && one.low < Some(0.25) && one.high > Some(0.25));
    }
}
