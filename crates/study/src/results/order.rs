//! The study of insertion orders: what was counted, the variance components, and `order.csv`.
//!
//! Enters: per run the neighbors found by each query on each graph of seeds × orders
//! ([`OrderCounts`]). Leaves: per (ef, k) the mean overlap under each order, and which share of the
//! spread between single overlaps is due to the run's rows, the graph's seed, the insertion order,
//! the query, and to each interaction of them ([`variance`]).
//!
//! All factors are taken as random, queries nested in runs
//! ([`variance_components`]). With one run, the
//! rows are no factor.

use super::StudyResults;
use annatomy_measures::estimate::{DesignError, Factor, variance_components};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// What one run counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderCounts {
    /// Search efforts, ascending.
    pub efs: Vec<usize>,
    /// Neighbor counts, ascending.
    pub ks: Vec<usize>,
    /// Seeds.
    pub seeds: usize,
    /// Names of the insertion orders.
    pub orders: Vec<String>,
    /// Queries.
    pub queries: usize,
    /// Per cell (ks within efs): seeds × orders × queries neighbors found, ties counted.
    pub found: Vec<Vec<u32>>,
}

/// One (ef, k) over all runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrderCell {
    /// Search effort.
    pub ef: usize,
    /// Neighbors asked for.
    pub k: usize,
    /// Mean overlap under each insertion order, over runs, seeds and queries.
    pub means: Vec<OrderMean>,
    /// The standard deviation of a mean over queries between seeds, the order and the rows given.
    pub deviation_of_seeds: f64,
    /// Variance components of the overlap of one query on one graph.
    pub components: Vec<NamedComponent>,
}

/// Overlap under one insertion order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrderMean {
    /// The order.
    pub order: String,
    /// Its mean overlap.
    pub overlap: f64,
}

/// One source of variation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NamedComponent {
    /// Its factors, as in `order × query`.
    pub source: String,
    /// Its variance; below 0 where the spread is less than chance alone gives.
    pub variance: f64,
    /// Its share of all variances above 0.
    pub share: f64,
}

/// Every (ef, k), efs first; `None` where no study of orders was asked for.
///
/// # Errors
/// If a factor has a single level.
pub fn variance(results: &StudyResults) -> Option<Result<Vec<OrderCell>, DesignError>> {
    let runs: Option<Vec<&OrderCounts>> =
        results.runs.iter().map(|run| run.order.as_ref()).collect();
    let runs = runs?;
    let first = *runs.first()?;
    let cells = first
        .efs
        .iter()
        .flat_map(|&ef| first.ks.iter().map(move |&k| (ef, k)));
    Some(
        cells
            .enumerate()
            .map(|(cell, (ef, k))| of_cell(&runs, cell, ef, k))
            .collect(),
    )
}

fn of_cell(
    runs: &[&OrderCounts],
    cell: usize,
    ef: usize,
    k: usize,
) -> Result<OrderCell, DesignError> {
    let first = runs[0];
    let values: Vec<f64> = runs
        .iter()
        .flat_map(|run| &run.found[cell])
        .map(|&found| f64::from(found) / k as f64)
        .collect();
    let (factors, names) = design(runs);
    let components = variance_components(&values, &factors)?;
    let query = names.len() - 1;
    let source = |places: &[usize]| -> String {
        // Queries are nested in rows, which go without saying where queries are named.
        let own = |place: &&usize| names[**place] != "rows" || !places.contains(&query);
        let named: Vec<&str> = places
            .iter()
            .filter(own)
            .map(|&place| names[place])
            .collect();
        named.join(" × ")
    };
    let components = components.into_iter().map(|component| NamedComponent {
        source: source(&component.factors),
        variance: component.variance,
        share: component.share,
    });
    // Means over queries: runs × seeds × orders.
    let graphs: Vec<f64> = values.chunks(first.queries).map(mean).collect();
    let of_order = |order: usize| -> Vec<f64> {
        let of_order = graphs.iter().skip(order).step_by(first.orders.len());
        of_order.copied().collect()
    };
    let means = first
        .orders
        .iter()
        .enumerate()
        .map(|(place, order)| OrderMean {
            order: order.clone(),
            overlap: mean(&of_order(place)),
        });
    let (mut squares, mut groups) = (0.0, 0);
    for order in 0..first.orders.len() {
        for seeds in of_order(order).chunks(first.seeds) {
            let mean = mean(seeds);
            let squared = seeds.iter().map(|value| (value - mean).powi(2));
            squares += squared.sum::<f64>() / (seeds.len() - 1).max(1) as f64;
            groups += 1;
        }
    }
    Ok(OrderCell {
        ef,
        k,
        means: means.collect(),
        deviation_of_seeds: (squares / f64::from(groups)).sqrt(),
        components: components.collect(),
    })
}

/// The factors in the order of the values, and their names.
fn design(runs: &[&OrderCounts]) -> (Vec<Factor>, Vec<&'static str>) {
    let first = runs[0];
    let crossed = |levels| Factor {
        levels,
        nested_in: None,
    };
    let mut factors = vec![crossed(first.seeds), crossed(first.orders.len())];
    let mut names = vec!["seed", "order", "query"];
    if runs.len() > 1 {
        factors.insert(0, crossed(runs.len()));
        names.insert(0, "rows");
    }
    factors.push(Factor {
        levels: first.queries,
        nested_in: (runs.len() > 1).then_some(0),
    });
    (factors, names)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// `order.csv`: one line per (ef, k) and figure: the mean overlap of each order, and the variance
/// and the share of each source.
pub fn csv(cells: &[OrderCell]) -> String {
    let mut text = String::from("ef,k,figure,of,value\n");
    for cell in cells {
        let (ef, k) = (cell.ef, cell.k);
        let mut line = |figure: &str, of: &str, value: f64| {
            writeln!(text, "{ef},{k},{figure},{of},{value}").expect("text grows");
        };
        for mean in &cell.means {
            line("mean_overlap", &mean.order, mean.overlap);
        }
        line("deviation", "seed", cell.deviation_of_seeds);
        for component in &cell.components {
            line("variance", &component.source, component.variance);
            line("share", &component.source, component.share);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts whose overlap at k = 100 is 50 plus an effect of each factor.
    fn planted(runs: usize, effect: impl Fn([usize; 4]) -> i32) -> Vec<OrderCounts> {
        let (seeds, orders, queries) = (3, 4, 5);
        let of_run = |run: usize| {
            let mut found = Vec::new();
            for seed in 0..seeds {
                for order in 0..orders {
                    for query in 0..queries {
                        found.push((50 + effect([run, seed, order, query])) as u32);
                    }
                }
            }
            OrderCounts {
                efs: vec![100],
                ks: vec![100],
                seeds,
                orders: (0..orders).map(|order| format!("order {order}")).collect(),
                queries,
                found: vec![found],
            }
        };
        (0..runs).map(of_run).collect()
    }

    fn cell(runs: &[OrderCounts]) -> OrderCell {
        of_cell(&runs.iter().collect::<Vec<_>>(), 0, 100, 100).expect("a design")
    }

    /// The sample variance of 0, 1, …, n − 1.
    fn of_steps(n: f64) -> f64 {
        n * (n + 1.0) / 12.0
    }

    #[test]
    fn an_effect_of_one_factor_is_that_factors() {
        for (place, (name, levels)) in [("rows", 2), ("seed", 3), ("order", 4)]
            .into_iter()
            .enumerate()
        {
            let found = cell(&planted(2, |levels| levels[place] as i32 * 10));
            for component in &found.components {
                let expected = if component.source == name { 1.0 } else { 0.0 };
                assert!((component.share - expected).abs() < 1e-9, "{component:?}");
                if component.source == name {
                    // In shares of k = 100: tens of points.
                    let variance = of_steps(levels as f64) * 0.01;
                    assert!(
                        (component.variance - variance).abs() < 1e-12,
                        "{component:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn means_are_of_orders_and_deviations_of_seeds() {
        let found = cell(&planted(2, |[_, seed, order, _]| {
            10 * order as i32 + 3 * seed as i32
        }));
        let overlaps: Vec<f64> = found.means.iter().map(|mean| mean.overlap).collect();
        for (overlap, expected) in overlaps.iter().zip([0.53, 0.63, 0.73, 0.83]) {
            assert!((overlap - expected).abs() < 1e-12, "{overlaps:?}");
        }
        // 0, 3 and 6 points: a deviation of 3.
        assert!((found.deviation_of_seeds - 0.03).abs() < 1e-12);
        let text = csv(std::slice::from_ref(&found));
        assert!(text.starts_with("ef,k,figure,of,value\n100,100,mean_overlap,order 0,0.53"));
    }

    #[test]
    fn one_run_has_no_rows_to_compare() {
        let found = cell(&planted(1, |[_, _, _, query]| query as i32));
        let sources: Vec<&str> = found.components.iter().map(|c| &*c.source).collect();
        assert!(
            !sources.iter().any(|source| source.contains("rows")),
            "{sources:?}"
        );
        let query = found.components.iter().find(|c| c.source == "query");
        assert!((query.expect("queries").share - 1.0).abs() < 1e-9);
    }
}
