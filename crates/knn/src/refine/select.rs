//! Top-k selection with a margin: every row that may be among the k nearest, given the error bound.
//!
//! Enters: a row of computed reduced distances and a bound on their error. Leaves: every row whose
//! true reduced distance can be among the k smallest, ascending by (reduced distance, id).
//!
//! If `a_k` is the k-th smallest computed value and e bounds every error, k rows are truly at most
//! `a_k` + e, so a row with a computed value over `a_k` + 2e cannot be among the k nearest.
//!
//! initial threshold: k rows and a few more are below it    from one value in SAMPLE_STRIDE
//! keep what is below it                                    one pass without a branch
//! find `a_k` among those, keep what is below `a_k` + 2e, sort
//!
//! A threshold too low costs a second pass without one; too high, a few values more.

use super::certificate::Candidate;
use crate::threshold::initial_threshold_rank;
use annatomy_vectors::{order_key, value_of_order_key};

/// One value in this many is sampled for the initial threshold.
const SAMPLE_STRIDE: usize = 16;

/// Reused from row to row.
#[derive(Default)]
pub(crate) struct Selection {
    sample: Vec<f32>,
    /// Order key and id, as one integer.
    kept: Vec<u64>,
}

impl Selection {
    /// Fills `chosen` with every index of `reduced distances` whose true value can be among the `k`
    /// smallest, sorted.
    pub(crate) fn contenders(
        &mut self,
        reduced: &[f32],
        k: usize,
        error: f64,
        chosen: &mut Vec<Candidate>,
    ) {
        let threshold = self.initial_threshold(reduced, k);
        if !self.keep_contenders(reduced, k, error, threshold) {
            self.keep_contenders(reduced, k, error, f32::INFINITY);
        }
        self.kept.sort_unstable();
        chosen.clear();
        chosen.extend(self.kept.iter().map(|&kept| Candidate {
            reduced: reduced_of(kept),
            id: kept as u32,
        }));
    }

    /// Keeps what is below the limit that k implies; whether all of that was below `threshold` too.
    fn keep_contenders(&mut self, reduced: &[f32], k: usize, error: f64, threshold: f32) -> bool {
        self.keep_under(reduced, threshold);
        if self.kept.len() <= k {
            return threshold == f32::INFINITY;
        }
        let (_, &mut kth, _) = self.kept.select_nth_unstable(k - 1);
        let limit = ((f64::from(reduced_of(kth)) + 2.0 * error) as f32).next_up();
        self.kept.retain(|&kept| reduced_of(kept) <= limit);
        limit <= threshold
    }

    /// Keeps every value up to `threshold`.
    fn keep_under(&mut self, reduced: &[f32], threshold: f32) {
        self.kept.resize(reduced.len(), 0);
        let mut count = 0;
        for (id, &reduced) in reduced.iter().enumerate() {
            self.kept[count] = u64::from(order_key(reduced)) << 32 | id as u64;
            count += usize::from(reduced <= threshold);
        }
        self.kept.truncate(count);
    }

    /// A threshold that most likely has more than `k` values below it; infinite where a sample
    /// would cost more than it saves.
    fn initial_threshold(&mut self, reduced: &[f32], k: usize) -> f32 {
        let rank = initial_threshold_rank(k / SAMPLE_STRIDE);
        self.sample.clear();
        self.sample.extend(reduced.iter().step_by(SAMPLE_STRIDE));
        if 2 * rank >= self.sample.len() {
            return f32::INFINITY;
        }
        *self.sample.select_nth_unstable_by(rank, f32::total_cmp).1
    }
}

fn reduced_of(kept: u64) -> f32 {
    value_of_order_key((kept >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(reduced: &[f32], k: usize, error: f64) -> Vec<u32> {
        let mut order: Vec<u32> = (0..reduced.len() as u32).collect();
        order.sort_by(|&a, &b| {
            reduced[a as usize]
                .total_cmp(&reduced[b as usize])
                .then(a.cmp(&b))
        });
        let kth = f64::from(reduced[order[k.min(order.len()) - 1] as usize]);
        let limit = if k < order.len() {
            ((kth + 2.0 * error) as f32).next_up()
        } else {
            f32::INFINITY
        };
        order.retain(|&id| reduced[id as usize] <= limit);
        order
    }

    #[test]
    fn contenders_are_those_of_a_full_sort() {
        let mut state = 7u32;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 1000.0
        };
        let spread: Vec<f32> = (0..3000).map(|_| draw()).collect();
        let tied: Vec<f32> = (0..3000).map(|i| (i % 7) as f32).collect();
        // The sample sees only large values, so that its guess covers everything.
        let hidden: Vec<f32> = (0..3000)
            .map(|i| {
                if i % SAMPLE_STRIDE == 0 {
                    9.0
                } else {
                    (i % 5) as f32
                }
            })
            .collect();
        // The sample sees only small values, so that its guess is too low.
        let low: Vec<f32> = (0..3000)
            .map(|i| {
                if i % SAMPLE_STRIDE == 0 {
                    1.0
                } else {
                    i as f32
                }
            })
            .collect();
        let mut selection = Selection::default();
        let mut chosen = Vec::new();
        for reduced in [spread, tied, hidden, low] {
            for k in [1, 10, 200, 500, 2999, 3000] {
                for error in [0.0, 3.0] {
                    selection.contenders(&reduced, k, error, &mut chosen);
                    let ids: Vec<u32> = chosen.iter().map(|candidate| candidate.id).collect();
                    assert_eq!(ids, naive(&reduced, k, error), "k = {k}, error {error}");
                }
            }
        }
    }
}
