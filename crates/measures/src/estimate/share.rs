//! A share and its Wilson interval.

use serde::{Deserialize, Serialize};

/// The 97.5 % point of the standard normal distribution.
const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;

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
    if trials == 0 || successes > trials {
        return None;
    }
    let n = trials as f64;
    let point = successes as f64 / n;
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
}
