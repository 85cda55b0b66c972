//! From values per graph and query to the figures of one cell.

use super::cells::{CellValues, QueryValues};
use super::estimates::{
    drawn_from, magnitude, mean, mean_of_shares, quantile, share, share_of_queries,
};
use super::results::{Causes, CellResult, WorstQuery};
use super::target::Measure;
use annatomy_eval::dataset::Dataset;
use annatomy_measures::estimate::{Estimate, Population};
use annatomy_measures::graded::chance_overlap;

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

/// A measure over all graphs and queries.
pub(super) fn figure(
    measure: Measure,
    graphs: &[&Vec<QueryValues>],
    population: Population,
) -> Option<Estimate> {
    let of = |figure: fn(&QueryValues) -> f64| column(graphs, figure);
    let overlap = || of(|values| values.overlap);
    match measure {
        Measure::Fill => mean_of_shares(&of(|values| values.fill), population),
        Measure::Overlap => mean_of_shares(&overlap(), population),
        Measure::OverlapP1 => quantile(&overlap(), 1.0, population).map(share),
        Measure::OverlapP5 => quantile(&overlap(), 5.0, population).map(share),
        Measure::OverlapP25 => quantile(&overlap(), 25.0, population).map(share),
        Measure::Robust(delta) => share_of_queries(&reaching(&overlap(), delta), population),
        Measure::LidBias => lid_bias(graphs, population),
        Measure::DistanceError => mean(&of(|values| values.distance_error), population),
        Measure::BarycenterShift => mean(&of(|values| values.barycenter_shift), population),
    }
}

/// 1 for overlaps of at least `delta`, 0 for others.
pub(super) fn reaching(overlap: &[Vec<f64>], delta: f64) -> Vec<Vec<f64>> {
    // A share of k slots is a rounded quotient.
    let reaches = |overlap: &f64| f64::from(u8::from(*overlap >= delta - 1e-12));
    let of_graph = |graph: &Vec<f64>| graph.iter().map(reaches).collect();
    overlap.iter().map(of_graph).collect()
}

/// The overlap of rows drawn at random; over queries with rows of their own, for as many as the mean.
fn chance(data: &Dataset, k: usize) -> f64 {
    let Some(filter) = &data.filter else {
        return chance_overlap(k, data.available());
    };
    let queries = data.queries.count();
    let allowed: usize = (0..queries).map(|query| filter.allowed.count(query)).sum();
    chance_overlap(k, allowed / queries.max(1))
}

/// The estimate of a figure less a constant.
fn less(estimate: Estimate, constant: f64) -> Estimate {
    Estimate {
        point: estimate.point - constant,
        low: estimate.low.map(|low| low - constant),
        high: estimate.high.map(|high| high - constant),
        ..estimate
    }
}

fn answered(name: Name, graphs: &[&Vec<QueryValues>], data: &Dataset) -> CellResult {
    let population = drawn_from(data);
    let of = |figure: fn(&QueryValues) -> f64| mean(&column(graphs, figure), population);
    let shares =
        |figure: fn(&QueryValues) -> f64| mean_of_shares(&column(graphs, figure), population);
    let overlap = column(graphs, |values| values.overlap);
    let percent = |percent| quantile(&overlap, percent, population).map(share);
    let average =
        |figure: fn(&QueryValues) -> f64| of(figure).map_or(f64::NAN, |estimate| estimate.point);
    let k = name.k as f64;
    CellResult {
        refused: false,
        fill: shares(|values| values.fill),
        overlap: shares(|values| values.overlap),
        overlap_strict: shares(|values| values.overlap_strict),
        overlap_p1: percent(1.0),
        overlap_p5: percent(5.0),
        overlap_p25: percent(25.0),
        robust_90: figure(Measure::Robust(0.9), graphs, population),
        lcmc: shares(|values| values.overlap).map(|overlap| less(overlap, chance(data, name.k))),
        epsilon_recall: shares(|values| values.epsilon_recall),
        inverse_ratio: shares(|values| values.inverse_ratio.min(1.0)),
        rank_biased_overlap: shares(|values| values.rank_biased_overlap.min(1.0)),
        displacement: shares(|values| values.displacement),
        relative_distance_error: of(|values| values.distance_error),
        mean_exact_distance: of(|values| values.mean_exact_distance),
        mean_returned_distance: of(|values| values.mean_returned_distance),
        barycenter_shift: of(|values| values.barycenter_shift),
        lid_exact: of(|values| values.lid_exact),
        lid_returned: of(|values| values.lid_returned),
        lid_bias: lid_bias(graphs, population),
        visited: of(|values| values.visited).map(|estimate| estimate.point),
        self_hit: shares(|values| values.self_hit),
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
        overlap_p25: None,
        robust_90: None,
        lcmc: None,
        epsilon_recall: None,
        inverse_ratio: None,
        rank_biased_overlap: None,
        displacement: None,
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
fn lid_bias(graphs: &[&Vec<QueryValues>], population: Population) -> Option<Estimate> {
    let both = |values: &QueryValues| !(values.lid_exact + values.lid_returned).is_nan();
    let exact = column(graphs, |values| {
        if both(values) {
            values.lid_exact
        } else {
            f64::NAN
        }
    });
    let exact = mean(&exact, population)?.point;
    let bias = column(graphs, |values| {
        (values.lid_returned - values.lid_exact) / exact
    });
    mean(&bias, population).map(magnitude)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{EMPTY_ANSWER, dataset, line};
    use annatomy_eval::missing::Missing;
    use annatomy_formats::{RowId, RowIds};
    use annatomy_vectors::Metric;
    use std::sync::Arc;

    fn values(overlap: f64) -> QueryValues {
        QueryValues {
            overlap,
            overlap_strict: overlap,
            fill: 1.0,
            ..QueryValues::new(&EMPTY_ANSWER, &Missing::default(), Metric::L2)
        }
    }

    fn name(k: usize) -> Name {
        Name {
            who: "hnswlib".to_owned(),
            class: Some("raise".to_owned()),
            ef: Some(7),
            k,
        }
    }

    fn summary(graphs: &[&[f64]]) -> CellResult {
        let queries = graphs[0].len();
        let points: Vec<f32> = (0..queries).map(|row| row as f32).collect();
        let mut data = dataset(line(&points), None);
        let ids = (0..queries).map(|row| 100 + row as i64).collect();
        data.ids = Some(Arc::new(RowIds::Integers(ids)));
        let of = |overlaps: &&[f64]| {
            CellValues::Queries(overlaps.iter().map(|&overlap| values(overlap)).collect())
        };
        let graphs: Vec<CellValues> = graphs.iter().map(of).collect();
        summarize(name(4), &graphs, &data)
    }

    #[test]
    fn means_and_tails_are_over_queries_and_graphs() {
        let cell = summary(&[&[1.0, 0.5, 0.75, 0.95, 1.0], &[1.0, 0.0, 0.75, 0.85, 1.0]]);
        let overlap = cell.overlap.expect("a mean");
        assert!((overlap.point - (4.2 + 3.6) / 10.0).abs() < 1e-12);
        assert_eq!(overlap.n, 5, "queries, whatever the number of graphs");
        // Three of five queries of one graph reach .9, two of the other.
        assert!((cell.robust_90.expect("a share").point - 0.5).abs() < 1e-12);
        // The 5th percentile of five values lies a fifth of the way from the least to the next.
        let p5 = cell.overlap_p5.expect("a percentile").point;
        let right = f64::midpoint(0.5 + 0.2 * 0.25, 0.2 * 0.75);
        assert!((p5 - right).abs() < 1e-12, "{p5}, {right}");
        assert_eq!(
            (cell.who.as_str(), cell.ef, cell.k, cell.refused),
            ("hnswlib", Some(7), 4, false)
        );
    }

    #[test]
    fn the_worst_are_named_by_label_ascending_ties_by_number_and_none_that_lacks_nothing() {
        let cell = summary(&[&[1.0, 0.5, 0.25, 0.5, 1.0], &[1.0, 0.5, 0.75, 0.5, 1.0]]);
        let worst: Vec<(RowId, f64)> = cell
            .worst
            .iter()
            .map(|worst| (worst.query.clone(), worst.overlap))
            .collect();
        assert_eq!(worst, [101, 102, 103].map(|query| (query.into(), 0.5)));
        let many = summary(&[&[0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]]);
        let worst: Vec<RowId> = many.worst.into_iter().map(|worst| worst.query).collect();
        assert_eq!(worst, [106, 105, 104, 103, 102].map(RowId::from));
    }

    #[test]
    fn shares_stay_within_their_bounds_and_errors_do_not() {
        let data = dataset(line(&[0.0, 1.0, 2.0]), Some(line(&[0.1, 1.1, 2.1])));
        let of = |error| QueryValues {
            distance_error: error,
            ..values(0.99)
        };
        let all = CellValues::Queries(vec![of(-0.5), of(0.5), of(3.0)]);
        let one = CellValues::Queries(vec![values(1.0), values(1.0), values(0.97)]);
        let cell = summarize(name(4), &[all, one], &data);
        assert!(cell.overlap.expect("a mean").high <= Some(1.0));
        let error = cell.relative_distance_error.expect("a mean");
        assert!(
            (error.point - 1.0).abs() < 1e-12,
            "over the graph that has it"
        );
        assert!(error.low < Some(0.0) && error.high > Some(1.0));
    }

    #[test]
    fn empty_slots_and_causes_are_counts_a_query() {
        let data = dataset(line(&[0.0, 1.0]), None);
        let of = |fill, unvisited| QueryValues {
            fill,
            unvisited,
            ..values(fill)
        };
        let cell = summarize(
            name(4),
            &[CellValues::Queries(vec![of(0.5, 2.0), of(1.0, 0.0)])],
            &data,
        );
        assert_eq!((cell.missing.empty, cell.missing.unvisited), (1.0, 1.0));
        assert_eq!(cell.missing.displaced, 0.0);
        assert_eq!(cell.visited, None, "no query has it");
    }

    #[test]
    fn one_graph_that_refuses_refuses_the_cell() {
        let data = dataset(line(&[0.0, 1.0]), None);
        let answered = CellValues::Queries(vec![values(1.0), values(1.0)]);
        let cell = summarize(name(4), &[answered, CellValues::Refused], &data);
        assert!(cell.refused && cell.overlap.is_none() && cell.worst.is_empty());
        assert_eq!(cell.missing, Causes::default());
    }

    #[test]
    fn the_bias_of_lid_is_of_the_means_of_queries_that_have_both() {
        let of = |exact, returned| QueryValues {
            lid_exact: exact,
            lid_returned: returned,
            ..values(1.0)
        };
        let graph = vec![
            of(10.0, 8.0),
            of(6.0, 6.0),
            of(99.0, f64::NAN),
            of(f64::NAN, 1.0),
        ];
        let bias = lid_bias(&[&graph], Population::Unlimited).expect("two queries have both");
        // (8 + 6)/(10 + 6) − 1.
        assert!((bias.point - 0.125).abs() < 1e-12 && bias.n == 2);
        assert_eq!(
            lid_bias(&[&vec![of(f64::NAN, 1.0)]], Population::Unlimited),
            None
        );
    }

    /// Numbers worked out by hand, over two graphs and three queries.
    #[test]
    fn every_figure_of_a_cell_is_the_mean_of_its_own_values() {
        let of = |graph: f64, query: f64| QueryValues {
            overlap_strict: 0.1 * (graph + query),
            mean_exact_distance: 1.0 + query,
            mean_returned_distance: 2.0 * (1.0 + query) + graph,
            barycenter_shift: graph,
            lid_exact: 10.0,
            lid_returned: 9.0 + graph,
            visited: 100.0 * graph + query,
            self_hit: f64::from(query < 2.0),
            unreachable: 1.0,
            unvisited: query,
            cut_off: 0.25,
            tied: 0.5,
            displaced: graph,
            epsilon_recall: 0.6 + 0.1 * query,
            inverse_ratio: 1.0 + 1e-12,
            rank_biased_overlap: 0.3,
            displacement: 0.2 * query,
            ..values(0.5)
        };
        let graph = |graph| CellValues::Queries((0..3).map(|q| of(graph, f64::from(q))).collect());
        let data = dataset(line(&[0.0, 1.0, 2.0]), None);
        let cell = summarize(name(4), &[graph(1.0), graph(3.0)], &data);
        let is = |found: Option<Estimate>, right: f64| {
            let found = found.expect("a figure").point;
            assert!((found - right).abs() < 1e-9, "{found}, {right}");
        };
        is(cell.overlap_strict, 0.3);
        is(cell.mean_exact_distance, 2.0);
        is(cell.mean_returned_distance, 6.0);
        is(cell.barycenter_shift, 2.0);
        is(cell.lid_exact, 10.0);
        is(cell.lid_returned, 11.0);
        is(cell.lid_bias, 0.1);
        is(cell.self_hit, 2.0 / 3.0);
        is(cell.epsilon_recall, 0.7);
        is(cell.inverse_ratio, 1.0);
        is(cell.rank_biased_overlap, 0.3);
        is(cell.displacement, 0.2);
        assert_eq!(cell.visited, Some(201.0));
        let right = Causes {
            unreachable: 1.0,
            unvisited: 1.0,
            cut_off: 0.25,
            tied: 0.5,
            displaced: 2.0,
            empty: 0.0,
        };
        assert_eq!(cell.missing, right);
    }

    /// Two sets of 4 out of the n − 1 others share 4·4/(n − 1) rows on the average.
    #[test]
    fn overlap_beyond_chance_is_less_by_what_random_rows_share() {
        let graphs = |overlap| [CellValues::Queries(vec![values(overlap); 21])];
        let points: Vec<f32> = (0..21).map(|row| row as f32).collect();
        let mut data = dataset(line(&points), None);
        let lcmc = |data: &Dataset| {
            let found = summarize(name(4), &graphs(0.75), data)
                .lcmc
                .expect("a figure");
            assert!(found.low.is_none_or(|low| low <= found.point));
            found.point
        };
        assert!((lcmc(&data) - (0.75 - 4.0 / 20.0)).abs() < 1e-12);
        // Under a filter, out of the allowed rows: 8 for every query.
        let allowed = annatomy_eval::allowed::Allowed::new(21, 21, &[(0..8).collect::<Vec<_>>()]);
        data.filter = Some(annatomy_eval::allowed::Filter {
            allowed: allowed.expect("rows"),
            rule: annatomy_hnsw::FilterRule::CountAll,
        });
        assert!((lcmc(&data) - (0.75 - 4.0 / 8.0)).abs() < 1e-12);
    }
}
