//! The exact neighbors of every query, computed once, read query by query.
//!
//! Enters: a table of all pairs, or base and queries. Leaves: per query its exact neighbors, self
//! excluded by id, nearest first, with reduced distances (what the published arithmetic sums) and
//! geometric ones ([`Metric::geometric_distance`]).

use annatomy_knn::{ExactError, NeighborTable, PairTable, Queries, RowSource, exact_knn};
use annatomy_vectors::Metric;

/// Exact neighbors of a set of queries.
#[derive(Debug)]
pub struct GroundTruth<'t> {
    source: Source<'t>,
    queries: Queries<'t>,
    metric: Metric,
    base_rows: usize,
}

#[derive(Debug)]
enum Source<'t> {
    Pairs(&'t PairTable),
    Lists(NeighborTable),
}

impl<'t> GroundTruth<'t> {
    /// Read from a table of all pairs, of as many neighbors as it certifies.
    pub fn of_pairs(table: &'t PairTable, queries: Queries<'t>) -> Self {
        Self {
            metric: table.metric(),
            base_rows: table.rows(),
            source: Source::Pairs(table),
            queries,
        }
    }

    /// Computed: the `k` exact neighbors of every query.
    pub fn compute(
        base: &dyn RowSource,
        queries: Queries<'t>,
        k: usize,
        metric: Metric,
        budget_bytes: u64,
    ) -> Result<Self, ExactError> {
        let table = exact_knn(base, queries, k, metric, budget_bytes)?;
        Ok(Self::of_lists(table, queries, metric, base.rows()))
    }

    /// Neighbors that are already known.
    pub fn of_lists(
        table: NeighborTable,
        queries: Queries<'t>,
        metric: Metric,
        base_rows: usize,
    ) -> Self {
        Self {
            source: Source::Lists(table),
            queries,
            metric,
            base_rows,
        }
    }

    /// The neighbors as a table, where they are lists.
    pub fn table(&self) -> Option<&NeighborTable> {
        match &self.source {
            Source::Pairs(_) => None,
            Source::Lists(table) => Some(table),
        }
    }

    /// The queries.
    pub fn queries(&self) -> &Queries<'t> {
        &self.queries
    }

    /// The metric.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Rows of the base.
    pub fn base_rows(&self) -> usize {
        self.base_rows
    }

    /// Replaces `ids`, `reduced` and `geometric` by the neighbors of query number `query` and their
    /// distances.
    pub(crate) fn read(
        &self,
        query: usize,
        ids: &mut Vec<u32>,
        reduced: &mut Vec<f32>,
        geometric: &mut Vec<f32>,
    ) {
        ids.clear();
        reduced.clear();
        geometric.clear();
        match &self.source {
            Source::Pairs(table) => {
                let row = self
                    .queries
                    .own_id(query)
                    .expect("queries of a table of all pairs are its rows");
                let others = table.nearest(row as usize).iter().filter(|&&id| id != row);
                ids.extend(others);
                let distances = table.row(row as usize);
                reduced.extend(ids.iter().map(|&id| distances[id as usize]));
                let of_reduced = |&reduced: &f32| self.metric.geometric_distance(reduced);
                geometric.extend(reduced.iter().map(of_reduced));
            }
            Source::Lists(table) => {
                ids.extend(table.ids(query).iter().flatten().map(|id| id.0));
                let distances = &table.distances(query)[..ids.len()];
                for &distance in distances {
                    reduced.push(self.metric.reduced_distance(distance));
                    geometric.push(self.metric.geometric_of_true(distance));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_vectors::Matrix;

    #[test]
    fn a_table_of_pairs_and_lists_hold_the_same_neighbors() {
        let rows = Matrix::new(5, 1, vec![0.0, 1.0, 3.0, 7.0, 15.0]).expect("shape");
        let queries = Queries::AllRows(rows.view());
        let pairs = PairTable::new(rows.view(), Metric::L2, 4).expect("small");
        let truths = [
            GroundTruth::of_pairs(&pairs, queries),
            GroundTruth::compute(&rows.view(), queries, 4, Metric::L2, 1 << 20).expect("small"),
        ];
        for truth in &truths {
            let (mut ids, mut reduced, mut geometric) = (vec![9], Vec::new(), Vec::new());
            truth.read(2, &mut ids, &mut reduced, &mut geometric);
            assert_eq!(ids[..4], [1, 0, 3, 4]);
            let near = |found: &[f32], right: [f32; 4]| {
                found.iter().zip(right).all(|(a, b)| (a - b).abs() < 1e-4)
            };
            assert!(near(&reduced, [4.0, 9.0, 16.0, 144.0]), "{reduced:?}");
            assert!(near(&geometric, [2.0, 3.0, 4.0, 12.0]), "{geometric:?}");
        }
    }
}
