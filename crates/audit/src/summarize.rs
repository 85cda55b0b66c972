//! From values per graph and query to the figures of one cell.

use super::cells::{CellValues, QueryValues};
use super::estimates::{magnitude, mean, quantile, share};
use super::results::{Causes, CellResult, WorstQuery};
use annatomy_eval::dataset::Dataset;
use annatomy_measures::estimate::Estimate;

/// Queries named as the worst.
const WORST: usize = 5;

/// What a cell is called.
pub(super) struct Name {
    pub(super) who: String,
    pub(super) class: Option<String>,
    pub(super) ef: Option<usize>,
    pub(super) k: usize,
}

/// The figures of one cell over all graphs.
pub(super) fn summarize(name: Name, graphs: &[CellValues], data: &Dataset) -> CellResult {
    let values: Option<Vec<&Vec<QueryValues>>> = graphs
        .iter()
        .map(|graph| match graph {
            CellValues::Refused => None,
            CellValues::Queries(values) => Some(values),
        })
        .collect();
    match values {
        Some(values) if !values.is_empty() => answered(name, &values, data),
        _ => refused(name),
    }
}

/// One figure, per graph and query.
fn column(graphs: &[&Vec<QueryValues>], figure: impl Fn(&QueryValues) -> f64) -> Vec<Vec<f64>> {
    graphs
        .iter()
        .map(|values| values.iter().map(&figure).collect())
        .collect()
}

fn answered(name: Name, graphs: &[&Vec<QueryValues>], data: &Dataset) -> CellResult {
    let of = |figure: fn(&QueryValues) -> f64| mean(&column(graphs, figure));
    let overlap = column(graphs, |values| values.overlap);
    let average =
        |figure: fn(&QueryValues) -> f64| of(figure).map_or(f64::NAN, |estimate| estimate.point);
    let k = name.k as f64;
    CellResult {
        refused: false,
        fill: of(|values| values.fill).map(share),
        overlap: mean(&overlap).map(share),
        overlap_strict: of(|values| values.overlap_strict).map(share),
        overlap_p1: quantile(&overlap, 1.0).map(share),
        overlap_p5: quantile(&overlap, 5.0).map(share),
        robust_90: of(|values| f64::from(u8::from(values.overlap >= 0.9)))
            .map(|estimate| estimate.point),
        relative_distance_error: of(|values| values.distance_error),
        mean_exact_distance: of(|values| values.mean_exact_distance),
        mean_returned_distance: of(|values| values.mean_returned_distance),
        barycenter_shift: of(|values| values.barycenter_shift),
        lid_exact: of(|values| values.lid_exact),
        lid_returned: of(|values| values.lid_returned),
        lid_bias: lid_bias(graphs),
        visited: of(|values| values.visited).map(|estimate| estimate.point),
        self_hit: of(|values| values.self_hit).map(share),
        missing: Causes {
            unreachable: average(|values| values.unreachable),
            unvisited: average(|values| values.unvisited),
            cut_off: average(|values| values.cut_off),
            tied: average(|values| values.tied),
            displaced: average(|values| values.displaced),
            empty: k - k * average(|values| values.fill),
        },
        worst: worst(&overlap, data),
        ..refused(name)
    }
}

fn refused(name: Name) -> CellResult {
    let Name { who, class, ef, k } = name;
    CellResult {
        who,
        class,
        ef,
        k,
        refused: true,
        fill: None,
        overlap: None,
        overlap_strict: None,
        overlap_p1: None,
        overlap_p5: None,
        robust_90: None,
        relative_distance_error: None,
        mean_exact_distance: None,
        mean_returned_distance: None,
        barycenter_shift: None,
        lid_exact: None,
        lid_returned: None,
        lid_bias: None,
        visited: None,
        self_hit: None,
        missing: Causes::default(),
        worst: Vec::new(),
    }
}

/// |LID returned / LID exact − 1| of the means, over queries that have both.
pub(super) fn lid_bias(graphs: &[&Vec<QueryValues>]) -> Option<Estimate> {
    let both = |values: &QueryValues| !(values.lid_exact + values.lid_returned).is_nan();
    let exact = column(graphs, |values| {
        if both(values) {
            values.lid_exact
        } else {
            f64::NAN
        }
    });
    let exact = mean(&exact)?.point;
    mean(&column(graphs, |values| {
        (values.lid_returned - values.lid_exact) / exact
    }))
    .map(magnitude)
}

/// The queries whose overlap, averaged over graphs, is least and below 1; ties by number.
fn worst(overlap: &[Vec<f64>], data: &Dataset) -> Vec<WorstQuery> {
    let average =
        |query: usize| overlap.iter().map(|graph| graph[query]).sum::<f64>() / overlap.len() as f64;
    let mut queries: Vec<(f64, usize)> = (0..overlap[0].len())
        .map(|query| (average(query), query))
        .collect();
    queries.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let least = queries
        .into_iter()
        .take(WORST)
        .filter(|(overlap, _)| *overlap < 1.0);
    least
        .map(|(overlap, query)| WorstQuery {
            query: data.query_name(query),
            overlap,
        })
        .collect()
}
