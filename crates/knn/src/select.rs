//! Choosing the rows that may be among the k nearest, before anything is certain.
//!
//! Enters: a row of computed separations and a bound on their error. Leaves: every row whose true separation can be
//! among the k smallest, ascending by (separation, id).
//!
//! If `a_k` is the k-th smallest computed value and e bounds every error, k rows are truly at most `a_k` + e, so a row
//! with a computed value over `a_k` + 2e cannot be among the k nearest. Cost: two linear passes and one sort of what is left.

use crate::certificate::Candidate;

/// Fills `chosen` with every index of `separations` whose true value can be among the `k` smallest, sorted.
pub(crate) fn contenders(
    separations: &[f32],
    k: usize,
    error: f64,
    scratch: &mut Vec<f32>,
    chosen: &mut Vec<Candidate>,
) {
    chosen.clear();
    let limit = if k < separations.len() {
        scratch.clear();
        scratch.extend_from_slice(separations);
        let (_, kth, _) = scratch.select_nth_unstable_by(k - 1, f32::total_cmp);
        (f64::from(*kth) + 2.0 * error) as f32
    } else {
        f32::INFINITY
    };
    let limit = limit.next_up();
    for (id, &separation) in separations.iter().enumerate() {
        if separation <= limit {
            chosen.push(Candidate { separation, id: id as u32 });
        }
    }
    chosen.sort_unstable_by(Candidate::order);
}
