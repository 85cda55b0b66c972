//! How queries see the base while they traverse a graph.
//!
//! [`Ranked`] reads a table of all pairs (base rows as queries, n up to 65,536, fastest);
//! [`Computed`] evaluates vectors; [`AsEngine`] evaluates them in the arithmetic of the engine
//! whose graph it is.

use annatomy_eval::dataset::Dataset;
use annatomy_hnsw::import::{Engine, EngineDistances};
use annatomy_hnsw::{DistanceComputer, RankDistances, Sq8Codes, VectorDistances, Visit};
use annatomy_knn::{PairTable, RankTable};
use annatomy_vectors::{MatrixView, Metric};

/// How queries see the base.
pub(super) trait Sight: Sync {
    /// What graphs are built and searched with.
    type Distances: DistanceComputer;

    fn oracle(&self) -> &Self::Distances;

    /// As query number `query` sees it.
    fn scorer(&self, query: usize) -> <Self::Distances as DistanceComputer>::Scorer<'_>;

    /// The distance of a row that query number `query` visited, in the metric's own unit.
    fn distance(&self, query: usize, visit: &Visit) -> f32;
}

/// From a table of all pairs.
pub(super) struct Ranked<'t> {
    table: &'t PairTable,
    oracle: RankDistances<'t>,
    data: &'t Dataset<'t>,
}

impl<'t> Ranked<'t> {
    pub(super) fn new(table: &'t PairTable, ranks: &'t RankTable, data: &'t Dataset<'t>) -> Self {
        Self {
            table,
            oracle: RankDistances(ranks),
            data,
        }
    }
}

impl<'t> Sight for Ranked<'t> {
    type Distances = RankDistances<'t>;

    fn oracle(&self) -> &RankDistances<'t> {
        &self.oracle
    }

    fn scorer(&self, query: usize) -> <RankDistances<'t> as DistanceComputer>::Scorer<'_> {
        self.oracle.scorer(self.data.queries.numbers[query] as u32)
    }

    fn distance(&self, query: usize, visit: &Visit) -> f32 {
        self.table
            .distance(self.table.row(self.data.queries.numbers[query])[visit.id as usize])
    }
}

/// From the vectors.
pub(super) struct Computed<'v> {
    oracle: VectorDistances<'v>,
    data: &'v Dataset<'v>,
}

impl<'v> Computed<'v> {
    /// `base` is the base of `data`; by a sketch of it graphs are built sooner.
    pub(super) fn new(
        base: MatrixView<'v>,
        data: &'v Dataset<'v>,
        sketch: Option<&'v Sq8Codes>,
    ) -> Self {
        Self {
            oracle: VectorDistances::new(base, data.metric).with_codes(sketch),
            data,
        }
    }
}

impl<'v> Sight for Computed<'v> {
    type Distances = VectorDistances<'v>;

    fn oracle(&self) -> &VectorDistances<'v> {
        &self.oracle
    }

    fn scorer(&self, query: usize) -> <VectorDistances<'v> as DistanceComputer>::Scorer<'_> {
        self.oracle
            .scorer_for(self.data.queries.row(&self.data.base, query))
    }

    fn distance(&self, _query: usize, visit: &Visit) -> f32 {
        let separation = VectorDistances::reduced_distance_of_key(visit.key);
        match self.data.metric {
            Metric::L2 => separation.max(0.0).sqrt(),
            Metric::Cosine | Metric::InnerProduct => separation,
        }
    }
}

/// From the vectors, summed as the engine sums.
pub(super) struct AsEngine<'v> {
    oracle: EngineDistances<'v>,
    data: &'v Dataset<'v>,
}

impl<'v> AsEngine<'v> {
    /// `base` is the base of `data`.
    pub(super) fn new(base: MatrixView<'v>, data: &'v Dataset<'v>, engine: Engine) -> Self {
        Self {
            oracle: EngineDistances::new(base, data.metric, engine),
            data,
        }
    }
}

impl<'v> Sight for AsEngine<'v> {
    type Distances = EngineDistances<'v>;

    fn oracle(&self) -> &EngineDistances<'v> {
        &self.oracle
    }

    fn scorer(&self, query: usize) -> <EngineDistances<'v> as DistanceComputer>::Scorer<'_> {
        self.oracle
            .scorer_for(self.data.queries.row(&self.data.base, query))
    }

    fn distance(&self, _query: usize, visit: &Visit) -> f32 {
        self.oracle.distance_of_key(visit.key)
    }
}
