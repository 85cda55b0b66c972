//! Choosing the rows that may be among the k nearest, before anything is certain.
//!
//! Enters: a row of computed separations and a bound on their error. Leaves: every row whose true
//! separation can be among the k smallest, ascending by (separation, id).
//!
//! If `a_k` is the k-th smallest computed value and e bounds every error, k rows are truly at most
//! `a_k` + e, so a row with a computed value over `a_k` + 2e cannot be among the k nearest.
//!
//! guess a bar that k rows and a few more are under         from one value in SAMPLE_STRIDE
//! keep what is under it                                    one pass without a branch
//! find `a_k` among those, keep what is under `a_k` + 2e, sort
//!
//! A guess too low costs a second pass with no bar at all; a guess too high costs a few values
//! more.

use crate::certificate::Candidate;
use annatomy_vectors::{order_key, value_of_order_key};

/// One value in this many is looked at to guess the bar.
const SAMPLE_STRIDE: usize = 16;

/// Reused from row to row.
#[derive(Default)]
pub(crate) struct Selection {
    sample: Vec<f32>,
    /// Order key and id, as one integer.
    kept: Vec<u64>,
}

impl Selection {
    /// Fills `chosen` with every index of `separations` whose true value can be among the `k`
    /// smallest, sorted.
    pub(crate) fn contenders(
        &mut self,
        separations: &[f32],
        k: usize,
        error: f64,
        chosen: &mut Vec<Candidate>,
    ) {
        let bar = self.guess(separations, k);
        if !self.keep_contenders(separations, k, error, bar) {
            self.keep_contenders(separations, k, error, f32::INFINITY);
        }
        self.kept.sort_unstable();
        chosen.clear();
        chosen.extend(self.kept.iter().map(|&kept| Candidate {
            separation: separation_of(kept),
            id: kept as u32,
        }));
    }

    /// Keeps what is under the limit that k implies; says whether all of that was under `bar` too.
    fn keep_contenders(&mut self, separations: &[f32], k: usize, error: f64, bar: f32) -> bool {
        self.keep_under(separations, bar);
        if self.kept.len() <= k {
            return bar == f32::INFINITY;
        }
        let (_, &mut kth, _) = self.kept.select_nth_unstable(k - 1);
        let limit = ((f64::from(separation_of(kth)) + 2.0 * error) as f32).next_up();
        self.kept.retain(|&kept| separation_of(kept) <= limit);
        limit <= bar
    }

    /// Keeps every value up to `bar`.
    fn keep_under(&mut self, separations: &[f32], bar: f32) {
        self.kept.resize(separations.len(), 0);
        let mut count = 0;
        for (id, &separation) in separations.iter().enumerate() {
            self.kept[count] = u64::from(order_key(separation)) << 32 | id as u64;
            count += usize::from(separation <= bar);
        }
        self.kept.truncate(count);
    }

    /// A bar that more than `k` values are under, most likely; infinite where a sample would not
    /// repay itself.
    fn guess(&mut self, separations: &[f32], k: usize) -> f32 {
        let expected = k / SAMPLE_STRIDE;
        // The sample's count under a bar scatters by the square root of its mean: four of those to
        // be nearly sure.
        let place = expected + 4 * expected.isqrt() + 8;
        self.sample.clear();
        self.sample
            .extend(separations.iter().step_by(SAMPLE_STRIDE));
        if 2 * place >= self.sample.len() {
            return f32::INFINITY;
        }
        *self.sample.select_nth_unstable_by(place, f32::total_cmp).1
    }
}

fn separation_of(kept: u64) -> f32 {
    value_of_order_key((kept >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(separations: &[f32], k: usize, error: f64) -> Vec<u32> {
        let mut order: Vec<u32> = (0..separations.len() as u32).collect();
        order.sort_by(|&a, &b| {
            separations[a as usize]
                .total_cmp(&separations[b as usize])
                .then(a.cmp(&b))
        });
        let kth = f64::from(separations[order[k.min(order.len()) - 1] as usize]);
        let limit = if k < order.len() {
            ((kth + 2.0 * error) as f32).next_up()
        } else {
            f32::INFINITY
        };
        order.retain(|&id| separations[id as usize] <= limit);
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
        for separations in [spread, tied, hidden, low] {
            for k in [1, 10, 200, 500, 2999, 3000] {
                for error in [0.0, 3.0] {
                    selection.contenders(&separations, k, error, &mut chosen);
                    let ids: Vec<u32> = chosen.iter().map(|candidate| candidate.id).collect();
                    assert_eq!(ids, naive(&separations, k, error), "k = {k}, error {error}");
                }
            }
        }
    }
}
