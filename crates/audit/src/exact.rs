//! The exact neighbors of every query of a data set.

use super::error::AuditError;
use annatomy_eval::allowed::exact_among;
use annatomy_eval::dataset::{Base, Dataset};
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_knn::{NeighborTable, PairTable, Queries, exact_knn};
use annatomy_runtime::TASK_QUERIES;
use annatomy_vectors::{MatrixView, Metric, PointId, validate};
use rayon::prelude::*;
use std::fmt::Debug;

/// Finds exact neighbors in the place of this process, such as tasks on other machines.
pub trait ExactSearch: Debug + Sync {
    /// Ids of the `k` nearest base rows of every query, row after row, as [`exact_knn`] finds them. Under cosine
    /// `scaled` says that base rows are those given, scaled to unit length one by one; queries are scaled already.
    ///
    /// # Errors
    /// In words, if they cannot be found.
    fn neighbors(
        &self,
        queries: MatrixView<'_>,
        k: usize,
        metric: Metric,
        scaled: bool,
    ) -> Result<Vec<u32>, String>;
}

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
    let table = exact_knn(&data.base, queries, k, data.metric, budget_bytes)?;
    let table = match queries {
        Queries::HeldOut(_) => in_float64(&table, data),
        _ => table,
    };
    of_one_state(table, data)
}

/// The same for held-out queries, found by `search`, unless a filter leaves rows out.
pub(super) fn neighbors_by<'d>(
    search: &dyn ExactSearch,
    data: &'d Dataset<'_>,
    k: usize,
    budget_bytes: u64,
) -> Result<GroundTruth<'d>, AuditError> {
    let (queries, None) = (data.search_queries(), &data.filter) else {
        return neighbors(data, k, budget_bytes);
    };
    let Queries::HeldOut(rows) = queries else {
        return neighbors(data, k, budget_bytes);
    };
    let found = search
        .neighbors(rows, k, data.metric, data.base.are_scaled())
        .map_err(AuditError::Search)?;
    let base_rows = data.base.rows();
    if found.len() != rows.rows() * k || found.iter().any(|&id| id as usize >= base_rows) {
        let count = found.len();
        let words = format!(
            "{count} exact neighbors were found for {} queries and k = {k} among {base_rows} rows",
            rows.rows()
        );
        return Err(AuditError::Search(words));
    }
    let mut ids: Vec<usize> = found.iter().map(|&id| id as usize).collect();
    ids.sort_unstable();
    ids.dedup();
    data.base.expect(&ids);
    let none = vec![0.0; found.len()];
    let found = found.into_iter().map(|id| Some(PointId(id))).collect();
    of_one_state(in_float64(&NeighborTable::new(k, found, none), data), data)
}

/// The lists, unless the rows changed while they were found: their distances would not ascend.
fn of_one_state<'d>(
    lists: NeighborTable,
    data: &'d Dataset<'_>,
) -> Result<GroundTruth<'d>, AuditError> {
    data.base.verify()?;
    let (queries, base_rows) = (data.search_queries(), data.base.rows());
    Ok(GroundTruth::of_lists(
        lists,
        queries,
        data.metric,
        base_rows,
    ))
}

/// The table with distances summed in float64 and rounded once: those of query and row alone, whatever
/// found them, on every machine.
fn in_float64(table: &NeighborTable, data: &Dataset<'_>) -> NeighborTable {
    let (k, metric) = (table.k(), data.metric);
    let distance = |query: usize, id: u32| {
        let reduced = |row: &[f32]| metric.reduced_distance_f64(data.query(query), row);
        metric.true_distance_f64(data.base.with_row(id, reduced)) as f32
    };
    let ids: Vec<Option<PointId>> = (0..table.queries())
        .flat_map(|query| table.ids(query).to_vec())
        .collect();
    let mut distances = vec![0.0; ids.len()];
    if data.base.in_memory().is_some() {
        let of_queries = distances.par_chunks_mut(k).zip(ids.par_chunks(k));
        of_queries
            .enumerate()
            .with_max_len(TASK_QUERIES)
            .for_each(|(query, (distances, ids))| {
                for (found, id) in distances.iter_mut().zip(ids.iter().flatten()) {
                    *found = distance(query, id.0);
                }
            });
        return NeighborTable::new(k, ids, distances);
    }
    // Rows out of memory are read in their order, each once.
    let mut slots: Vec<(u32, usize)> = ids
        .iter()
        .enumerate()
        .filter_map(|(slot, id)| Some(((*id)?.0, slot)))
        .collect();
    slots.sort_unstable();
    for of_row in slots.chunk_by(|a, b| a.0 == b.0) {
        data.base.with_row(of_row[0].0, |row| {
            for &(_, slot) in of_row {
                let reduced = metric.reduced_distance_f64(data.query(slot / k), row);
                distances[slot] = metric.true_distance_f64(reduced) as f32;
            }
        });
    }
    NeighborTable::new(k, ids, distances)
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
    use annatomy_eval::dataset::{RowsElsewhere, StreamError};
    use annatomy_vectors::{Matrix, Metric};
    use std::ops::Range;

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

    /// Rows of which another state is read one by one than in ranges.
    #[derive(Debug)]
    struct Rewritten(Matrix);

    impl RowsElsewhere for Rewritten {
        fn rows(&self) -> usize {
            self.0.rows()
        }

        fn columns(&self) -> usize {
            self.0.columns()
        }

        fn are_scaled(&self) -> bool {
            false
        }

        fn read(&self, range: Range<usize>, out: &mut [f32]) {
            out.copy_from_slice(&self.0.values()[range.start * self.columns()..][..out.len()]);
        }

        fn select(&self, ids: &[usize]) -> Matrix {
            let mirrored: Vec<usize> = ids.iter().map(|id| self.rows() - 1 - id).collect();
            self.0.view().select(&mirrored)
        }

        fn repeated(&self) -> usize {
            0
        }

        fn verify(&self) -> Result<(), StreamError> {
            Err(StreamError::Elsewhere {
                problem: "it was rewritten".to_owned(),
            })
        }
    }

    #[test]
    fn rows_that_change_meanwhile_are_an_error_before_anything_is_made_of_their_distances() {
        let mut data = dataset(line(&[0.0, 1.0, 2.0, 4.0]), Some(line(&[1.2])));
        data.base = Base::Streamed {
            rows: Box::new(Rewritten(line(&[0.0, 1.0, 2.0, 4.0]))),
            drawn: Matrix::zeros(0, 1),
        };
        let found = neighbors(&data, 4, 1 << 20);
        assert!(matches!(found, Err(AuditError::Stream(_))), "{found:?}");
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
