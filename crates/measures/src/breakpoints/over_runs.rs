//! One breakpoint over runs.

use serde::{Deserialize, Serialize};

use super::Breakpoint;
use crate::estimate::Estimate;

/// A breakpoint over the runs in which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BreakpointEstimate {
    /// The neighbor count; n is the number of runs in which it happens, `None` if it never does.
    pub k: Option<Estimate>,
    /// The same as k/ef.
    pub k_over_ef: Option<Estimate>,
    /// Runs in which it does not happen within the grid: with any of these, the estimate above is
    /// one-sided.
    pub runs_without: usize,
}

impl BreakpointEstimate {
    /// The estimate from one breakpoint per run.
    pub fn of(runs: impl IntoIterator<Item = Option<Breakpoint>>) -> Self {
        let runs: Vec<Option<Breakpoint>> = runs.into_iter().collect();
        let happened = runs.iter().flatten();
        let ks: Vec<f64> = happened.clone().map(|point| point.k).collect();
        let ratios: Vec<f64> = happened.map(|point| point.k_over_ef).collect();
        let runs_without = runs.len() - ks.len();
        Self {
            k: Estimate::of(&ks),
            k_over_ef: Estimate::of(&ratios),
            runs_without,
        }
    }
}
