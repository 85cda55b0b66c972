//! A share and its Wilson interval.

use serde::{Deserialize, Serialize};

use super::population::Population;

/// The 97.5 % point of the standard normal distribution.
pub(super) const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;

/// A share of queries with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// successes/trials.
    pub point: f64,
    /// Lower end, ≥ 0.
    pub low: f64,
    /// Upper end, ≤ 1.
    pub high: f64,
    /// Trials.
    pub n: u64,
}

/// The share `successes`/`trials` with its score interval (Wilson 1927), which keeps to
/// 0..=1 and has a width even at 0 and 1.
///
/// `None` without trials or with more successes than trials.
pub fn share(successes: u64, trials: u64) -> Option<Share> {
    share_of(successes, trials, Population::Unlimited)
}

/// The same of a sample drawn without replacement: as many trials stand behind it as an unlimited
/// population would have needed for the same variance. All of a finite population has no interval.
pub fn share_of(successes: u64, trials: u64, population: Population) -> Option<Share> {
    if trials == 0 || successes > trials {
        return None;
    }
    let point = successes as f64 / trials as f64;
    let factor = population.factor(trials as usize);
    if factor == 0.0 {
        return Some(Share {
            point,
            low: point,
            high: point,
            n: trials,
        });
    }
    let n = trials as f64 / factor;
    let square = NORMAL_QUANTILE * NORMAL_QUANTILE;
    let center = (point + square / (2.0 * n)) / (1.0 + square / n);
    let spread = (point * (1.0 - point) / n + square / (4.0 * n * n)).sqrt();
    let half = NORMAL_QUANTILE * spread / (1.0 + square / n);
    let low = if successes == 0 { 0.0 } else { center - half };
    let high = if successes == trials {
        1.0
    } else {
        center + half
    };
    Some(Share {
        point,
        low,
        high,
        n: trials,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        // scipy.stats.binomtest(s, n).proportion_ci(method="wilson"), SciPy 1.17
        for (successes, trials, low, high) in [
            (0, 10, 0.0, 0.277_532_799_862_889_26),
            (8, 10, 0.490_162_471_536_641_8, 0.943_317_848_545_624_8),
            (10, 10, 0.722_467_200_137_110_7, 1.0),
        ] {
            let found = share(successes, trials).expect("trials");
            assert!(
                (found.low - low).abs() < 1e-12 && (found.high - high).abs() < 1e-12,
                "{found:?}"
            );
        }
        assert_eq!(share(0, 0), None);
    }

    #[test]
    fn a_finite_population_narrows_it() {
        let all = share_of(8, 10, Population::Finite(10)).expect("trials");
        assert_eq!((all.low, all.high), (0.8, 0.8));
        // Half of 19 but one: factor 9/18, as 20 of an unlimited population.
        let half = share_of(8, 10, Population::Finite(19)).expect("trials");
        let twice = share(16, 20).expect("trials");
        assert!((half.low - twice.low).abs() < 1e-12 && (half.high - twice.high).abs() < 1e-12);
        assert_eq!(half.n, 10);
    }
}
