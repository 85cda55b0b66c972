//! Where queries lie in the plane: a layout of their exact neighbors.
//!
//! Where all base rows are queries, of their neighbors in the base; otherwise of the queries' exact
//! neighbors among themselves, and a base row lies amid the queries that have it as a near neighbor.

use crate::error::AuditError;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::every_effort::ExactColumns;
use annatomy_eval::explored::{Near, QueryMap};
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_layout::NEIGHBORS;
use annatomy_vectors::Matrix;
use std::collections::BTreeMap;

/// Most base rows drawn besides the queries.
const MOST_BASE: usize = 5_000;

/// Neighbors of a query that are drawn.
const NEAR: usize = 5;

/// What a map is made from.
pub(in super::super) struct Neighbors {
    /// Those of every query in the base.
    pub(super) exact: ExactColumns,
    /// The first of those that are queries.
    near: Near,
    all_rows: bool,
}

impl Neighbors {
    /// `depth` of each query in the base, and those among the queries.
    pub(in super::super) fn read(
        data: &Dataset<'_>,
        truth: &GroundTruth<'_>,
        depth: usize,
        budget_bytes: u64,
    ) -> Result<Self, AuditError> {
        let count = data.queries.count();
        let all: Vec<usize> = (0..count).collect();
        let exact = ExactColumns::read(truth, &all, depth);
        let all_rows = data.queries.are_base_rows() && count == data.base.rows();
        let near = if count >= 2 && all_rows && exact.k >= NEIGHBORS.min(count - 1) {
            Near::of_neighbors(&exact.ids, &exact.distances, exact.k)
        } else {
            let values = (0..count)
                .flat_map(|query| data.query(query).to_vec())
                .collect();
            let rows = Matrix::new(count, data.base.columns(), values).expect("whole queries");
            Near::of_rows(&rows, data.metric, budget_bytes)?
        };
        Ok(Self {
            exact,
            near,
            all_rows,
        })
    }

    /// The map of all queries, on one thread.
    pub(in super::super) fn map(&self, data: &Dataset<'_>, seed: u64) -> QueryMap {
        let count = data.queries.count();
        let mut map = QueryMap::of_near(self.near.clone(), count, seed);
        if count >= 2 && !self.all_rows {
            map.base = amid(data, &self.exact, &map.queries);
        }
        map
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;
    use crate::testing::{dataset, line, nearest, noise};
    use annatomy_eval::dataset::QueryRows;

    fn neighbors(data: &Dataset<'_>, k: usize) -> Neighbors {
        let truth = exact::neighbors(data, k, 1 << 20).expect("small");
        Neighbors::read(data, &truth, k, 1 << 20).expect("neighbors")
    }

    fn map(data: &Dataset<'_>, k: usize) -> QueryMap {
        neighbors(data, k).map(data, 7)
    }

    #[test]
    fn base_rows_lie_amid_the_queries_that_have_them_among_their_five_nearest() {
        let data = dataset(
            line(&[0.0, 10.0, 20.0, 30.0]),
            Some(line(&[1.0, 9.0, 21.0])),
        );
        let exact = neighbors(&data, 2).exact;
        // Queries have rows {0, 1}, {1, 0}, {2, 3}.
        assert_eq!(exact.ids, [0, 1, 1, 0, 2, 3]);
        let places = [[0.0, 2.0], [4.0, 0.0], [-6.0, 1.0]];
        let found = amid(&data, &exact, &places);
        assert_eq!(found, [[2.0, 1.0], [2.0, 1.0], [-6.0, 1.0], [-6.0, 1.0]]);
        let mut sampled = dataset(line(&[0.0, 10.0, 20.0, 30.0]), None);
        sampled.queries = QueryRows::base_rows(vec![0, 3], 4);
        let exact = neighbors(&sampled, 3).exact;
        // Rows 1 and 2 are neighbors of both; rows 0 and 3 are queries and have places already.
        let found = amid(&sampled, &exact, &[[0.0, 0.0], [6.0, 4.0]]);
        assert_eq!(found, [[3.0, 2.0], [3.0, 2.0]]);
    }

    #[test]
    fn what_a_map_keeps_is_the_share_of_neighbors_that_are_near_on_it() {
        let all = dataset(noise(60, 3, 4), None);
        let held_out = dataset(noise(60, 3, 4), Some(noise(40, 3, 5)));
        for (data, has_base) in [(all, false), (held_out, true)] {
            let found = map(&data, 20);
            let queries = data.queries.count();
            assert_eq!(
                (found.queries.len(), !found.base.is_empty()),
                (queries, has_base)
            );
            // The 15 nearest of each query among the queries, in the data and on the map.
            let vectors = (0..queries).flat_map(|query| data.query(query).to_vec());
            let rows = Matrix::new(queries, 3, vectors.collect()).expect("queries");
            let among = dataset(rows, None);
            let on_map = found.queries.iter().flatten().copied().collect();
            let on_map = dataset(Matrix::new(queries, 2, on_map).expect("places"), None);
            let mut kept = 0;
            for query in 0..queries {
                let near = nearest(&on_map, query, 15);
                let right = nearest(&among, query, 15);
                kept += right.iter().filter(|row| near.contains(row)).count();
            }
            let right = kept as f64 / (15 * queries) as f64;
            // Places are float32, and two may be equally far: one neighbor in a thousand.
            assert!((found.kept - right).abs() < 1e-3, "{}, {right}", found.kept);
            assert!(
                right > 0.3,
                "chance keeps a quarter of 60 and some of 40: {right}"
            );
        }
    }

    #[test]
    fn one_query_alone_stands_in_the_middle() {
        let found = map(&dataset(noise(9, 3, 4), Some(noise(1, 3, 5))), 4);
        assert_eq!((found.queries, found.base.len()), (vec![[0.0; 2]], 0));
        assert!(found.kept.is_nan());
    }

    #[test]
    fn the_seed_alone_decides() {
        let data = dataset(noise(50, 3, 4), None);
        let neighbors = neighbors(&data, 15);
        let places = |seed| neighbors.map(&data, seed).queries;
        assert_eq!(places(1), places(1));
        assert_ne!(places(1), places(2));
    }
}
