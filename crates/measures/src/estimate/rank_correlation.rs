//! Spearman's rank correlation: whether queries that are hard by some measure lose more.
//!
//! Enters: two figures per query. Leaves: ρ with its interval. Ties share their mean rank (Spearman
//! 1904; Kendall 1948, chapter 3). The interval is Fisher's z with the variance
//! (1 + ρ²/2)/(n − 3) of Bonett & Wright 2000. Cost O(n log n). Does not: say that one is the cause
//! of the other.

use super::Estimate;
use super::share::NORMAL_QUANTILE;

/// ρ over the pairs of which both are numbers; `None` with fewer than four, or where one of the two
/// is the same for all.
///
/// # Panics
/// If the two differ in length.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<Estimate> {
    assert_eq!(a.len(), b.len(), "two figures per query");
    let pairs = a.iter().zip(b).filter(|(a, b)| !a.is_nan() && !b.is_nan());
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.map(|(&a, &b)| (a, b)).unzip();
    let n = a.len();
    if n < 4 {
        return None;
    }
    let point = correlation(&mean_ranks(&a), &mean_ranks(&b))?;
    let error = ((1.0 + point * point / 2.0) / (n as f64 - 3.0)).sqrt();
    let z = point.clamp(-1.0 + 1e-15, 1.0 - 1e-15).atanh();
    Some(Estimate {
        point,
        low: Some((z - NORMAL_QUANTILE * error).tanh().min(point)),
        high: Some((z + NORMAL_QUANTILE * error).tanh().max(point)),
        standard_error: Some(error * (1.0 - point * point)),
        n,
    })
}

/// Ranks from 1; ties have the mean of theirs.
fn mean_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let value = values[order[start]];
        let tied = order[start..]
            .iter()
            .take_while(|&&place| values[place] == value);
        let end = start + tied.count();
        // The mean of start + 1, …, end.
        let rank = (start + 1 + end) as f64 / 2.0;
        for &place in &order[start..end] {
            ranks[place] = rank;
        }
        start = end;
    }
    ranks
}

fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut product, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        product += a * b;
        square_a += a * a;
        square_b += b * b;
    }
    let scale = (square_a * square_b).sqrt();
    (scale > 0.0).then(|| (product / scale).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        // scipy.stats.spearmanr, SciPy 1.17
        let a = [1.0, 2.0, 2.0, 3.0, 5.0, 4.0];
        let b = [0.1, 0.3, 0.2, 0.2, 0.9, 0.4];
        let found = spearman(&a, &b).expect("six pairs");
        assert!(
            (found.point - 0.867_647_058_823_529_4).abs() < 1e-12,
            "{}",
            found.point
        );
        assert!(found.low < Some(found.point) && found.high > Some(found.point));
    }

    #[test]
    fn order_alone_counts() {
        let a: Vec<f64> = (1..=20).map(f64::from).collect();
        let cubes: Vec<f64> = a.iter().map(|value| value.powi(3)).collect();
        let down: Vec<f64> = a.iter().map(|value| -value).collect();
        assert_eq!(spearman(&a, &cubes).expect("pairs").point, 1.0);
        assert_eq!(spearman(&a, &down).expect("pairs").point, -1.0);
        assert_eq!(spearman(&a, &[3.0; 20]), None, "one of them never varies");
        assert_eq!(
            spearman(&[1.0, 2.0, f64::NAN, 3.0], &[1.0, 2.0, 3.0, 4.0]),
            None
        );
    }
}
