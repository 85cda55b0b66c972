//! Where the distances of a query come from while it traverses a graph and while it is measured.
//!
//! Enters: queries, and a table of all pairs or the vectors. Leaves: the [`DistanceComputer`] that
//! graphs are built with, one scorer per query, and the reduced distances of visited rows.
//!
//! * [`Ranked`] reads a table of all pairs: base rows as queries, n up to 65,536, fastest;
//! * [`Vectors`] evaluates held-out queries or base rows with our kernels;
//! * [`OwnRows`] evaluates base rows as they are stored, float16 too;
//! * [`AsEngine`] evaluates vectors in the arithmetic of the engine that saved the graph.
//!
//! A reduced distance orders rows as the distance does and is cheaper: ‖x − y‖² for L2, and the
//! distance itself for cosine and inner product.

use annatomy_hnsw::import::{EngineDistances, EngineScorer};
use annatomy_hnsw::{
    CandidateQueue, DistanceComputer, HeapQueue, QueryScorer, RankDistances, RankScorer,
    Sq8Queries, VectorDistances, VectorScorer, Visit,
};
use annatomy_knn::{MAX_RANKED_ROWS, PairTable, Queries, RankTable};
use annatomy_vectors::kernels::Stored;

/// How queries see the base.
pub trait DistanceSource: Sync {
    /// What graphs are built with.
    type Computer: DistanceComputer;
    /// How one query is compared with the rows.
    type Scorer<'s>: QueryScorer<Queue = Self::Queue>
    where
        Self: 's;
    /// The search structure that suits the scorer.
    type Queue: CandidateQueue;

    /// The distance computer over the base.
    fn computer(&self) -> &Self::Computer;

    /// The scorer of query number `query`.
    fn scorer(&self, query: usize) -> Self::Scorer<'_>;

    /// Appends the reduced distances of rows that query number `query` visited.
    fn reduced_distances(&self, query: usize, visits: &[Visit], reduced: &mut Vec<f32>) {
        let _ = query;
        let keys = visits.iter().map(|visit| visit.key);
        reduced.extend(keys.map(VectorDistances::reduced_distance_of_key));
    }
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
    /// If the queries are no base rows.
    pub fn new(table: &'t PairTable, ranks: &'t RankTable, queries: Queries<'t>) -> Self {
        assert!(
            queries.count() == 0 || queries.own_id(0).is_some(),
            "a table of all pairs holds base rows alone"
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

    /// The one rule for when a table of all pairs is used: 2 to 65,536 rows, within the budget.
    pub fn fits(rows: usize, budget_bytes: u64) -> bool {
        (2..=MAX_RANKED_ROWS).contains(&rows) && Self::bytes(rows) <= budget_bytes
    }

    fn row(&self, query: usize) -> u32 {
        let own = self.queries.own_id(query);
        own.expect("checked when the source was made")
    }
}

impl<'t> DistanceSource for Ranked<'t> {
    type Computer = RankDistances<'t>;
    type Scorer<'s>
        = RankScorer<'s>
    where
        Self: 's;
    type Queue = <RankDistances<'t> as DistanceComputer>::Queue;

    fn computer(&self) -> &RankDistances<'t> {
        &self.computer
    }

    fn scorer(&self, query: usize) -> RankScorer<'_> {
        self.computer.scorer(self.row(query))
    }

    fn reduced_distances(&self, query: usize, visits: &[Visit], reduced: &mut Vec<f32>) {
        let row = self.table.row(self.row(query) as usize);
        reduced.extend(visits.iter().map(|visit| row[visit.id as usize]));
    }
}

/// Vectors of float32 as queries, over rows as they are stored.
#[derive(Debug)]
pub struct Vectors<'v, S: Stored = f32> {
    computer: VectorDistances<'v, S>,
    queries: Queries<'v>,
    codes: Option<Sq8Queries<'v>>,
}

impl<'v, S: Stored> Vectors<'v, S> {
    /// Queries that evaluate vectors by `computer`; `codes` are theirs, where the computer has an
    /// SQ8 prefilter.
    pub fn new(
        computer: VectorDistances<'v, S>,
        queries: Queries<'v>,
        codes: Option<Sq8Queries<'v>>,
    ) -> Self {
        Self {
            computer,
            queries,
            codes,
        }
    }
}

impl<'v, S: Stored> DistanceSource for Vectors<'v, S> {
    type Computer = VectorDistances<'v, S>;
    type Scorer<'s>
        = VectorScorer<'s, f32, S>
    where
        Self: 's;
    type Queue = HeapQueue;

    fn computer(&self) -> &VectorDistances<'v, S> {
        &self.computer
    }

    fn scorer(&self, query: usize) -> VectorScorer<'_, f32, S> {
        let vector = self.queries.row(query);
        match &self.codes {
            None => self.computer.scorer_for(vector),
            codes => {
                let codes = codes.as_ref();
                self.computer.scorer_with_codes(vector, codes, query as u32)
            }
        }
    }
}

/// Base rows as queries, as they are stored.
#[derive(Debug)]
pub struct OwnRows<'v, S: Stored = f32> {
    computer: VectorDistances<'v, S>,
    /// The rows that are queries; `None` for all of them.
    numbers: Option<&'v [usize]>,
}

impl<'v, S: Stored> OwnRows<'v, S> {
    /// All rows of `computer` as queries, or those of the given numbers.
    pub fn new(computer: VectorDistances<'v, S>, numbers: Option<&'v [usize]>) -> Self {
        Self { computer, numbers }
    }
}

impl<'v, S: Stored> DistanceSource for OwnRows<'v, S> {
    type Computer = VectorDistances<'v, S>;
    type Scorer<'s>
        = <VectorDistances<'v, S> as DistanceComputer>::Scorer<'s>
    where
        Self: 's;
    type Queue = HeapQueue;

    fn computer(&self) -> &VectorDistances<'v, S> {
        &self.computer
    }

    fn scorer(&self, query: usize) -> Self::Scorer<'_> {
        let row = self.numbers.map_or(query, |numbers| numbers[query]);
        self.computer.scorer(row as u32)
    }
}

/// Vectors in an engine's own order of summation.
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
    type Scorer<'s>
        = EngineScorer<'s>
    where
        Self: 's;
    type Queue = HeapQueue;

    fn computer(&self) -> &EngineDistances<'v> {
        &self.computer
    }

    fn scorer(&self, query: usize) -> EngineScorer<'_> {
        self.computer.scorer_for(self.queries.row(query))
    }

    fn reduced_distances(&self, _query: usize, visits: &[Visit], reduced: &mut Vec<f32>) {
        let keys = visits.iter().map(|visit| visit.key);
        reduced.extend(keys.map(|key| self.computer.reduced_distance_of_key(key)));
    }
}
