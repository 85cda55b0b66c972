//! Percentiles as `NumPy` takes them by default.

/// The `percent`-th percentile (0 to 100) of `values`, linear between order statistics (Hyndman &
/// Fan 1996, type 7).
///
/// Reorders `values`. `None` if they are empty or one of them is NaN. Cost O(n).
///
/// # Panics
/// If `percent` lies outside 0..=100.
pub fn percentile(values: &mut [f64], percent: f64) -> Option<f64> {
    assert!(
        (0.0..=100.0).contains(&percent),
        "{percent} is no percentage"
    );
    if values.is_empty() || values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let place = percent / 100.0 * (values.len() - 1) as f64;
    let (_, &mut lower, above) = values.select_nth_unstable_by(place as usize, f64::total_cmp);
    let upper = above
        .iter()
        .copied()
        .min_by(f64::total_cmp)
        .unwrap_or(lower);
    Some(lower + (upper - lower) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_numpy() {
        // np.percentile([7, 1, 4, 2, 9, 9, 0.5], p)
        for (percent, expected) in [
            (0.0, 0.5),
            (1.0, 0.53),
            (5.0, 0.65),
            (50.0, 4.0),
            (90.0, 9.0),
            (100.0, 9.0),
        ] {
            let found =
                percentile(&mut [7.0, 1.0, 4.0, 2.0, 9.0, 9.0, 0.5], percent).expect("values");
            assert!((found - expected).abs() < 1e-12, "{percent}: {found}");
        }
        assert_eq!(percentile(&mut [], 5.0), None);
    }
}
