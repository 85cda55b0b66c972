//! Several tests at once: p values adjusted so that the chance of any false call keeps its level.

/// Holm's step-down adjustment (Holm 1979): the i-th smallest of m p values times m − i + 1, each at
/// least as large as the one before it and at most 1.
///
/// Calling all whose adjusted value is below a level makes any false call at all with no more than
/// that chance, whatever the dependence between the tests. In the order given; NaN stays NaN and
/// counts as no test.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len())
        .filter(|&place| !p_values[place].is_nan())
        .collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![f64::NAN; p_values.len()];
    let (mut before, tests) = (0.0_f64, order.len());
    for (place, &test) in order.iter().enumerate() {
        before = before.max(p_values[test] * (tests - place) as f64).min(1.0);
        adjusted[test] = before;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_statsmodels() {
        // statsmodels.stats.multitest.multipletests([.01, .04, .03, .005], method="holm")
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{found}");
        }
        assert_eq!(holm(&[0.5, 0.9]), [1.0, 1.0]);
        let with_missing = holm(&[f64::NAN, 0.01]);
        assert!(with_missing[0].is_nan() && with_missing[1] == 0.01);
        assert!(holm(&[]).is_empty());
    }
}
