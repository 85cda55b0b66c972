//! How queries see the base while they traverse a graph.
//!
//! [`Ranked`] reads a table of all pairs (base rows as queries, n up to 65,536, fastest);
//! [`Computed`] evaluates vectors; [`AsEngine`] evaluates them in the arithmetic of the engine
//! whose graph it is.

use super::data::Data;
use annatomy_hnsw::import::{Engine, EngineOracle};
use annatomy_hnsw::{Oracle, RankOracle, Sketch, VectorOracle, Visit};
use annatomy_knn::{RankTable, SeparationTable};
use annatomy_vectors::{MatrixView, Metric};

/// How queries see the base.
pub(super) trait Sight: Sync {
    /// What graphs are built and searched with.
    type Oracle: Oracle;

    fn oracle(&self) -> &Self::Oracle;

    /// As query number `query` sees it.
    fn view(&self, query: usize) -> <Self::Oracle as Oracle>::View<'_>;

    /// The distance of a row that query number `query` visited, in the metric's own unit.
    fn distance(&self, query: usize, visit: &Visit) -> f32;
}

/// From a table of all pairs.
pub(super) struct Ranked<'t> {
    table: &'t SeparationTable,
    oracle: RankOracle<'t>,
    data: &'t Data<'t>,
}

impl<'t> Ranked<'t> {
    pub(super) fn new(
        table: &'t SeparationTable,
        ranks: &'t RankTable,
        data: &'t Data<'t>,
    ) -> Self {
        Self {
            table,
            oracle: RankOracle(ranks),
            data,
        }
    }
}

impl<'t> Sight for Ranked<'t> {
    type Oracle = RankOracle<'t>;

    fn oracle(&self) -> &RankOracle<'t> {
        &self.oracle
    }

    fn view(&self, query: usize) -> <RankOracle<'t> as Oracle>::View<'_> {
        self.oracle.view(self.data.queries.numbers[query] as u32)
    }

    fn distance(&self, query: usize, visit: &Visit) -> f32 {
        self.table
            .distance(self.table.row(self.data.queries.numbers[query])[visit.id as usize])
    }
}

/// From the vectors.
pub(super) struct Computed<'v> {
    oracle: VectorOracle<'v>,
    data: &'v Data<'v>,
}

impl<'v> Computed<'v> {
    /// `base` is the base of `data`; by a sketch of it graphs are built sooner.
    pub(super) fn new(
        base: MatrixView<'v>,
        data: &'v Data<'v>,
        sketch: Option<&'v Sketch>,
    ) -> Self {
        Self {
            oracle: VectorOracle::new(base, data.metric).with_sketch(sketch),
            data,
        }
    }
}

impl<'v> Sight for Computed<'v> {
    type Oracle = VectorOracle<'v>;

    fn oracle(&self) -> &VectorOracle<'v> {
        &self.oracle
    }

    fn view(&self, query: usize) -> <VectorOracle<'v> as Oracle>::View<'_> {
        self.oracle
            .view_of(self.data.queries.row(&self.data.base, query))
    }

    fn distance(&self, _query: usize, visit: &Visit) -> f32 {
        let separation = VectorOracle::separation_of_key(visit.key);
        match self.data.metric {
            Metric::L2 => separation.max(0.0).sqrt(),
            Metric::Cosine | Metric::InnerProduct => separation,
        }
    }
}

/// From the vectors, summed as the engine sums.
pub(super) struct AsEngine<'v> {
    oracle: EngineOracle<'v>,
    data: &'v Data<'v>,
}

impl<'v> AsEngine<'v> {
    /// `base` is the base of `data`.
    pub(super) fn new(base: MatrixView<'v>, data: &'v Data<'v>, engine: Engine) -> Self {
        Self {
            oracle: EngineOracle::new(base, data.metric, engine),
            data,
        }
    }
}

impl<'v> Sight for AsEngine<'v> {
    type Oracle = EngineOracle<'v>;

    fn oracle(&self) -> &EngineOracle<'v> {
        &self.oracle
    }

    fn view(&self, query: usize) -> <EngineOracle<'v> as Oracle>::View<'_> {
        self.oracle
            .view_of(self.data.queries.row(&self.data.base, query))
    }

    fn distance(&self, _query: usize, visit: &Visit) -> f32 {
        self.oracle.distance_of_key(visit.key)
    }
}
