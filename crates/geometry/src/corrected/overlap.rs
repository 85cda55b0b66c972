//! How many of the k exact neighbors an answer holds, for many k at once.
//!
//! Enters: both sides of one query. Leaves: strict and tie-aware counts per k.
//!
//! The i-th returned point of exact rank r is in both prefixes from k = max(i, r) + 1 on, so one histogram of max(i, r)
//! and its running sum answer every k. For ties r is replaced by the smallest rank whose distance, widened by
//! [`TIE_TOLERANCE`], reaches the point's. One k alone is counted directly, without the histogram.
//!
//! Cost: O(K) for all k together, given answers sorted by distance up to rounding.

use super::{ExactSide, ReturnedSide};

/// Relative width within which two distances are a tie.
pub const TIE_TOLERANCE: f64 = 1e-6;

/// Reusable histograms over max(slot, rank).
#[derive(Clone, Debug, Default)]
pub(super) struct OverlapCounts {
    strict: Vec<u32>,
    tie_aware: Vec<u32>,
}

impl OverlapCounts {
    /// Counts `returned` against `exact` for every k up to `largest_k`; afterwards `at(k)` answers.
    pub(super) fn count(&mut self, exact: &ExactSide, returned: ReturnedSide<'_>, largest_k: usize) {
        self.clear(largest_k);
        let mut tied_rank = 0;
        for (slot, (&distance, &rank)) in returned.distances().iter().zip(returned.exact_ranks()).enumerate() {
            if slot >= largest_k {
                break;
            }
            tied_rank = smallest_reaching_rank(exact.distances(), distance, tied_rank);
            enter(&mut self.strict, slot.max(rank as usize));
            enter(&mut self.tie_aware, slot.max(tied_rank.min(rank as usize)));
        }
        accumulate(&mut self.strict);
        accumulate(&mut self.tie_aware);
    }

    /// (strict, tie-aware) at k ≥ 1.
    pub(super) fn at(&self, k: usize) -> (usize, usize) {
        (self.strict[k - 1] as usize, self.tie_aware[k - 1] as usize)
    }

    fn clear(&mut self, largest_k: usize) {
        for counts in [&mut self.strict, &mut self.tie_aware] {
            counts.clear();
            counts.resize(largest_k, 0);
        }
    }
}

/// (strict, tie-aware) for one k.
pub(super) fn count_for_one_k(exact: &ExactSide, returned: ReturnedSide<'_>, k: usize) -> (usize, usize) {
    let slots = k.min(returned.distances().len());
    let limit = widened(exact.distances()[k - 1]);
    let (mut strict, mut tie_aware) = (0_u32, 0_u32);
    for (&distance, &rank) in returned.distances()[..slots].iter().zip(&returned.exact_ranks()[..slots]) {
        let by_id = (rank as usize) < k;
        strict += u32::from(by_id);
        tie_aware += u32::from(by_id | (f64::from(distance) <= limit));
    }
    (strict as usize, tie_aware as usize)
}

/// The smallest rank whose widened distance reaches `distance`, searched from `start` in both directions.
fn smallest_reaching_rank(exact: &[f32], distance: f32, start: usize) -> usize {
    let reaches = |rank: usize| f64::from(distance) <= widened(exact[rank]);
    let mut rank = start;
    while rank > 0 && reaches(rank - 1) {
        rank -= 1;
    }
    while rank < exact.len() && !reaches(rank) {
        rank += 1;
    }
    rank
}

fn widened(distance: f32) -> f64 {
    let distance = f64::from(distance);
    distance + distance.abs() * TIE_TOLERANCE
}

fn enter(counts: &mut [u32], place: usize) {
    if let Some(count) = counts.get_mut(place) {
        *count += 1;
    }
}

fn accumulate(counts: &mut [u32]) {
    let mut sum = 0;
    for count in counts {
        sum += *count;
        *count = sum;
    }
}
