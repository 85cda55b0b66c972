//! What a run knows of its rows before any graph: exact neighbors, and separations on demand.
//!
//! Two forms behind one trait: [`Ranked`], where a table of all pairs fits the memory budget and
//! every row is a query, and [`Computed`], where queries are sampled or n is large and separations
//! are computed as they are asked for.

use annatomy_hnsw::{DistanceComputer, RankDistances, Sq8Codes, VectorDistances, Visit};
use annatomy_knn::{
    ExactError, NeighborTable, PairTable, Queries, RankTable, TableError, exact_knn,
};
use annatomy_vectors::{MatrixView, Metric};

/// Why exact neighborhoods cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum NeighborhoodError {
    /// Of the table of all pairs.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Of the streamed search.
    #[error(transparent)]
    Exact(#[from] ExactError),
}

/// Exact neighbors and separations of a run's queries, which are base rows.
pub(crate) trait Neighborhoods: Sync {
    /// What graphs are built and searched with.
    type Distances: DistanceComputer;

    fn oracle(&self) -> &Self::Distances;

    /// Appends the exact neighbors of query number `query`, itself excluded, with their
    /// separations.
    fn exact(&self, query: usize, ids: &mut Vec<u32>, separations: &mut Vec<f32>);

    /// Appends the separation of each visited row.
    fn separations(&self, query: usize, visits: &[Visit], separations: &mut Vec<f32>);
}

/// All pairs at once.
pub(crate) struct Ranked<'t> {
    table: &'t PairTable,
    oracle: RankDistances<'t>,
    queries: &'t [usize],
}

impl<'t> Ranked<'t> {
    /// The neighborhoods of the rows `queries`.
    pub(crate) fn new(table: &'t PairTable, ranks: &'t RankTable, queries: &'t [usize]) -> Self {
        Self {
            table,
            oracle: RankDistances(ranks),
            queries,
        }
    }

    /// Bytes that the tables of `rows` rows take.
    pub(crate) fn bytes(rows: usize) -> u64 {
        PairTable::bytes(rows) + RankTable::bytes(rows)
    }
}

impl<'t> Neighborhoods for Ranked<'t> {
    type Distances = RankDistances<'t>;

    fn oracle(&self) -> &RankDistances<'t> {
        &self.oracle
    }

    fn exact(&self, query: usize, ids: &mut Vec<u32>, separations: &mut Vec<f32>) {
        let query = self.queries[query];
        let row = self.table.row(query);
        let start = ids.len();
        ids.extend(
            self.table
                .nearest(query)
                .iter()
                .filter(|&&id| id as usize != query),
        );
        separations.extend(ids[start..].iter().map(|&id| row[id as usize]));
    }

    fn separations(&self, query: usize, visits: &[Visit], separations: &mut Vec<f32>) {
        let row = self.table.row(self.queries[query]);
        separations.extend(visits.iter().map(|visit| row[visit.id as usize]));
    }
}

/// Separations on demand.
pub(crate) struct Computed<'v> {
    oracle: VectorDistances<'v>,
    exact: NeighborTable,
    metric: Metric,
}

impl<'v> Computed<'v> {
    /// Finds the `k` exact neighbors of the rows `queries`. For cosine the rows must have unit
    /// length.
    pub(crate) fn new(
        rows: MatrixView<'v>,
        metric: Metric,
        queries: &[usize],
        k: usize,
        budget_bytes: u64,
    ) -> Result<Self, NeighborhoodError> {
        let exact = exact_knn(
            &rows,
            Queries::SomeRows(rows, queries),
            k,
            metric,
            budget_bytes,
        )?;
        Ok(Self {
            oracle: VectorDistances::new(rows, metric),
            exact,
            metric,
        })
    }

    /// The same with a sketch of the rows, by which graphs are built sooner.
    pub(crate) fn with_codes(self, sketch: Option<&'v Sq8Codes>) -> Self {
        Self {
            oracle: self.oracle.with_codes(sketch),
            ..self
        }
    }
}

impl<'v> Neighborhoods for Computed<'v> {
    type Distances = VectorDistances<'v>;

    fn oracle(&self) -> &VectorDistances<'v> {
        &self.oracle
    }

    fn exact(&self, query: usize, ids: &mut Vec<u32>, separations: &mut Vec<f32>) {
        ids.extend(self.exact.ids(query).iter().flatten().map(|id| id.0));
        separations.extend(
            self.exact
                .distances(query)
                .iter()
                .map(|&distance| match self.metric {
                    Metric::L2 => distance * distance,
                    Metric::Cosine | Metric::InnerProduct => distance,
                }),
        );
    }

    fn separations(&self, _query: usize, visits: &[Visit], separations: &mut Vec<f32>) {
        separations.extend(
            visits
                .iter()
                .map(|visit| VectorDistances::reduced_distance_of_key(visit.key)),
        );
    }
}
