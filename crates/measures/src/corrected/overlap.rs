//! How many of the k exact neighbors an answer holds, for many k at once.
//!
//! Enters: both sides of one query. Leaves: strict and tie-aware counts per k.
//!
//! The i-th returned point of exact rank r is in both prefixes from k = max(i, r) + 1 on, so one
//! histogram of max(i, r) and its running sum answer every k. Points within the k-th exact
//! distance, widened by [`TIE_TOLERANCE`], lead the answer, so a pointer that only moves forward
//! counts them; every point found by id is among them, because its distance is the exact list's.
//! One k alone is counted directly, without the histogram.
//!
//! Cost: O(K) for all k together.

use super::{ExactSide, ReturnedSide};

/// Relative width within which two distances are a tie.
pub const TIE_TOLERANCE: f64 = 1e-6;

/// Reusable histogram over max(slot, rank), and the tie pointer of the current query.
#[derive(Clone, Debug, Default)]
pub(super) struct OverlapCounts {
    strict: Vec<u32>,
    within: usize,
}

impl OverlapCounts {
    /// Counts `returned` by id for every k up to `largest_k`.
    pub(super) fn start(&mut self, returned: ReturnedSide<'_>, largest_k: usize) {
        self.within = 0;
        self.strict.clear();
        self.strict.resize(largest_k + 1, 0);
        for (slot, &rank) in (0..).zip(returned.exact_ranks().iter().take(largest_k)) {
            self.strict[(rank.max(slot) as usize).min(largest_k)] += 1;
        }
        let mut sum = 0;
        for count in &mut self.strict {
            sum += *count;
            *count = sum;
        }
    }

    /// (strict, tie-aware) at k ≥ 1; to be asked with ascending k.
    pub(super) fn at(
        &mut self,
        exact: &ExactSide,
        returned: ReturnedSide<'_>,
        k: usize,
    ) -> (usize, usize) {
        let limit = widened(exact.distances()[k - 1]);
        let ahead = &returned.distances()[self.within..];
        self.within += ahead
            .iter()
            .take_while(|&&distance| f64::from(distance) <= limit)
            .count();
        let strict = self.strict[k - 1] as usize;
        (strict, strict.max(self.within.min(k)))
    }
}

/// (strict, tie-aware) for one k.
pub(super) fn count_for_one_k(
    exact: &ExactSide,
    returned: ReturnedSide<'_>,
    k: usize,
) -> (usize, usize) {
    let slots = k.min(returned.distances().len());
    let limit = widened(exact.distances()[k - 1]);
    let ranks = &returned.exact_ranks()[..slots];
    let strict = ranks
        .iter()
        .map(|&rank| u32::from(rank < k as u32))
        .sum::<u32>() as usize;
    let within =
        returned.distances()[..slots].partition_point(|&distance| f64::from(distance) <= limit);
    (strict, strict.max(within))
}

fn widened(distance: f32) -> f64 {
    let distance = f64::from(distance);
    distance + distance.abs() * TIE_TOLERANCE
}
