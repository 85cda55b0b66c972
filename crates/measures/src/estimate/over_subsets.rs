//! Intervals of a mean over runs, each over rows of its own drawn from one finite set: what they cover,
//! and what they do not.
//!
//! Enters: the mean and standard deviation over R runs, n of N rows drawn for each. Leaves:
//! [`SubsetIntervals`]. A run is one observation, whatever the number of its queries.
//!
//! | interval | half width | covers |
//! |---|---|---|
//! | normal | 1.96·s/√R | what is mostly drawn; too short, since s comes from R runs alone |
//! | of these rows | t·s/√R, t on R − 1 degrees of freedom | the mean over all subsets of these N rows |
//! | of rows to come | t·s·√(1/R + f/(1 − f)), f = n/N | the mean over rows like these |
//!
//! Given the N rows, runs are drawn independently of one another, so that rows which two of them share
//! do no harm. They do where the N rows are themselves a sample: then the runs share what is particular
//! to these N. Where a figure is nearly a mean over rows, its variance over subsets is σ²(1 − f)/n and
//! that of the mean over all N rows is σ²/N, the first times f/(1 − f) (Cochran 1977, section 2.6). The
//! share of the graph's seed in s makes the last interval too wide, never too short. With f = 1 the
//! subsets are all rows, and say nothing about others.
//!
//! Shares are taken by their logit, so that an interval stays within 0..=1 and is longer on the side away
//! from the near end. Cost O(1).

use super::over_runs::t_quantile;
use super::share::NORMAL_QUANTILE;
use serde::{Deserialize, Serialize};

/// What values a figure can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From 0 to 1.
    Share,
    /// Any.
    Real,
}

/// How the rows of each run are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Rows of a run.
    pub rows: usize,
    /// The rows that they are drawn from, without replacement.
    pub of: usize,
}

/// 95 % intervals of one mean; each `None` where it has no value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SubsetIntervals {
    /// Mean ± 1.96·s/√R.
    pub normal: Option<[f64; 2]>,
    /// Over all subsets of the rows at hand.
    pub these_rows: Option<[f64; 2]>,
    /// Over rows to come.
    pub rows_to_come: Option<[f64; 2]>,
}

/// The intervals of a `mean` with standard deviation `deviation` (divisor R − 1) over `runs` runs.
pub fn over_subsets(
    mean: f64,
    deviation: f64,
    runs: usize,
    drawn: Drawn,
    scale: Scale,
) -> SubsetIntervals {
    let known = mean.is_finite() && deviation.is_finite();
    let Some(t) = runs.checked_sub(1).filter(|_| known).and_then(t_quantile) else {
        return SubsetIntervals::default();
    };
    let error = deviation / (runs as f64).sqrt();
    let share = drawn.rows as f64 / drawn.of as f64;
    let to_come = (share < 1.0).then(|| {
        let variance = 1.0 / runs as f64 + share / (1.0 - share);
        interval(mean, t, deviation * variance.sqrt(), scale)
    });
    let half = NORMAL_QUANTILE * error;
    SubsetIntervals {
        normal: Some([mean - half, mean + half]),
        these_rows: interval(mean, t, error, scale),
        rows_to_come: to_come.flatten(),
    }
}

/// Mean ± t standard errors, on the scale of the logit for a share strictly between 0 and 1; `None` for
/// a share of 0 or 1, whose runs are all alike.
fn interval(mean: f64, t: f64, error: f64, scale: Scale) -> Option<[f64; 2]> {
    if scale == Scale::Real {
        return Some([mean - t * error, mean + t * error]);
    }
    let variance = mean * (1.0 - mean);
    if variance <= 0.0 {
        return None;
    }
    let center = (mean / (1.0 - mean)).ln();
    let half = t * error / variance;
    Some([center - half, center + half].map(|logit| 1.0 / (1.0 + (-logit).exp())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENTH: Drawn = Drawn {
        rows: 10_000,
        of: 100_000,
    };

    #[test]
    fn ten_runs_have_student_s_t() {
        let found = over_subsets(5.0, 2.0, 10, TENTH, Scale::Real);
        let error = 2.0 / 10_f64.sqrt();
        let near = |found: [f64; 2], half: f64| {
            assert!((found[0] - 5.0 + half).abs() < 1e-9 && (found[1] - 5.0 - half).abs() < 1e-9);
        };
        near(found.normal.expect("runs"), 1.959_963_984_540_054 * error);
        // scipy.stats.t.ppf(0.975, 9)
        let t = 2.262_157_162_740_991_5;
        near(found.these_rows.expect("runs"), t * error);
        let factor = (0.1_f64 + 1.0 / 9.0).sqrt();
        near(found.rows_to_come.expect("more rows"), t * 2.0 * factor);
    }

    #[test]
    fn shares_stay_below_one() {
        let found = over_subsets(0.9995, 0.001, 10, TENTH, Scale::Share);
        let [low, high] = found.rows_to_come.expect("runs");
        assert!(found.normal.expect("runs")[1] > 1.0 && high < 1.0);
        assert!(0.9995 - low > high - 0.9995, "longer away from 1");
    }

    #[test]
    fn what_says_nothing_has_no_interval() {
        let one = over_subsets(0.5, f64::NAN, 1, TENTH, Scale::Share);
        assert_eq!(one, SubsetIntervals::default());
        let all = Drawn { rows: 9, of: 9 };
        let found = over_subsets(0.5, 0.1, 3, all, Scale::Share);
        assert!(found.these_rows.is_some() && found.rows_to_come.is_none());
        let certain = over_subsets(1.0, 0.0, 3, TENTH, Scale::Share);
        assert!(certain.these_rows.is_none());
    }
}
