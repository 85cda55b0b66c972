//! Figures of each query by which the explorer colors and filters: dimension, contrast, distance,
//! hubness.

use crate::difficulty::mean_distances;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::every_effort::ExactColumns;
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_measures::difficulty::k_occurrences;
use annatomy_vectors::Metric;

/// Lists of this length decide how often a row is a neighbor.
const HUB_K: usize = 10;

/// One figure of every query.
#[derive(Clone, Debug)]
pub struct Column {
    /// Short and without spaces.
    pub id: String,
    /// As a page prints it.
    pub name: String,
    /// One per query; NaN where it has none.
    pub values: Vec<f64>,
}

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
