//! A quantile and its interval by order statistics.
//!
//! Enters: a sorted sample, such as the smallest ef of every query. Leaves: the quantile and the
//! order statistics that enclose it. Needs nothing of the distribution (Conover 1999, section 3.2:
//! the number of values below the quantile is binomial). Cost O(log n) evaluations of the binomial
//! distribution.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF};

use super::population::Population;

/// A quantile with its 95 % interval, all three values of the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuantileInterval<T> {
    /// The smallest value that at least the wanted share of the sample does not exceed.
    pub point: T,
    /// Lower end; `None` if the sample is too small to bound the quantile from below.
    pub low: Option<T>,
    /// Upper end; `None` if the sample is too small to bound the quantile from above.
    pub high: Option<T>,
}

/// The `share`-quantile of `sorted` with its interval of coverage at least 95 %.
///
/// `None` for an empty sample or a share outside 0..=1.
pub fn quantile_interval<T: Copy>(sorted: &[T], share: f64) -> Option<QuantileInterval<T>> {
    quantile_interval_of(sorted, share, Population::Unlimited)
}

/// The same of a sample drawn without replacement. The number below the quantile is then
/// hypergeometric; its spread about the mean is that of the binomial narrowed by the square root of
/// the finite-population factor. All of a finite population has its quantile as both ends.
pub fn quantile_interval_of<T: Copy>(
    sorted: &[T],
    share: f64,
    population: Population,
) -> Option<QuantileInterval<T>> {
    let n = sorted.len();
    let below = Binomial::new(share, n as u64).ok()?;
    let place = ((share * n as f64).ceil() as usize).saturating_sub(1);
    let point = *sorted.get(place)?;
    let factor = population.factor(n);
    if factor == 0.0 {
        return Some(QuantileInterval {
            point,
            low: Some(point),
            high: Some(point),
        });
    }
    if factor < 1.0 {
        let narrowing = factor.sqrt();
        let mean = share * n as f64;
        let rank = |quantile: f64| {
            let rank = below.inverse_cdf(quantile) as f64;
            mean + (rank - mean) * narrowing
        };
        let low = (rank(0.025).floor().max(0.0) as usize)
            .checked_sub(1)
            .map(|place| sorted[place]);
        let high = sorted.get(rank(0.975).ceil() as usize).copied();
        return Some(QuantileInterval { point, low, high });
    }
    // With B ~ Binomial(n, share), X₍ᵣ₎ ≤ quantile fails with probability P(B < r), quantile ≤ X₍ₛ₎
    // with P(B ≥ s).
    let low = (below.inverse_cdf(0.025) as usize)
        .checked_sub(1)
        .map(|place| sorted[place]);
    let high = sorted.get(below.inverse_cdf(0.975) as usize).copied();
    Some(QuantileInterval { point, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_agree_with_scipy() {
        // r = binom.ppf(.025, n, p), s = binom.ppf(.975, n, p) + 1, one-based, SciPy 1.17
        for (n, share, low, high) in [
            (10, 0.5, Some(2), Some(9)),
            (10, 0.9, Some(7), None),
            (100, 0.5, Some(40), Some(61)),
            (100, 0.9, Some(84), Some(96)),
            (100, 0.99, Some(97), None),
            (10_000, 0.5, Some(4902), Some(5099)),
            (10_000, 0.99, Some(9880), Some(9920)),
        ] {
            let sorted: Vec<u64> = (1..=n).collect();
            let found = quantile_interval(&sorted, share).expect("a sample");
            assert_eq!(
                (found.low, found.high),
                (low, high),
                "n = {n}, share = {share}"
            );
        }
    }

    #[test]
    fn a_finite_population_brings_the_ends_nearer() {
        let sorted: Vec<u64> = (1..=1000).collect();
        let of = |population| quantile_interval_of(&sorted, 0.05, population).expect("a sample");
        let (wide, narrow) = (of(Population::Unlimited), of(Population::Finite(1100)));
        assert!(narrow.low > wide.low && narrow.high < wide.high);
        assert!(narrow.low <= Some(narrow.point) && narrow.high >= Some(narrow.point));
        let all = of(Population::Finite(1000));
        assert_eq!((all.low, all.high), (Some(all.point), Some(all.point)));
    }

    #[test]
    fn point_is_the_smallest_value_that_reaches_the_share() {
        let point = |share| {
            quantile_interval(&[10, 20, 30, 40], share)
                .expect("a sample")
                .point
        };
        assert_eq!([0.0, 0.25, 0.26, 0.5, 1.0].map(point), [10, 10, 20, 20, 40]);
        assert_eq!(quantile_interval::<u64>(&[], 0.5), None);
    }
}
