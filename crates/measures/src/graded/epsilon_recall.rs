//! Recall by distance: returned rows that are near enough, whichever they are.

/// How much farther than the k-th exact neighbor a row may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Epsilon {
    /// By ε in the distance's own unit: `knn_threshold` of ann-benchmarks, ε = 0.001 there.
    Absolute(f64),
    /// By a share ε of that distance: `epsilon_threshold` of ann-benchmarks.
    Relative(f64),
}

impl Epsilon {
    /// The largest distance that counts.
    pub(super) fn limit(self, kth_exact: f32) -> f64 {
        let exact = f64::from(kth_exact);
        match self {
            Self::Absolute(epsilon) => exact + epsilon,
            // The distance of inner product is negative.
            Self::Relative(epsilon) => exact + exact.abs() * epsilon,
        }
    }
}

/// The share of the k slots that hold a row at distance at most `d_k` + ε, or `d_k`(1 + ε)
/// (Aumüller, Bernhardsson & Faithfull 2020).
///
/// `returned` are the true distances of the filled slots among the first k, in any order; empty
/// slots count as misses. `kth_exact` is the true distance of the k-th exact neighbor.
pub fn epsilon_recall(returned: &[f32], kth_exact: f32, k: usize, epsilon: Epsilon) -> f64 {
    let limit = epsilon.limit(kth_exact);
    let near = returned.iter().take(k);
    let near = near
        .filter(|&&distance| f64::from(distance) <= limit)
        .count();
    near as f64 / k as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_within_the_limit_count_whichever_they_are() {
        let returned = [1.0, 2.0, 2.1, 3.0];
        assert_eq!(
            epsilon_recall(&returned, 2.0, 5, Epsilon::Absolute(0.0)),
            0.4
        );
        assert_eq!(
            epsilon_recall(&returned, 2.0, 5, Epsilon::Absolute(0.11)),
            0.6
        );
        assert_eq!(
            epsilon_recall(&returned, 2.0, 5, Epsilon::Relative(0.5)),
            0.8
        );
        assert_eq!(
            epsilon_recall(&returned, 2.0, 2, Epsilon::Relative(9.0)),
            1.0
        );
        let products = [-3.0, -2.0, -1.9];
        assert_eq!(
            epsilon_recall(&products, -2.0, 3, Epsilon::Relative(0.1)),
            1.0
        );
    }
}
