//! Where fill leaves 1 and overlap leaves .99, .95 and .90.
//!
//! Enters: one run's corrected curves over k. Leaves: [`CorrectedBreakpoints`]. Fill breaks at a
//! grid point. Overlap breaks where the straight line between two grid points crosses the level; if
//! it is below at the first grid point already, that point is given, an upper bound.

use serde::{Deserialize, Serialize};

use super::point::assert_grid;
use super::{Breakpoint, BreakpointEstimate};

/// One run's corrected curves over k; all slices of the same length, k ascending.
#[derive(Clone, Copy, Debug)]
pub struct CorrectedCurve<'a> {
    /// Neighbor counts.
    pub ks: &'a [usize],
    /// Search effort at each k.
    pub efs: &'a [usize],
    /// Mean fill.
    pub fill: &'a [f64],
    /// Mean overlap.
    pub overlap: &'a [f64],
}

/// The corrected breakpoints of one run; `None` where one does not happen within the grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CorrectedBreakpoints {
    /// The smallest k of the grid with an empty slot at some query.
    pub fill_leaves_one: Option<Breakpoint>,
    /// Where overlap falls below 0.99.
    pub overlap_leaves_99: Option<Breakpoint>,
    /// Where overlap falls below 0.95.
    pub overlap_leaves_95: Option<Breakpoint>,
    /// Where overlap falls below 0.90.
    pub overlap_leaves_90: Option<Breakpoint>,
}

/// The corrected breakpoints over runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorrectedBreakpointEstimates {
    /// See [`CorrectedBreakpoints::fill_leaves_one`].
    pub fill_leaves_one: BreakpointEstimate,
    /// See [`CorrectedBreakpoints::overlap_leaves_99`].
    pub overlap_leaves_99: BreakpointEstimate,
    /// See [`CorrectedBreakpoints::overlap_leaves_95`].
    pub overlap_leaves_95: BreakpointEstimate,
    /// See [`CorrectedBreakpoints::overlap_leaves_90`].
    pub overlap_leaves_90: BreakpointEstimate,
}

impl CorrectedBreakpoints {
    /// The breakpoints of one run's curve.
    ///
    /// # Panics
    /// If the slices differ in length or k does not ascend.
    pub fn of(curve: &CorrectedCurve<'_>) -> Self {
        assert_grid(
            curve.ks,
            &[curve.efs.len(), curve.fill.len(), curve.overlap.len()],
        );
        let fill = curve.fill.iter().position(|&fill| fill < 1.0);
        Self {
            fill_leaves_one: fill
                .map(|place| Breakpoint::on_grid(curve.ks[place], curve.efs[place])),
            overlap_leaves_99: curve.overlap_leaves(0.99),
            overlap_leaves_95: curve.overlap_leaves(0.95),
            overlap_leaves_90: curve.overlap_leaves(0.90),
        }
    }

    /// Each breakpoint over runs.
    pub fn over_runs(runs: &[Self]) -> CorrectedBreakpointEstimates {
        let over =
            |pick: fn(&Self) -> Option<Breakpoint>| BreakpointEstimate::of(runs.iter().map(pick));
        CorrectedBreakpointEstimates {
            fill_leaves_one: over(|run| run.fill_leaves_one),
            overlap_leaves_99: over(|run| run.overlap_leaves_99),
            overlap_leaves_95: over(|run| run.overlap_leaves_95),
            overlap_leaves_90: over(|run| run.overlap_leaves_90),
        }
    }
}

impl CorrectedCurve<'_> {
    /// Where overlap first falls below `level`.
    pub fn overlap_leaves(&self, level: f64) -> Option<Breakpoint> {
        let place = self.overlap.iter().position(|&overlap| overlap < level)?;
        let grid = |place: usize| (self.ks[place], self.efs[place]);
        let Some(before) = place.checked_sub(1) else {
            return Some(Breakpoint::on_grid(grid(0).0, grid(0).1));
        };
        let share = (self.overlap[before] - level) / (self.overlap[before] - self.overlap[place]);
        Some(Breakpoint::between(grid(before), grid(place), share))
    }
}
