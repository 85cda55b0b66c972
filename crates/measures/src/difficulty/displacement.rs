//! How far what was returned stands from where it belongs.
//!
//! Enters: true ranks of the returned points. Leaves: mean displacement, trustworthiness. Cost
//! O(qk).

use crate::corrected::{ReturnedSide, UNKNOWN_RANK};

/// Mean of (exact rank − slot) over the first `k` filled slots whose exact rank is known: how many
/// nearer points were passed over, on average. 0 for a perfect answer; `None` if no rank is known.
pub fn rank_displacement(returned: ReturnedSide<'_>, k: usize) -> Option<f64> {
    let slots = returned.exact_ranks().iter().take(k).zip(0_u32..);
    let known = slots.filter(|(rank, _)| **rank != UNKNOWN_RANK);
    let (sum, count) = known.fold((0.0, 0), |(sum, count), (&rank, slot)| {
        (sum + f64::from(rank) - f64::from(slot), count + 1)
    });
    (count > 0).then(|| sum / f64::from(count))
}

/// 1 − 2/(nk(2n−3k−1)) Σ over queries and returned points beyond rank k of (rank − k): Venna &
/// Kaski, ICANN 2001, eq. 2.
///
/// `ranks` holds per query (all n base rows are queries) the 0-based true ranks of its k returned
/// points, self excluded, over the whole data set. 1 if all are true neighbors. Empty slots add
/// nothing. `None` unless 0 < k < n/2, where the formula holds.
pub fn trustworthiness<'a>(
    n: usize,
    k: usize,
    ranks: impl IntoIterator<Item = &'a [u32]>,
) -> Option<f64> {
    if k == 0 || 2 * k >= n {
        return None;
    }
    let beyond = |&rank: &u32| f64::from((rank + 1).saturating_sub(k as u32));
    let penalty: f64 = ranks
        .into_iter()
        .flat_map(|ranks| ranks.iter().take(k))
        .map(beyond)
        .sum();
    let (n, k) = (n as f64, k as f64);
    Some(1.0 - penalty * 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displacement_counts_the_points_passed_over() {
        let returned = ReturnedSide::new(&[1.0, 2.0, 3.0], &[0, 3, UNKNOWN_RANK]);
        assert_eq!(rank_displacement(returned, 3), Some(1.0));
        assert_eq!(rank_displacement(returned, 1), Some(0.0));
        assert_eq!(rank_displacement(returned, 0), None);
    }

    #[test]
    fn true_neighbors_are_trusted() {
        let ranks = [[0, 1], [1, 0], [0, 1], [0, 1], [1, 0]];
        assert_eq!(
            trustworthiness(5, 2, ranks.iter().map(|row| &row[..])),
            Some(1.0)
        );
        assert_eq!(trustworthiness(4, 2, []), None);
    }
}
