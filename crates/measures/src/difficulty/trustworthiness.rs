//! Trustworthiness: how far beyond rank k the returned points are in truth; and continuity, the same
//! with the two orders exchanged.
//!
//! Enters: ranks of one order's k nearest points in the other. Leaves: a figure from 0 to 1. Cost
//! O(qk). Sources: Venna & Kaski, ICANN 2001, eq. 2; Venna & Kaski, Neural Networks 19 (2006), eq. 3.

/// 1 − 2/(nk(2n−3k−1)) Σ over queries and returned points beyond rank k of (rank − k): Venna &
/// Kaski, ICANN 2001, eq. 2.
///
/// `ranks` holds per query (all n base rows are queries) the 0-based true ranks of its k returned
/// points, self excluded, over all rows of the data set. 1 if all are true neighbors. Empty slots add
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

/// 1 − 2/(nk(2n−3k−1)) Σ over queries and exact neighbors that the other order has beyond rank k of
/// (that rank − k): Venna & Kaski, Neural Networks 19 (2006), eq. 3.
///
/// `ranks` holds per query the 0-based ranks that the other order gives its k exact neighbors, self
/// excluded, over all rows of the data set. 1 if no neighbor is torn away. `None` unless
/// 0 < k < n/2, where the formula holds.
pub fn continuity<'a>(
    n: usize,
    k: usize,
    ranks: impl IntoIterator<Item = &'a [u32]>,
) -> Option<f64> {
    trustworthiness(n, k, ranks)
}

#[cfg(test)]
mod tests {
    use super::*;

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
