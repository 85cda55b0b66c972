//! From values per graph and query to an estimate with an interval that covers both.
//!
//! The mean over graphs of the mean over queries. Its 95 % interval adds two independent parts in
//! squares. Queries are a sample: a mean of shares has the interval of
//! [`bounded_mean`](annatomy_measures::estimate::bounded_mean), a share of queries on one graph
//! Wilson's, another mean the normal one (s over
//! queries of their mean over graphs), a percentile that of order statistics (Conover 1999, section
//! 3.2); base rows as queries are drawn without replacement, so with every row a query nothing is
//! left of this part. Graphs are a sample too: Student's t on G − 1 degrees of freedom times s/√G, s
//! over graphs of their means; nothing for one graph, which is then the graph that is asked about.

use super::results::DataFacts;
use annatomy_eval::dataset::Dataset;
use annatomy_measures::estimate::{
    Estimate, Population, bounded_mean_knowing, percentile, quantile_interval_of, share_of,
};

/// The 97.5 % point of the standard normal distribution.
const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;

/// What the queries of an audit stand for: base rows for the base, held-out ones for all to come.
pub(super) fn drawn_from(data: &Dataset) -> Population {
    if data.queries.are_base_rows() {
        Population::Finite(data.queries.population as u64)
    } else {
        Population::Unlimited
    }
}

/// The same, of the facts of an audit.
pub(super) fn population_of(data: &DataFacts) -> Population {
    if data.queries_are_base_rows {
        Population::Finite(data.query_population as u64)
    } else {
        Population::Unlimited
    }
}

/// The mean of a figure; `None` if no query has it. `graphs` holds one list per graph, a value per
/// query.
pub(super) fn mean(graphs: &[Vec<f64>], population: Population) -> Option<Estimate> {
    let queries = over_graphs(graphs);
    let over_queries = Estimate::of(&queries)?;
    let factor = population.factor(over_queries.n).sqrt();
    let half = over_queries
        .standard_error
        .map_or(0.0, |error| NORMAL_QUANTILE * error * factor);
    combine(&means(graphs), [half, half], over_queries.n)
}

/// The mean of a figure between 0 and 1.
pub(super) fn mean_of_shares(graphs: &[Vec<f64>], population: Population) -> Option<Estimate> {
    mean_of_shares_knowing(graphs, population, None)
}

/// The same, where the least and the largest value that a query may have are `known`.
pub(super) fn mean_of_shares_knowing(
    graphs: &[Vec<f64>],
    population: Population,
    known: Option<[f64; 2]>,
) -> Option<Estimate> {
    let of_queries = bounded_mean_knowing(&over_graphs(graphs), population, known)?;
    let low = of_queries.low.unwrap_or(of_queries.point);
    let high = of_queries.high.unwrap_or(of_queries.point);
    let halves = [of_queries.point - low, high - of_queries.point];
    combine(&means(graphs), halves, of_queries.n).map(share)
}

/// The share of queries with a property, 1 where they have it and 0 where not: on one graph with
/// Wilson's interval; on several a query's share of them is a value between.
pub(super) fn share_of_queries(graphs: &[Vec<f64>], population: Population) -> Option<Estimate> {
    let [values] = graphs else {
        return mean_of_shares(graphs, population);
    };
    let known = values.iter().filter(|value| !value.is_nan());
    let (have, queries) = known.fold((0, 0), |(have, queries), value| {
        (have + u64::from(*value > 0.5), queries + 1)
    });
    let share = share_of(have, queries, population)?;
    Some(Estimate {
        point: share.point,
        low: Some(share.low),
        high: Some(share.high),
        standard_error: None,
        n: queries as usize,
    })
}

/// The `percent`-th percentile over queries.
pub(super) fn quantile(
    graphs: &[Vec<f64>],
    percent: f64,
    population: Population,
) -> Option<Estimate> {
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
        let point = percentile(&mut sorted.clone(), percent)?;
        points.push(point);
        queries = sorted.len();
        if population.factor(queries) == 0.0 {
            continue;
        }
        let interval = quantile_interval_of(&sorted, percent / 100.0, population)?;
        // A sample too small to bound the percentile reaches to its own ends.
        let low = interval.low.unwrap_or(sorted[0]);
        let high = interval.high.unwrap_or(sorted[sorted.len() - 1]);
        halves[0] += (point - low).max(0.0) / graphs.len() as f64;
        halves[1] += (high - point).max(0.0) / graphs.len() as f64;
    }
    combine(&points, halves, queries)
}

/// The mean of each graph.
fn means(graphs: &[Vec<f64>]) -> Vec<f64> {
    let means = graphs.iter().filter_map(|values| Estimate::of(values));
    means.map(|mean| mean.point).collect()
}

/// The mean over graphs of each query that has the figure on some.
pub(super) fn over_graphs(graphs: &[Vec<f64>]) -> Vec<f64> {
    let queries = graphs.first().map_or(0, Vec::len);
    let mean = |query: usize| {
        let values: Vec<f64> = graphs.iter().map(|values| values[query]).collect();
        Estimate::of(&values).map(|mean| mean.point)
    };
    (0..queries).filter_map(mean).collect()
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

/// An estimate held to 0..=1, for shares, and to 12 decimals: the mean of 594 ones and 6 zeros, in
/// tenths or as it comes, is the number .99 and meets a target of .99.
pub(super) fn share(estimate: Estimate) -> Estimate {
    let rounded = |value: f64| (value * 1e12).round() / 1e12;
    let within = |value: f64| rounded(value).clamp(0.0, 1.0);
    Estimate {
        point: rounded(estimate.point),
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

    const MANY: Population = Population::Unlimited;

    #[test]
    fn one_graph_has_the_interval_of_its_queries() {
        let estimate = mean(&[vec![1.0, 2.0, 3.0, 4.0, f64::NAN]], MANY).expect("values");
        assert_eq!((estimate.point, estimate.n), (2.5, 4));
        // 1.96 · s/√n of 1, 2, 3, 4.
        assert!((estimate.high.expect("an end") - 2.5 - 1.264_986_f64).abs() < 1e-3);
        assert_eq!(mean(&[vec![f64::NAN]], MANY), None);
    }

    #[test]
    fn a_share_of_queries_has_wilson_s_interval_on_one_graph() {
        let values = [vec![1.0; 8], vec![0.0; 2], vec![f64::NAN; 3]].concat();
        let found = share_of_queries(std::slice::from_ref(&values), MANY).expect("queries");
        assert_eq!((found.point, found.n), (0.8, 10));
        // scipy.stats.binomtest(8, 10).proportion_ci(method="wilson")
        assert!((found.low.expect("an end") - 0.490_162_471_536_641_8).abs() < 1e-12);
        assert!((found.high.expect("an end") - 0.943_317_848_545_624_8).abs() < 1e-12);
        let several = share_of_queries(&[values.clone(), values], MANY).expect("queries");
        assert_eq!(several.point, 0.8);
    }

    #[test]
    fn a_mean_of_shares_is_the_number_that_its_counts_give() {
        for (lost, queries) in [
            (6, 60),
            (3, 30),
            (40, 400),
            (7, 70),
            (400, 4_000),
            (10_000, 100_000),
        ] {
            let mut values = vec![0.9; lost];
            values.resize(queries, 1.0);
            let found = mean_of_shares(&[values.clone(), values], MANY).expect("values");
            assert_eq!(found.point, 0.99, "{queries} queries");
        }
    }

    #[test]
    fn graphs_that_differ_widen_the_interval() {
        for of in [mean, mean_of_shares] {
            let narrow = of(&[vec![0.9, 0.99, 0.8], vec![0.9, 0.99, 0.8]], MANY).expect("values");
            let wide = of(&[vec![0.85, 0.98, 0.7], vec![0.95, 1.0, 0.9]], MANY).expect("values");
            assert!((narrow.point - wide.point).abs() < 1e-12);
            assert!(wide.low < narrow.low && wide.high >= narrow.high);
        }
    }

    #[test]
    fn with_every_row_a_query_one_graph_leaves_nothing_to_chance() {
        let values = vec![vec![0.5, 1.0, 0.75, 0.0]];
        let all = Population::Finite(4);
        for of in [mean, mean_of_shares] {
            let exact = of(&values, all).expect("values");
            assert_eq!(
                (exact.low, exact.high),
                (Some(exact.point), Some(exact.point))
            );
            let drawn = of(&values, Population::Finite(400)).expect("values");
            assert!(drawn.low < exact.low && drawn.high > exact.high);
        }
        let exact = quantile(&values, 5.0, all).expect("values");
        assert_eq!(
            (exact.low, exact.high),
            (Some(exact.point), Some(exact.point))
        );
        let two = vec![vec![0.5, 1.0], vec![0.4, 0.9]];
        let over_graphs = mean(&two, Population::Finite(2)).expect("values");
        assert!(
            over_graphs.low < Some(over_graphs.point),
            "graphs are still a sample"
        );
    }

    #[test]
    fn percentiles_and_magnitudes() {
        let values: Vec<f64> = (0..=100).map(f64::from).collect();
        let estimate = quantile(&[values], 5.0, MANY).expect("values");
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
