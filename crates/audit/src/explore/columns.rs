//! Figures of each query by which the explorer colors and filters: dimension, contrast, distance,
//! hubness.

use crate::difficulty::mean_distances;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::every_effort::ExactColumns;
use annatomy_eval::explored::Column;
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_measures::difficulty::k_occurrences;
use annatomy_vectors::Metric;

/// Lists of this length decide how often a row is a neighbor.
const HUB_K: usize = 10;

pub(super) fn columns(
    data: &Dataset<'_>,
    truth: &GroundTruth<'_>,
    exact: &ExactColumns,
    seed: u64,
) -> Vec<Column> {
    let (k, queries) = (exact.k, data.queries.count());
    let last = |query: usize| f64::from(exact.distances[query * k + k - 1]);
    let mut columns = Vec::new();
    let mut add = |id: &str, name: String, values: Vec<f64>| {
        let id = id.to_owned();
        columns.push(Column { id, name, values });
    };
    if data.metric != Metric::InnerProduct {
        add("lid", format!("LID (k {k})"), exact.lid.clone());
        let typical = mean_distances(data, seed);
        let contrast = (0..queries)
            .map(|query| typical[query] / last(query))
            .collect();
        add("contrast", format!("contrast (k {k})"), contrast);
        add(
            "distance",
            format!("distance of neighbor {k}"),
            (0..queries).map(last).collect(),
        );
    }
    if let (true, Some(table)) = (data.queries.are_base_rows(), truth.table()) {
        let hub_k = HUB_K.min(k);
        let counts = k_occurrences(table, data.base.rows(), hub_k);
        let of = |query: usize| {
            let own = data.queries.own_id(query);
            own.map_or(f64::NAN, |row| f64::from(counts[row as usize]))
        };
        add(
            "hubness",
            format!("hubness (k {hub_k})"),
            (0..queries).map(of).collect(),
        );
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;
    use crate::testing::{dataset, distance, nearest, noise};

    fn of(data: &Dataset<'_>, k: usize) -> Vec<Column> {
        let truth = exact::neighbors(data, k, 1 << 20).expect("small");
        let all: Vec<usize> = (0..data.queries.count()).collect();
        columns(data, &truth, &ExactColumns::read(&truth, &all, k), 3)
    }

    fn named<'c>(columns: &'c [Column], id: &str) -> &'c [f64] {
        let found = columns.iter().find(|column| column.id == id);
        &found.expect(id).values
    }

    #[test]
    fn figures_of_queries_are_their_definitions_in_float64() {
        // Up to 256 rows contrast takes the mean over all of them.
        let data = dataset(noise(90, 4, 21), None);
        let (k, hub_k) = (12, 10);
        let found = of(&data, k);
        assert_eq!(found[0].name, "LID (k 12)");
        let lists: Vec<Vec<u32>> = (0..90).map(|query| nearest(&data, query, k)).collect();
        for (query, list) in lists.iter().enumerate() {
            let far: Vec<f64> = list
                .iter()
                .map(|&row| distance(&data, query, row))
                .collect();
            let near = |id: &str, right: f64| {
                let found = named(&found, id)[query];
                assert!(
                    (found / right - 1.0).abs() < 1e-5,
                    "{id} of {query}: {found}, {right}"
                );
            };
            near("distance", far[k - 1]);
            let logs: f64 = far[..k - 1]
                .iter()
                .map(|near| (near / far[k - 1]).ln())
                .sum();
            near("lid", -((k - 1) as f64) / logs);
            let others = (0..90).filter(|&row| row != query as u32);
            let sum: f64 = others.map(|row| distance(&data, query, row)).sum();
            near("contrast", sum / 89.0 / far[k - 1]);
            let own = query as u32;
            let lists = lists.iter().filter(|list| list[..hub_k].contains(&own));
            assert_eq!(named(&found, "hubness")[query], lists.count() as f64);
        }
    }

    #[test]
    fn an_inner_product_has_no_geometry_and_held_out_queries_are_no_hubs() {
        let mut data = dataset(noise(40, 4, 5), None);
        data.metric = Metric::InnerProduct;
        let ids = |data: &Dataset<'_>| -> Vec<String> {
            of(data, 6).into_iter().map(|column| column.id).collect()
        };
        assert_eq!(ids(&data), ["hubness"]);
        let held_out = dataset(noise(40, 4, 5), Some(noise(5, 4, 6)));
        assert_eq!(ids(&held_out), ["lid", "contrast", "distance"]);
    }

    #[test]
    fn hubs_among_a_sample_are_counted_in_its_lists() {
        let mut data = dataset(noise(30, 3, 8), None);
        data.queries = annatomy_eval::dataset::QueryRows::base_rows(vec![4, 9, 20], 30);
        let found = of(&data, 5);
        let lists: Vec<Vec<u32>> = (0..3).map(|query| nearest(&data, query, 5)).collect();
        let right =
            [4, 9, 20].map(|row| lists.iter().filter(|list| list.contains(&row)).count() as f64);
        assert_eq!(named(&found, "hubness"), right);
    }
}
