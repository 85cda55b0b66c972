//! The mean distance of one row whose last slots are empty.

use super::pairwise::{divide, pairwise_sum, row_mean};

/// The squared distance of an empty slot.
pub const EMPTY_DISTANCE: f32 = f32::MAX;

/// The float32 mean over `k` slots of which only `filled` hold a squared distance and the rest hold
/// `FLT_MAX`.
///
/// `filled` may be longer than k. One empty slot gives (Σ + `FLT_MAX`)/k, which for sums below 1e31
/// is `FLT_MAX`/k; two or more overflow to infinity.
pub fn row_mean_of_slots(filled: &[f32], k: usize) -> f32 {
    match k.saturating_sub(filled.len()) {
        0 => row_mean(&filled[..k]),
        1 => divide(pairwise_sum(filled, -0.0) + EMPTY_DISTANCE, k),
        _ => f32::INFINITY,
    }
}
