//! The mean over runs and its Student-t interval.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// A mean over runs with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub point: f64,
    /// Lower end, mean − t·s/√n; `None` for one run.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// s/√n, s with n − 1 degrees of freedom; `None` for one run.
    pub standard_error: Option<f64>,
    /// Runs behind it.
    pub n: usize,
}

impl Estimate {
    /// The mean of one figure per run with its interval by Student's t on n − 1 degrees of freedom
    /// (Student 1908).
    ///
    /// NaN (a run without the figure) is left out; `None` if nothing remains. An infinite value
    /// makes the mean infinite and leaves no interval.
    pub fn of(values: &[f64]) -> Option<Self> {
        let values: Vec<f64> = values
            .iter()
            .copied()
            .filter(|value| !value.is_nan())
            .collect();
        let n = values.len();
        let point = mean(&values)?;
        let standard_error =
            (n > 1).then(|| (sum_of_squares(&values, point) / (n - 1) as f64 / n as f64).sqrt());
        let standard_error = standard_error.filter(|error| error.is_finite());
        let half_width = standard_error.and_then(|error| Some(error * t_quantile(n - 1)?));
        let low = half_width.map(|half| point - half);
        let high = half_width.map(|half| point + half);
        Some(Self {
            point,
            low,
            high,
            standard_error,
            n,
        })
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn sum_of_squares(values: &[f64], mean: f64) -> f64 {
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

/// The 97.5 % point of Student's t; `None` for 0 degrees of freedom.
pub(super) fn t_quantile(degrees_of_freedom: usize) -> Option<f64> {
    StudentsT::new(0.0, 1.0, degrees_of_freedom as f64)
        .ok()
        .map(|t| t.inverse_cdf(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_agree_with_scipy() {
        // scipy.stats.t.ppf(0.975, df), SciPy 1.17
        for (degrees, expected) in [
            (1, 12.706_204_736_174_694),
            (2, 4.302_652_729_749_462),
            (4, 2.776_445_105_197_793),
            (9, 2.262_157_162_798_205),
            (29, 2.045_229_642_132_703),
            (199, 1.971_956_544_251_753),
        ] {
            let found = t_quantile(degrees).expect("positive degrees");
            assert!(
                (found - expected).abs() < 1e-9 * expected,
                "{degrees}: {found}"
            );
        }
    }

    #[test]
    fn interval_of_a_known_sample() {
        // scipy.stats.t.interval(0.95, 4, 3, scipy.stats.sem([1, 2, 3, 4, 5]))
        let estimate = Estimate::of(&[1.0, 2.0, f64::NAN, 3.0, 4.0, 5.0]).expect("five values");
        assert_eq!((estimate.point, estimate.n), (3.0, 5));
        assert!((estimate.low.expect("n > 1") - 1.036_756_838_522_443).abs() < 1e-9);
        assert!((estimate.high.expect("n > 1") - 4.963_243_161_477_561).abs() < 1e-9);
    }

    #[test]
    fn one_run_has_no_interval() {
        let estimate = Estimate::of(&[2.0]).expect("one value");
        assert_eq!(
            estimate,
            Estimate {
                point: 2.0,
                low: None,
                high: None,
                standard_error: None,
                n: 1
            }
        );
        assert_eq!(Estimate::of(&[f64::NAN]), None);
    }
}
