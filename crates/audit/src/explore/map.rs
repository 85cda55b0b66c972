//! Where queries lie in the plane: a layout of their exact neighbors.
//!
//! Where all base rows are queries, of their neighbors in the base; otherwise of the queries' exact
//! neighbors among themselves, and a base row lies amid the queries that have it as a near neighbor.

use crate::error::AuditError;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::every_effort::ExactColumns;
use annatomy_knn::{Queries, exact_knn};
use annatomy_layout::{NEIGHBORS, kept, layout};
use annatomy_vectors::Matrix;
use std::collections::BTreeMap;

/// Most base rows drawn besides the queries.
const MOST_BASE: usize = 5_000;

/// Neighbors of a query that are drawn.
const NEAR: usize = 5;

/// Coordinates of the queries and of base rows.
#[derive(Clone, Debug, Default)]
pub struct QueryMap {
    /// (x, y) of each query.
    pub queries: Vec<[f32; 2]>,
    /// (x, y) of base rows that are no queries.
    pub base: Vec<[f32; 2]>,
    /// Share of 15 neighbors that the map keeps; NaN of a single query.
    pub kept: f64,
}

impl QueryMap {
    pub(super) fn new(
        data: &Dataset<'_>,
        exact: &ExactColumns,
        seed: u64,
        budget_bytes: u64,
    ) -> Result<Self, AuditError> {
        let count = data.queries.count();
        if count < 2 {
            let queries = vec![[0.0; 2]; count];
            return Ok(Self {
                queries,
                base: Vec::new(),
                kept: f64::NAN,
            });
        }
        let all_rows = data.queries.are_base_rows() && count == data.base.rows();
        if all_rows && exact.k >= NEIGHBORS.min(count - 1) {
            let queries = layout(&exact.ids, &exact.distances, exact.k, seed);
            let kept = kept(&queries, &exact.ids, exact.k);
            return Ok(Self {
                queries,
                base: Vec::new(),
                kept,
            });
        }
        let values = (0..count)
            .flat_map(|query| data.query(query).to_vec())
            .collect();
        let rows = Matrix::new(count, data.base.columns(), values).expect("whole queries");
        let width = NEIGHBORS.min(count - 1);
        let among = Queries::AllRows(rows.view());
        let table = exact_knn(&rows.view(), among, width, data.metric, budget_bytes)?;
        let (mut ids, mut distances) = (Vec::new(), Vec::new());
        for query in 0..count {
            ids.extend(
                table
                    .ids(query)
                    .iter()
                    .map(|id| id.map_or(u32::MAX, |id| id.0)),
            );
            let near = table.distances(query).iter();
            distances.extend(near.map(|&distance| data.metric.geometric_of_true(distance)));
        }
        let queries = layout(&ids, &distances, width, seed);
        let kept = kept(&queries, &ids, width);
        let base = if all_rows {
            Vec::new()
        } else {
            amid(data, exact, &queries)
        };
        Ok(Self {
            queries,
            base,
            kept,
        })
    }
}

/// Base rows amid the queries that have them among their nearest.
fn amid(data: &Dataset<'_>, exact: &ExactColumns, queries: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let mut sums: BTreeMap<u32, ([f32; 2], f32)> = BTreeMap::new();
    for (query, place) in queries.iter().enumerate() {
        let row = &exact.ids[query * exact.k..][..NEAR.min(exact.k)];
        for &id in row {
            let (sum, count) = sums.entry(id).or_default();
            *sum = [sum[0] + place[0], sum[1] + place[1]];
            *count += 1.0;
        }
    }
    for query in 0..queries.len() {
        if let Some(own) = data.queries.own_id(query) {
            sums.remove(&own);
        }
    }
    let means = sums
        .into_values()
        .map(|(sum, count)| sum.map(|side| side / count));
    means.take(MOST_BASE).collect()
}
