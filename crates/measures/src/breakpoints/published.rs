//! The study's kinds of breakpoint, read off its published figures.
//!
//! Enters: one run's figures over k. Leaves: [`PublishedBreakpoints`]. The study names these four
//! but prints no formula for them, so every threshold is a named parameter of
//! [`PublishedParameters`], to be reported with the result.

use serde::{Deserialize, Serialize};

use super::point::assert_grid;
use super::{Breakpoint, BreakpointEstimate};

/// Thresholds of the published breakpoints.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublishedParameters {
    /// |returned/exact − 1| of the mean distances beyond which they differ. Default 0.05.
    pub distance_tolerance: f64,
    /// Multiple of the mean exact distance beyond which the mean returned one has exploded. Default
    /// 1000.
    pub explosion_factor: f64,
    /// Overlap that still is safe. Default 0.95.
    pub safe_overlap: f64,
}

impl Default for PublishedParameters {
    fn default() -> Self {
        Self {
            distance_tolerance: 0.05,
            explosion_factor: 1000.0,
            safe_overlap: 0.95,
        }
    }
}

/// One run's published figures over k; all slices of the same length, k ascending.
#[derive(Clone, Copy, Debug)]
pub struct PublishedCurve<'a> {
    /// Neighbor counts.
    pub ks: &'a [usize],
    /// Search effort at each k.
    pub efs: &'a [usize],
    /// `mean_overlap`.
    pub overlap: &'a [f64],
    /// `mean_exact_dist`; NaN where every row was dropped.
    pub mean_exact_dist: &'a [f64],
    /// `mean_ann_dist`; NaN or infinite where the arithmetic left float32.
    pub mean_ann_dist: &'a [f64],
}

/// The study's kinds of breakpoint of one run; `None` where one does not happen within the grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PublishedBreakpoints {
    /// The k that overlap falls most on reaching, from the grid point before it; the first of
    /// equals.
    pub steepest_overlap_step: Option<Breakpoint>,
    /// The smallest k whose mean distances differ by more than the tolerance; a figure that is not
    /// finite differs.
    pub distance_tolerance: Option<Breakpoint>,
    /// The smallest k whose mean returned distance has exploded (not finite, or beyond the
    /// explosion factor): k/ef is the study's hard ratio.
    pub hard_ratio: Option<Breakpoint>,
    /// The largest k up to which overlap stays safe at every k; `None` if it is unsafe from the
    /// first k on.
    pub largest_safe_k: Option<Breakpoint>,
}

/// The published breakpoints over runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublishedBreakpointEstimates {
    /// See [`PublishedBreakpoints::steepest_overlap_step`].
    pub steepest_overlap_step: BreakpointEstimate,
    /// See [`PublishedBreakpoints::distance_tolerance`].
    pub distance_tolerance: BreakpointEstimate,
    /// See [`PublishedBreakpoints::hard_ratio`].
    pub hard_ratio: BreakpointEstimate,
    /// See [`PublishedBreakpoints::largest_safe_k`].
    pub largest_safe_k: BreakpointEstimate,
}

impl PublishedBreakpoints {
    /// The breakpoints of one run's curve.
    ///
    /// # Panics
    /// If the slices differ in length or k does not ascend.
    pub fn of(curve: &PublishedCurve<'_>, parameters: PublishedParameters) -> Self {
        let lengths = [
            curve.efs.len(),
            curve.overlap.len(),
            curve.mean_exact_dist.len(),
            curve.mean_ann_dist.len(),
        ];
        assert_grid(curve.ks, &lengths);
        let at = |place: usize| Breakpoint::on_grid(curve.ks[place], curve.efs[place]);
        Self {
            steepest_overlap_step: steepest_step(curve.overlap).map(at),
            distance_tolerance: curve
                .first(|ratio| (ratio - 1.0).abs() > parameters.distance_tolerance)
                .map(at),
            hard_ratio: curve
                .first(|ratio| ratio > parameters.explosion_factor)
                .map(at),
            largest_safe_k: last_safe(curve.overlap, parameters.safe_overlap).map(at),
        }
    }

    /// Each breakpoint over runs.
    pub fn over_runs(runs: &[Self]) -> PublishedBreakpointEstimates {
        let over =
            |pick: fn(&Self) -> Option<Breakpoint>| BreakpointEstimate::of(runs.iter().map(pick));
        PublishedBreakpointEstimates {
            steepest_overlap_step: over(|run| run.steepest_overlap_step),
            distance_tolerance: over(|run| run.distance_tolerance),
            hard_ratio: over(|run| run.hard_ratio),
            largest_safe_k: over(|run| run.largest_safe_k),
        }
    }
}

impl PublishedCurve<'_> {
    /// The first place where returned over exact mean distance is `beyond`, or is not finite.
    fn first(&self, beyond: impl Fn(f64) -> bool) -> Option<usize> {
        let ratios = self
            .mean_ann_dist
            .iter()
            .zip(self.mean_exact_dist)
            .map(|(returned, exact)| returned / exact);
        ratios
            .into_iter()
            .position(|ratio| !ratio.is_finite() || beyond(ratio))
    }
}

fn steepest_step(overlap: &[f64]) -> Option<usize> {
    let mut steepest = (None, 0.0);
    for (place, step) in overlap.windows(2).enumerate() {
        if step[0] - step[1] > steepest.1 {
            steepest = (Some(place + 1), step[0] - step[1]);
        }
    }
    steepest.0
}

fn last_safe(overlap: &[f64], safe: f64) -> Option<usize> {
    overlap
        .iter()
        .take_while(|&&overlap| overlap >= safe)
        .count()
        .checked_sub(1)
}
