//! Distance computer in an engine's own arithmetic.
//!
//! Keys are the reduced distances that the engine itself compares, so that ties and near ties are
//! ranked as the engine ranks them.

#![expect(
    clippy::inline_always,
    reason = "code that is not inlined does not get the instructions dispatched to"
)]

use super::arithmetic::{Batch, EngineBuild};
use super::saved_index::Engine;
use crate::distance::{DistanceComputer, VectorDistances};
use crate::queue::{HeapQueue, QueryScorer, QueueRule};
use annatomy_vectors::{MatrixView, Metric, kernels, order_key};
use pulp::{Arch, WithSimd};

/// Rows that FAISS evaluates at once.
const BATCH: usize = 4;

/// Reduced distances of rows, summed as `build` sums them. For cosine the rows must have unit
/// length.
#[derive(Clone, Copy, Debug)]
pub struct EngineDistances<'v> {
    rows: MatrixView<'v>,
    metric: Metric,
    build: EngineBuild,
    arch: Arch,
}

/// The reduced distances of rows from one query.
#[derive(Clone, Copy, Debug)]
pub struct EngineScorer<'v> {
    query: &'v [f32],
    distances: EngineDistances<'v>,
}

impl<'v> EngineDistances<'v> {
    /// Distances over `rows`. For [`Metric::Cosine`] they must have unit length.
    pub fn new(rows: MatrixView<'v>, metric: Metric, build: EngineBuild) -> Self {
        Self {
            rows,
            metric,
            build,
            arch: Arch::new(),
        }
    }

    /// From a query that is no row.
    ///
    /// # Panics
    /// If `query` has another length than the rows.
    pub fn scorer_for(&self, query: &'v [f32]) -> EngineScorer<'v> {
        assert_eq!(
            query.len(),
            self.rows.columns(),
            "query and rows of equal length"
        );
        EngineScorer {
            query,
            distances: *self,
        }
    }

    /// The reduced distance behind a key: ‖a − b‖², 1 − cos or −a·b, whatever constant the engine
    /// adds.
    pub fn reduced_distance_of_key(&self, key: u32) -> f32 {
        let reduced = VectorDistances::reduced_distance_of_key(key);
        match (self.build.engine, self.metric) {
            // FAISS compares −a·b, hnswlib and usearch 1 − a·b, whichever the metric is called.
            (Engine::Faiss, Metric::Cosine) => 1.0 + reduced,
            (Engine::Hnswlib | Engine::Usearch, Metric::InnerProduct) => reduced - 1.0,
            _ => reduced,
        }
    }

    /// The distance behind a key, in the metric's own unit.
    pub fn distance_of_key(&self, key: u32) -> f32 {
        let reduced = self.reduced_distance_of_key(key);
        match self.metric {
            Metric::L2 => reduced.max(0.0).sqrt(),
            Metric::Cosine | Metric::InnerProduct => reduced,
        }
    }
}

impl EngineScorer<'_> {
    #[inline(always)]
    fn evaluate(&self, id: u32, batch: Batch) -> u32 {
        let EngineDistances {
            rows,
            metric,
            build,
            ..
        } = self.distances;
        let row = rows.row(id as usize);
        order_key(build.reduced_distance(metric, self.query, row, batch))
    }
}

/// Evaluates ids in batches of four, and one by one what is left, on the instructions available.
struct Keys<'k, 'v> {
    scorer: EngineScorer<'v>,
    ids: &'k [u32],
    out: &'k mut Vec<u32>,
}

impl WithSimd for Keys<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        let (batches, rest) = self.ids.as_chunks::<BATCH>();
        for &id in batches.as_flattened() {
            self.out.push(self.scorer.evaluate(id, Batch::Four));
        }
        for &id in rest {
            self.out.push(self.scorer.evaluate(id, Batch::One));
        }
    }
}

/// Evaluates one id.
struct Key<'v> {
    scorer: EngineScorer<'v>,
    id: u32,
}

impl WithSimd for Key<'_> {
    type Output = u32;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) -> u32 {
        self.scorer.evaluate(self.id, Batch::One)
    }
}

impl QueryScorer for EngineScorer<'_> {
    type Queue = HeapQueue;

    #[inline]
    fn queue_rule(self) -> Option<QueueRule> {
        let EngineDistances { metric, build, .. } = self.distances;
        build.engine.queue_rule(metric)
    }

    fn key(self, id: u32) -> u32 {
        self.distances.arch.dispatch(Key { scorer: self, id })
    }

    #[inline]
    fn keys(self, ids: &[u32], out: &mut Vec<u32>) {
        self.distances.arch.dispatch(Keys {
            scorer: self,
            ids,
            out,
        });
    }

    #[inline]
    fn prefetch(self, id: u32) {
        kernels::prefetch(self.distances.rows.row(id as usize));
    }

    #[inline]
    fn prefetches_whole(self) -> bool {
        kernels::prefetches_whole::<f32>(self.distances.rows.columns())
    }
}

impl<'v> DistanceComputer for EngineDistances<'v> {
    type Scorer<'a>
        = EngineScorer<'v>
    where
        Self: 'a;
    type Queue = HeapQueue;

    fn rows(&self) -> usize {
        self.rows.rows()
    }

    #[inline]
    fn scorer(&self, id: u32) -> EngineScorer<'v> {
        EngineScorer {
            query: self.rows.row(id as usize),
            distances: *self,
        }
    }

    #[inline]
    fn reverse_key(&self, _candidate: u32, _origin: u32, key: u32) -> u32 {
        key
    }
}
