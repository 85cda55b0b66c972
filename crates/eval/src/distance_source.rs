//! Where the distances of a query come from while it traverses a graph and while it is measured.
//!
//! Enters: queries, and a table of all pairs or the vectors. Leaves: the [`DistanceComputer`] that
//! graphs are built and searched with, one query's scorer, and reduced distances of visited rows.
//!
//! * [`Ranked`] reads a table of all pairs: base rows as queries, n up to 65,536, fastest;
//! * [`Vectors`] evaluates vectors with this crate's kernels;
//! * [`AsEngine`] evaluates them in the arithmetic of the engine that saved the graph.
//!
//! A reduced distance orders rows as the distance does and is cheaper: ‖x − y‖² for L2, and the
//! distance itself for cosine and inner product.

use annatomy_hnsw::import::EngineDistances;
use annatomy_hnsw::{DistanceComputer, RankDistances, VectorDistances, Visit};
use annatomy_knn::{PairTable, Queries, RankTable};

/// How queries see the base.
pub trait DistanceSource: Sync {
    /// What graphs are built and searched with.
    type Computer: DistanceComputer;

    /// The distance computer over the base.
    fn computer(&self) -> &Self::Computer;

    /// The scorer of query number `query`.
    fn scorer(&self, query: usize) -> <Self::Computer as DistanceComputer>::Scorer<'_>;

    /// Appends the reduced distances of rows that query number `query` visited.
    fn reduced_distances(&self, query: usize, visits: &[Visit], reduced: &mut Vec<f32>);
}

/// A table of all pairs; queries are base rows.
#[derive(Debug)]
pub struct Ranked<'t> {
    table: &'t PairTable,
    computer: RankDistances<'t>,
    queries: Queries<'t>,
}

impl<'t> Ranked<'t> {
    /// Queries that read `table` and its `ranks`.
    ///
    /// # Panics
    /// If a query is no base row.
    pub fn new(table: &'t PairTable, ranks: &'t RankTable, queries: Queries<'t>) -> Self {
        assert!(
            queries.count() == 0 || queries.own_id(0).is_some(),
            "a table of all pairs knows base rows alone"
        );
        Self {
            table,
            computer: RankDistances(ranks),
            queries,
        }
    }

    /// Bytes that the two tables of `rows` rows take.
    pub fn bytes(rows: usize) -> u64 {
        PairTable::bytes(rows) + RankTable::bytes(rows)
    }

    /// The one rule for when a table of all pairs is used: at most 65,536 rows, within the budget.
    pub fn fits(rows: usize, budget_bytes: u64) -> bool {
        (2..=annatomy_knn::MAX_RANKED_ROWS).contains(&rows) && Self::bytes(rows) <= budget_bytes
    }

    fn row(&self, query: usize) -> u32 {
        self.queries
            .own_id(query)
            .expect("checked when the source was made")
    }
}

impl<'t> DistanceSource for Ranked<'t> {
    type Computer = RankDistances<'t>;

    fn computer(&self) -> &RankDistances<'t> {
        &self.computer
    }

    fn scorer(&self, query: usize) -> <RankDistances<'t> as DistanceComputer>::Scorer<'_> {
        self.computer.scorer(self.row(query))
    }

    fn reduced_distances(&self, query: usize, visits: &[Visit], reduced: &mut Vec<f32>) {
        let row = self.table.row(self.row(query) as usize);
        reduced.extend(visits.iter().map(|visit| row[visit.id as usize]));
    }
}

/// The vectors themselves.
#[derive(Debug)]
pub struct Vectors<'v> {
    computer: VectorDistances<'v>,
    queries: Queries<'v>,
}

impl<'v> Vectors<'v> {
    /// Queries that evaluate vectors by `computer`.
    pub fn new(computer: VectorDistances<'v>, queries: Queries<'v>) -> Self {
        Self { computer, queries }
    }
}

impl<'v> DistanceSource for Vectors<'v> {
    type Computer = VectorDistances<'v>;

    fn computer(&self) -> &VectorDistances<'v> {
        &self.computer
    }

    fn scorer(&self, query: usize) -> <VectorDistances<'v> as DistanceComputer>::Scorer<'_> {
        self.computer.scorer_for(self.queries.row(query))
    }

    fn reduced_distances(&self, _query: usize, visits: &[Visit], reduced: &mut Vec<f32>) {
        let keys = visits.iter().map(|visit| visit.key);
        reduced.extend(keys.map(VectorDistances::reduced_distance_of_key));
    }
}

/// The vectors in an engine's own order of summation.
#[derive(Debug)]
pub struct AsEngine<'v> {
    computer: EngineDistances<'v>,
    queries: Queries<'v>,
}

impl<'v> AsEngine<'v> {
    /// Queries that evaluate vectors as the engine of `computer` does.
    pub fn new(computer: EngineDistances<'v>, queries: Queries<'v>) -> Self {
        Self { computer, queries }
    }
}

impl<'v> DistanceSource for AsEngine<'v> {
    type Computer = EngineDistances<'v>;

    fn computer(&self) -> &EngineDistances<'v> {
        &self.computer
    }

    fn scorer(&self, query: usize) -> <EngineDistances<'v> as DistanceComputer>::Scorer<'_> {
        self.computer.scorer_for(self.queries.row(query))
    }

    fn reduced_distances(&self, _query: usize, visits: &[Visit], reduced: &mut Vec<f32>) {
        let keys = visits.iter().map(|visit| visit.key);
        reduced.extend(keys.map(|key| self.computer.reduced_distance_of_key(key)));
    }
}
