//! What an engine's own graph asks of its data, in the engine's own arithmetic.

#![expect(
    clippy::inline_always,
    reason = "code that is not inlined does not get the instructions dispatched to"
)]

use super::arithmetic::{
    Apart, Fused, Join, Product, SquaredDifference, as_faiss, dot_as_hnswlib, l2_as_hnswlib,
};
use super::saved_index::Engine;
use crate::distance::{DistanceComputer, VectorDistances};
use crate::queue::{HeapQueue, QueryScorer};
use annatomy_vectors::{MatrixView, Metric, kernels, order_key};
use pulp::{Arch, WithSimd};

/// Rows that FAISS evaluates at once.
const BATCH: usize = 4;

/// Keys are separations summed as `engine` sums them. For cosine the rows must have unit length.
#[derive(Clone, Copy, Debug)]
pub struct EngineDistances<'v> {
    rows: MatrixView<'v>,
    metric: Metric,
    engine: Engine,
    arch: Arch,
}

/// One vector's separations from the rows of a matrix.
#[derive(Clone, Copy, Debug)]
pub struct EngineScorer<'v> {
    query: &'v [f32],
    oracle: EngineDistances<'v>,
}

impl<'v> EngineDistances<'v> {
    /// An oracle over `rows`. For [`Metric::Cosine`] they must have unit length.
    pub fn new(rows: MatrixView<'v>, metric: Metric, engine: Engine) -> Self {
        Self {
            rows,
            metric,
            engine,
            arch: Arch::new(),
        }
    }

    /// As a vector that is no row sees it.
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
            oracle: *self,
        }
    }

    /// The reduced distance behind a key of this computer's scorers: ‖x − y‖², 1 − cos or −⟨x, y⟩,
    /// whatever constant the engine adds.
    pub fn reduced_distance_of_key(&self, key: u32) -> f32 {
        let reduced = VectorDistances::reduced_distance_of_key(key);
        match (self.engine, self.metric) {
            // FAISS compares −⟨x, y⟩ and hnswlib 1 − ⟨x, y⟩, whatever it is called.
            (Engine::Faiss, Metric::Cosine) => 1.0 + reduced,
            (Engine::Hnswlib, Metric::InnerProduct) => reduced - 1.0,
            _ => reduced,
        }
    }

    /// The distance behind a key of this computer's scorers, in the metric's own unit.
    pub fn distance_of_key(&self, key: u32) -> f32 {
        let reduced = self.reduced_distance_of_key(key);
        match self.metric {
            Metric::L2 => reduced.max(0.0).sqrt(),
            Metric::Cosine | Metric::InnerProduct => reduced,
        }
    }

    #[inline(always)]
    fn separation(&self, query: &[f32], row: &[f32], join: impl Join) -> f32 {
        match (self.engine, self.metric) {
            (Engine::Faiss, Metric::L2) => as_faiss(query, row, SquaredDifference, join),
            (Engine::Faiss, Metric::InnerProduct | Metric::Cosine) => {
                -as_faiss(query, row, Product, join)
            }
            (Engine::Hnswlib, Metric::L2) => l2_as_hnswlib(query, row),
            (Engine::Hnswlib, Metric::InnerProduct | Metric::Cosine) => {
                1.0 - dot_as_hnswlib(query, row)
            }
        }
    }
}

/// Evaluates ids in batches of four, and one by one what is left, on the instructions at hand.
struct Keys<'k, 'v> {
    view: EngineScorer<'v>,
    ids: &'k [u32],
    out: &'k mut Vec<u32>,
}

impl WithSimd for Keys<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        let EngineScorer { query, oracle } = self.view;
        let (batches, rest) = self.ids.as_chunks::<BATCH>();
        for &id in batches.as_flattened() {
            self.out.push(order_key(oracle.separation(
                query,
                oracle.rows.row(id as usize),
                Fused,
            )));
        }
        for &id in rest {
            self.out.push(order_key(oracle.separation(
                query,
                oracle.rows.row(id as usize),
                Apart,
            )));
        }
    }
}

/// Evaluates one id.
struct Key<'v> {
    view: EngineScorer<'v>,
    id: u32,
}

impl WithSimd for Key<'_> {
    type Output = u32;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) -> u32 {
        let EngineScorer { query, oracle } = self.view;
        order_key(oracle.separation(query, oracle.rows.row(self.id as usize), Apart))
    }
}

impl QueryScorer for EngineScorer<'_> {
    type Queue = HeapQueue;

    fn key(self, id: u32) -> u32 {
        self.oracle.arch.dispatch(Key { view: self, id })
    }

    #[inline]
    fn keys(self, ids: &[u32], out: &mut Vec<u32>) {
        self.oracle.arch.dispatch(Keys {
            view: self,
            ids,
            out,
        });
    }

    #[inline]
    fn prefetch(self, id: u32) {
        kernels::prefetch(self.oracle.rows.row(id as usize));
    }

    #[inline]
    fn prefetches_whole(self) -> bool {
        kernels::prefetches_whole::<f32>(self.oracle.rows.columns())
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
            oracle: *self,
        }
    }

    #[inline]
    fn reverse_key(&self, _candidate: u32, _origin: u32, key: u32) -> u32 {
        key
    }
}
