//! How much farther the returned rows are than the exact neighbors, as a figure from 0 to 1.

/// 1/Ratio@k: Ratio@k is the mean over filled ranks of `d_A(i)/d_E(i)` (the overall ratio of Tao,
/// Yi, Sheng & Kalnis 2009), which is 1 + `relative_distance_error`.
///
/// 1 if every returned row is as near as the exact neighbor of its rank. NaN where the error has no
/// value.
pub fn inverse_ratio(relative_distance_error: f64) -> f64 {
    1.0 / (1.0 + relative_distance_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_over_the_mean_ratio() {
        assert_eq!(inverse_ratio(0.0), 1.0);
        // Distances 1, 3 where 1, 2 are exact: ratios 1 and 1.5.
        assert_eq!(inverse_ratio(0.25), 0.8);
        assert!(inverse_ratio(f64::NAN).is_nan());
    }
}
