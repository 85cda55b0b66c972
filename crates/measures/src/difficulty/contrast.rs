//! Relative contrast: how far the nearest neighbor stands out from the crowd.

/// Mean distance to all points over mean distance to the nearest neighbor (He, Kumar & Chang, ICML
/// 2012).
///
/// One mean distance and one nearest (or k-th nearest) distance per query, true distances. 1 means
/// that no neighbor stands out. `None` without queries or if every nearest distance is 0.
///
/// # Panics
/// If the two differ in length.
pub fn relative_contrast(mean_distances: &[f64], nearest_distances: &[f64]) -> Option<f64> {
    assert_eq!(
        mean_distances.len(),
        nearest_distances.len(),
        "both distances of every query"
    );
    let nearest: f64 = nearest_distances.iter().sum();
    (nearest > 0.0).then(|| mean_distances.iter().sum::<f64>() / nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simplex_has_contrast_one() {
        assert_eq!(relative_contrast(&[2.0, 2.0], &[2.0, 2.0]), Some(1.0));
        assert_eq!(relative_contrast(&[3.0, 5.0], &[1.0, 1.0]), Some(4.0));
        assert_eq!(relative_contrast(&[], &[]), None);
    }
}
