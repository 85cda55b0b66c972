//! From values per graph and query to an estimate with an interval that covers both.
//!
//! The mean over graphs of the mean over queries. Its 95 % interval adds two independent parts in
//! squares: queries are a sample (normal quantile times s/√Q, s over queries of their mean over
//! graphs), and so are graphs (Student's t on G − 1 degrees of freedom times s/√G, s over graphs of
//! their means; nothing for one graph, which is then the graph that is asked about). Percentiles
//! take order statistics (Conover 1999, section 3.2) in place of the first part.

use annatomy_measures::estimate::{Estimate, percentile, quantile_interval};

/// The 97.5 % point of the standard normal distribution.
const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;

/// The mean of a figure; `None` if no query has it. `graphs` holds one list per graph, a value per
/// query.
pub(super) fn mean(graphs: &[Vec<f64>]) -> Option<Estimate> {
    let means: Vec<f64> = graphs
        .iter()
        .filter_map(|values| Estimate::of(values))
        .map(|mean| mean.point)
        .collect();
    let queries: Vec<f64> = (0..graphs.first()?.len())
        .filter_map(|query| {
            Estimate::of(
                &graphs
                    .iter()
                    .map(|values| values[query])
                    .collect::<Vec<_>>(),
            )
        })
        .map(|mean| mean.point)
        .collect();
    let over_queries = Estimate::of(&queries)?
        .standard_error
        .map_or(0.0, |error| NORMAL_QUANTILE * error);
    combine(&means, [over_queries, over_queries], queries.len())
}

/// The `percent`-th percentile over queries.
pub(super) fn quantile(graphs: &[Vec<f64>], percent: f64) -> Option<Estimate> {
    let mut points = Vec::new();
    let mut halves = [0.0; 2];
    let mut queries = 0;
    for values in graphs {
        let mut sorted: Vec<f64> = values
            .iter()
            .copied()
            .filter(|value| !value.is_nan())
            .collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let interval = quantile_interval(&sorted, percent / 100.0)?;
        let point = percentile(&mut sorted.clone(), percent)?;
        // A sample too small to bound the percentile reaches to its own ends.
        let low = interval.low.unwrap_or(sorted[0]);
        let high = interval.high.unwrap_or(sorted[sorted.len() - 1]);
        halves[0] += (point - low).max(0.0) / graphs.len() as f64;
        halves[1] += (high - point).max(0.0) / graphs.len() as f64;
        points.push(point);
        queries = sorted.len();
    }
    combine(&points, halves, queries)
}

fn combine(graphs: &[f64], halves: [f64; 2], queries: usize) -> Option<Estimate> {
    let over_graphs = Estimate::of(graphs)?;
    let half_graphs = over_graphs
        .high
        .map_or(0.0, |high| high - over_graphs.point);
    let [below, above] = halves.map(|half| half.hypot(half_graphs));
    let point = over_graphs.point;
    let standard_error = Some(below.max(above) / NORMAL_QUANTILE);
    Some(Estimate {
        point,
        low: Some(point - below),
        high: Some(point + above),
        standard_error,
        n: queries,
    })
}

/// An estimate held to 0..=1, for shares.
pub(super) fn share(estimate: Estimate) -> Estimate {
    let within = |value: f64| value.clamp(0.0, 1.0);
    Estimate {
        low: estimate.low.map(within),
        high: estimate.high.map(within),
        ..estimate
    }
}

/// The size of a signed estimate, 0 at least.
pub(super) fn magnitude(estimate: Estimate) -> Estimate {
    let (low, high) = (
        estimate.low.unwrap_or(estimate.point),
        estimate.high.unwrap_or(estimate.point),
    );
    let least = if low <= 0.0 && high >= 0.0 {
        0.0
    } else {
        low.abs().min(high.abs())
    };
    Estimate {
        point: estimate.point.abs(),
        low: Some(least),
        high: Some(low.abs().max(high.abs())),
        ..estimate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_graph_has_the_interval_of_its_queries() {
        let estimate = mean(&[vec![1.0, 2.0, 3.0, 4.0, f64::NAN]]).expect("values");
        assert_eq!((estimate.point, estimate.n), (2.5, 4));
        // 1.96 · s/√n of 1, 2, 3, 4.
        assert!((estimate.high.expect("an end") - 2.5 - 1.264_986_f64).abs() < 1e-3);
        assert_eq!(mean(&[vec![f64::NAN]]), None);
    }

    #[test]
    fn graphs_that_differ_widen_the_interval() {
        let narrow = mean(&[vec![0.9, 1.0, 0.8], vec![0.9, 1.0, 0.8]]).expect("values");
        let wide = mean(&[vec![0.8, 0.9, 0.7], vec![1.0, 1.1, 0.9]]).expect("values");
        assert!((narrow.point - wide.point).abs() < 1e-12);
        assert!(wide.low < narrow.low && wide.high > narrow.high);
    }

    #[test]
    fn percentiles_and_magnitudes() {
        let values: Vec<f64> = (0..=100).map(f64::from).collect();
        let estimate = quantile(&[values], 5.0).expect("values");
        assert_eq!(estimate.point, 5.0);
        assert!(estimate.low < Some(5.0) && estimate.high > Some(5.0));
        let signed = Estimate {
            point: -0.1,
            low: Some(-0.3),
            high: Some(0.1),
            standard_error: None,
            n: 9,
        };
        let size = magnitude(signed);
        assert_eq!(
            (size.point, size.low, size.high),
            (0.1, Some(0.0), Some(0.3))
        );
    }
}
