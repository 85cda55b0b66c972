//! The exact neighbors of every query of a data set.

use super::error::AuditError;
use annatomy_eval::allowed::exact_among;
use annatomy_eval::dataset::{Base, Dataset};
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_knn::{NeighborTable, PairTable};
use annatomy_vectors::{PointId, validate};

/// The exact `k` nearest of every query, certified; itself excluded by id.
pub(super) fn neighbors<'d>(
    data: &'d Dataset<'_>,
    k: usize,
    budget_bytes: u64,
) -> Result<GroundTruth<'d>, AuditError> {
    let queries = data.search_queries();
    if let Some(filter) = &data.filter {
        let base = data.base.in_memory().expect("filtered rows are in memory");
        let (allowed, metric) = (&filter.allowed, data.metric);
        let lists = exact_among(base, queries, allowed, k, metric, budget_bytes)?;
        return Ok(GroundTruth::of_lists(lists, queries, metric, base.rows()));
    }
    Ok(GroundTruth::compute(
        &data.base,
        queries,
        k,
        data.metric,
        budget_bytes,
    )?)
}

/// The same, read from a table of all pairs.
pub(super) fn neighbors_in<'d>(
    table: &PairTable,
    data: &'d Dataset<'_>,
    k: usize,
) -> GroundTruth<'d> {
    let (mut ids, mut distances) = (Vec::new(), Vec::new());
    for &query in &data.queries.numbers {
        let others = table
            .nearest(query)
            .iter()
            .filter(|&&id| id as usize != query)
            .take(k);
        for &id in others {
            ids.push(Some(PointId(id)));
            distances.push(table.distance(table.row(query)[id as usize]));
        }
    }
    let lists = NeighborTable::new(k, ids, distances);
    GroundTruth::of_lists(lists, data.search_queries(), data.metric, table.rows())
}

/// How many rows repeat an earlier one.
pub(super) fn duplicate_rows(data: &Dataset) -> usize {
    match &data.base {
        Base::InMemory(base) => validate::duplicates(base.view()).repeated,
        Base::Streamed { rows, .. } => rows.repeated(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{dataset, line, nearest, noise};
    use annatomy_vectors::Metric;

    #[test]
    fn neighbors_are_those_of_a_full_sort_by_either_way() {
        let mut data = dataset(noise(50, 4, 21), None);
        data.queries.numbers = vec![3, 20, 49];
        let base = data.base.in_memory().expect("in memory");
        let table = PairTable::new(base, Metric::L2, 12).expect("small");
        let ways = [
            neighbors(&data, 12, 1 << 20).expect("small"),
            neighbors_in(&table, &data, 12),
        ];
        for truth in &ways {
            let lists = truth.table().expect("lists");
            assert_eq!((lists.queries(), lists.k()), (3, 12));
            for query in 0..3 {
                let right: Vec<Option<PointId>> = nearest(&data, query, 12)
                    .into_iter()
                    .map(|id| Some(PointId(id)))
                    .collect();
                assert_eq!(lists.ids(query), right, "query {query}");
            }
        }
    }

    #[test]
    fn held_out_queries_exclude_no_row() {
        let data = dataset(line(&[0.0, 1.0, 2.0]), Some(line(&[1.0])));
        let truth = neighbors(&data, 3, 1 << 20).expect("small");
        let lists = truth.table().expect("lists");
        assert_eq!(
            lists.ids(0)[0],
            Some(PointId(1)),
            "the same point is another row"
        );
        assert_eq!(lists.distances(0), [0.0, 1.0, 1.0]);
    }

    #[test]
    fn every_repeat_of_an_earlier_row_is_counted() {
        let of = |points: &[f32]| duplicate_rows(&dataset(line(points), None));
        assert_eq!(of(&[1.0, 2.0, 1.0, 1.0, 2.0, 3.0]), 3);
        assert_eq!(of(&[1.0, 2.0, 3.0]), 0);
    }
}
