//! One breakpoint.

use serde::{Deserialize, Serialize};

/// A neighbor count at which a curve breaks, also in units of the search effort.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Breakpoint {
    /// Neighbor count; between grid points where it was interpolated.
    pub k: f64,
    /// k/ef at that k.
    pub k_over_ef: f64,
}

impl Breakpoint {
    /// The breakpoint at a grid point.
    pub(super) fn on_grid(k: usize, ef: usize) -> Self {
        Self::new(k as f64, ef as f64)
    }

    /// The breakpoint the share `share` of the way from one grid point (k, ef) to the next.
    pub(super) fn between(from: (usize, usize), to: (usize, usize), share: f64) -> Self {
        let along = |a: usize, b: usize| a as f64 + (b as f64 - a as f64) * share;
        Self::new(along(from.0, to.0), along(from.1, to.1))
    }

    fn new(k: f64, ef: f64) -> Self {
        Self {
            k,
            k_over_ef: k / ef,
        }
    }
}

/// Every curve has one value per k, and k ascends.
pub(super) fn assert_grid(ks: &[usize], lengths: &[usize]) {
    assert!(ks.is_sorted_by(|a, b| a < b), "ks ascend");
    assert!(
        lengths.iter().all(|&length| length == ks.len()),
        "one value per k"
    );
}
