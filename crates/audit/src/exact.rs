//! The exact neighbors of every query of a data set.

use super::error::AuditError;
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
