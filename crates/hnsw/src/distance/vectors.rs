//! Reduced distances as keys, computed from the vectors; with [`Sq8Codes`] of the rows as a
//! lower-bound prefilter most rows are never read.
//!
//! A key is the float32 reduced distance mapped to an integer of the same order.

use super::computer::{DistanceComputer, ReducedKeys};
use super::sq8::{Sq8Codes, Sq8Queries, Sq8Vector};
use crate::queue::{HeapQueue, LowerBoundFilter, QueryScorer};
use annatomy_vectors::kernels::{self, Stored};
use annatomy_vectors::{MatrixView, Metric, order_key, value_of_order_key};

/// Keys are computed from the vectors, each time they are asked for. For cosine the rows must have
/// unit length.
///
/// Rows kept in float16 take half the memory and give the very keys that they give widened to
/// float32.
#[derive(Clone, Copy, Debug)]
pub struct VectorDistances<'v, S = f32> {
    rows: MatrixView<'v, S>,
    metric: Metric,
    codes: Option<&'v Sq8Codes>,
}

/// The reduced distances of the rows of a matrix from one query.
#[derive(Clone, Copy, Debug)]
pub struct VectorScorer<'v, Q = f32, S = f32> {
    query: &'v [Q],
    rows: MatrixView<'v, S>,
    metric: Metric,
    codes: Option<Sq8Vector<'v>>,
}

impl VectorDistances<'_> {
    /// The reduced distance behind a key: squared L2, cosine distance or −⟨x, y⟩.
    pub fn reduced_distance_of_key(key: u32) -> f32 {
        value_of_order_key(key)
    }
}

impl<'v, S: Stored> VectorDistances<'v, S> {
    /// The distance computer over `rows`. For [`Metric::Cosine`] they must have unit length.
    pub fn new(rows: MatrixView<'v, S>, metric: Metric) -> Self {
        Self {
            rows,
            metric,
            codes: None,
        }
    }

    /// The same with a lower-bound prefilter over `codes`, which were made of its rows: same
    /// results, fewer rows read.
    ///
    /// # Panics
    /// If there are codes and the metric is an inner product.
    #[must_use]
    pub fn with_codes(self, codes: Option<&'v Sq8Codes>) -> Self {
        assert!(
            codes.is_none() || self.metric != Metric::InnerProduct,
            "SQ8 lower bounds of distances for {}",
            self.metric
        );
        Self { codes, ..self }
    }

    /// The scorer for a query that is no row.
    ///
    /// # Panics
    /// If `query` has another length than the rows.
    pub fn scorer_for<'a, Q: Stored>(&self, query: &'a [Q]) -> VectorScorer<'a, Q, S>
    where
        'v: 'a,
    {
        assert_eq!(
            query.len(),
            self.rows.columns(),
            "query and rows of equal length"
        );
        VectorScorer {
            query,
            rows: self.rows,
            metric: self.metric,
            codes: None,
        }
    }

    /// The same with the prefilter: `query` is number `number` of the `encoded` queries.
    ///
    /// # Panics
    /// If `query` has another length than the rows, or fewer queries were encoded.
    pub fn scorer_with_codes<'a, Q: Stored>(
        &self,
        query: &'a [Q],
        encoded: Option<&'a Sq8Queries<'a>>,
        number: u32,
    ) -> VectorScorer<'a, Q, S>
    where
        'v: 'a,
    {
        VectorScorer {
            codes: encoded.map(|queries| queries.query(number)),
            ..self.scorer_for(query)
        }
    }
}

impl<Q: Stored, S: Stored> QueryScorer for VectorScorer<'_, Q, S> {
    type Queue = HeapQueue;

    #[inline]
    fn key(self, id: u32) -> u32 {
        let row = self.rows.row(id as usize);
        order_key(match self.metric {
            Metric::L2 => kernels::l2_squared(self.query, row),
            Metric::Cosine => 1.0 - kernels::dot(self.query, row),
            Metric::InnerProduct => -kernels::dot(self.query, row),
        })
    }

    #[inline]
    fn is_smallest(self, key: u32) -> bool {
        self.metric == Metric::L2 && key == order_key(0.0)
    }

    #[inline]
    fn keys(self, ids: &[u32], out: &mut Vec<u32>) {
        let kernels = kernels::detected();
        let (fours, rest) = ids.as_chunks();
        for four in fours {
            let rows = four.map(|id| self.rows.row(id as usize));
            let reduced = match self.metric {
                Metric::L2 => kernels.l2_squared_x4(self.query, rows),
                Metric::Cosine => kernels
                    .dot_x4(self.query, rows)
                    .map(|product| 1.0 - product),
                Metric::InnerProduct => kernels.dot_x4(self.query, rows).map(|product| -product),
            };
            out.extend(reduced.map(order_key));
        }
        out.extend(rest.iter().map(|&id| self.key(id)));
    }

    #[inline]
    fn prefetch(self, id: u32) {
        kernels::prefetch(self.rows.row(id as usize));
    }

    #[inline]
    fn lower_bound_filter(self, key: u32) -> Option<LowerBoundFilter> {
        self.codes
            .map(|codes| codes.filter_below(value_of_order_key(key)))
    }

    #[inline]
    fn may_be_closer(self, id: u32, filter: LowerBoundFilter) -> bool {
        self.codes
            .is_none_or(|codes| codes.may_be_closer(id, filter))
    }

    #[inline]
    fn may_be_closer_x4(self, ids: [u32; 4], filter: LowerBoundFilter) -> [bool; 4] {
        self.codes
            .map_or([true; 4], |codes| codes.may_be_closer_x4(ids, filter))
    }

    #[inline]
    fn prefetch_codes(self, id: u32) {
        if let Some(codes) = self.codes {
            codes.prefetch(id);
        }
    }

    #[inline]
    fn prefetches_whole(self) -> bool {
        kernels::prefetches_whole::<S>(self.rows.columns())
    }
}

impl<'v, S: Stored> DistanceComputer for VectorDistances<'v, S> {
    type Scorer<'a>
        = VectorScorer<'v, S, S>
    where
        Self: 'a;
    type Queue = HeapQueue;

    fn rows(&self) -> usize {
        self.rows.rows()
    }

    #[inline]
    fn scorer(&self, id: u32) -> VectorScorer<'v, S, S> {
        let Self {
            rows,
            metric,
            codes,
        } = *self;
        VectorScorer {
            query: rows.row(id as usize),
            rows,
            metric,
            codes: codes.map(|codes| codes.row(id)),
        }
    }

    #[inline]
    fn prefetch(&self, candidate: u32, _ids: impl Iterator<Item = u32>) {
        let scorer = self.scorer(candidate);
        scorer.prefetch_codes(candidate);
        scorer.prefetch(candidate);
    }

    #[inline]
    fn is_same_row(&self, a: u32, b: u32) -> bool {
        self.rows.row(a as usize) == self.rows.row(b as usize)
    }

    #[inline]
    fn reverse_key(&self, _candidate: u32, _origin: u32, key: u32) -> u32 {
        key
    }
}

impl<S: Stored> ReducedKeys for VectorDistances<'_, S> {}
