//! Two searches of the same queries: the mean difference with its interval.
//!
//! Enters: one difference per query, each in −1..=1. Leaves: [`PairedDifference`]. Most queries of
//! two good searches differ by nothing, so a normal interval of the few that do would be too short.
//! As for matched pairs of successes (Agresti & Min 2005), half an observation is added at each of
//! the largest gain and the largest loss that there might be, ± the largest difference seen, before
//! the variance is taken; 1 where none was seen. Cost O(n).

use serde::{Deserialize, Serialize};

use super::Estimate;
use super::population::Population;
use super::share::NORMAL_QUANTILE;

/// The mean of b − a over the same queries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// Mean of b − a with its 95 % interval.
    pub difference: Estimate,
    /// Queries for which b is more than a.
    pub gained: usize,
    /// Queries for which b is less than a.
    pub lost: usize,
}

/// The mean of `differences`, each in −1..=1, with its 95 % interval.
///
/// NaN is left out; `None` if nothing remains or a difference lies outside −1..=1.
pub fn paired_difference(differences: &[f64], population: Population) -> Option<PairedDifference> {
    let present = || differences.iter().copied().filter(|value| !value.is_nan());
    let n = present().count();
    if n == 0 || !present().all(|value| (-1.0..=1.0).contains(&value)) {
        return None;
    }
    let point = present().sum::<f64>() / n as f64;
    let squares: f64 = present().map(|value| (value - point).powi(2)).sum();
    let factor = population.factor(n);
    let largest = present().fold(0.0, |most: f64, value| most.max(value.abs()));
    let largest = if largest > 0.0 { largest } else { 1.0 };
    // Half an observation at each of ± largest.
    let enlarged = squares + largest * largest + point * point;
    let half = NORMAL_QUANTILE * (enlarged * factor).sqrt() / n as f64;
    let spread = squares / (n - 1).max(1) as f64 / n as f64;
    Some(PairedDifference {
        difference: Estimate {
            point,
            low: Some((point - half).max(-1.0)),
            high: Some((point + half).min(1.0)),
            standard_error: (n > 1).then(|| (spread * factor).sqrt()),
            n,
        },
        gained: present().filter(|&value| value > 0.0).count(),
        lost: present().filter(|&value| value < 0.0).count(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_searches_differ_by_nothing_with_an_interval_around_it() {
        let found = paired_difference(&[0.0; 200], Population::Unlimited).expect("values");
        let (low, high) = (found.difference.low, found.difference.high);
        assert_eq!(
            (found.difference.point, found.gained, found.lost),
            (0.0, 0, 0)
        );
        assert!(low < Some(0.0) && high > Some(0.0) && low > Some(-0.02));
        let all = paired_difference(&[0.1, -0.2], Population::Finite(2)).expect("values");
        assert_eq!(all.difference.low, Some(all.difference.point));
    }

    #[test]
    fn many_large_differences_have_the_normal_interval() {
        let values: Vec<f64> = (0..5000)
            .map(|place| f64::from(place % 7) / 10.0 - 0.25)
            .collect();
        let found = paired_difference(&values, Population::Unlimited).expect("values");
        let error = found.difference.standard_error.expect("many");
        let half = 1.959_964 * error;
        let low = found.difference.low.expect("an end");
        assert!(
            (found.difference.point - low - half).abs() < 0.1 * half,
            "{found:?}"
        );
    }

    #[test]
    fn exchanging_the_two_turns_the_interval_around() {
        let values = [0.1, 0.0, 0.0, -0.3, 0.2, 0.0, 0.0, 0.1];
        let turned = values.map(|value: f64| -value);
        let one = paired_difference(&values, Population::Unlimited).expect("values");
        let other = paired_difference(&turned, Population::Unlimited).expect("values");
        assert_eq!((one.gained, one.lost), (other.lost, other.gained));
        let sum = one.difference.low.expect("an end") + other.difference.high.expect("an end");
        assert!(sum.abs() < 1e-12, "{sum}");
        assert_eq!(paired_difference(&[2.0], Population::Unlimited), None);
    }
}
