//! What a graph asks of its data: comparisons only.
//!
//! Building and searching never add distances, they compare them. An [`DistanceComputer`] answers as row i
//! sees the world through a [`QueryScorer`]: every other row has an integer key, smaller is nearer. Two
//! oracles exist:
//!
//! * [`RankDistances`]: keys are places in the row's sorted order, read from a [`RankTable`] (n up to
//!   65,536);
//! * [`VectorDistances`]: keys are computed separations, their float32 bits mapped to integers of the
//!   same order; with a [`Sq8Codes`] of the rows beside it, most rows are never read.

use super::sq8::{LowerBoundFilter, Sq8Codes, Sq8Queries, Sq8Vector};
use crate::queue::{BitsetQueue, CandidateQueue, HeapQueue};
use annatomy_knn::{RankRow, RankTable};
use annatomy_vectors::kernels::{self, Stored};
use annatomy_vectors::{MatrixView, Metric};

/// The world as one row or query sees it.
pub trait QueryScorer: Copy {
    /// The search structure that suits the keys.
    type Queue: CandidateQueue;

    /// How far `id` is, as an integer of the same order.
    fn key(self, id: u32) -> u32;

    /// Whether the row behind key `a` is truly nearer than the one behind `b` (a tie is not).
    fn strictly_closer(self, a: u32, b: u32) -> bool {
        a < b
    }

    /// The smallest key that is as far as `key`: `key` itself unless places break ties.
    fn first_of_tie(self, key: u32) -> u32 {
        key
    }

    /// n, where keys are places in 0..n, a place of its own for every row.
    fn places(self) -> Option<usize> {
        None
    }

    /// Appends the keys of `ids` in their order. An engine's own arithmetic may depend on how many
    /// are asked at once.
    #[inline]
    fn keys(self, ids: &[u32], out: &mut Vec<u32>) {
        out.extend(ids.iter().map(|&id| self.key(id)));
    }

    /// Begins to fetch what `key(id)` will read.
    fn prefetch(self, id: u32) {
        let _ = id;
    }

    /// What rows that matter only under `key` are sifted by; `None` where nothing tells them sooner
    /// than `key(id)`.
    #[inline]
    fn sieve(self, key: u32) -> Option<LowerBoundFilter> {
        let _ = key;
        None
    }

    /// Whether `id` may be under the key that `sieve` was made of. What does not pass is not under
    /// it.
    #[inline]
    fn passes(self, id: u32, sieve: LowerBoundFilter) -> bool {
        let _ = (id, sieve);
        true
    }

    /// Begins to fetch what `passes(id, …)` will read.
    #[inline]
    fn prefetch_for_sieve(self, id: u32) {
        let _ = id;
    }

    /// Whether that is all of it. Only then is it worth asking before it is certain that `key(id)`
    /// will be asked for.
    fn prefetches_whole(self) -> bool {
        true
    }
}

/// All the views a graph needs of its data.
pub trait DistanceComputer: Sync {
    /// How one row sees the others.
    type Scorer<'a>: QueryScorer<Queue = Self::Queue>
    where
        Self: 'a;
    /// The search structure that suits the keys.
    type Queue: CandidateQueue;

    /// Number of rows, n.
    fn rows(&self) -> usize;

    /// As row `id` sees it.
    fn scorer(&self, id: u32) -> Self::Scorer<'_>;

    /// Begins to fetch what `candidate` will see `ids` by, where it is not in cache as the vectors
    /// of a search are.
    #[inline]
    fn prefetch(&self, candidate: u32, ids: impl Iterator<Item = u32>) {
        let _ = (candidate, ids);
    }

    /// The key under which `candidate` sees `origin`, given the key under which `origin` sees
    /// `candidate`.
    fn reverse_key(&self, candidate: u32, origin: u32, key: u32) -> u32;
}

/// Keys are ranks.
#[derive(Clone, Copy, Debug)]
pub struct RankDistances<'t>(pub &'t RankTable);

/// One row's ranks.
#[derive(Clone, Copy, Debug)]
pub struct RankScorer<'t>(RankRow<'t>);

impl QueryScorer for RankScorer<'_> {
    type Queue = BitsetQueue;

    #[inline]
    fn key(self, id: u32) -> u32 {
        u32::from(self.0.ranks()[id as usize])
    }

    #[inline]
    fn strictly_closer(self, a: u32, b: u32) -> bool {
        a < b && !(self.0.tied_with_previous(b) && a >= self.0.first_of_tie(b))
    }

    #[inline]
    fn first_of_tie(self, key: u32) -> u32 {
        self.0.first_of_tie(key)
    }

    #[inline]
    fn places(self) -> Option<usize> {
        Some(self.0.ranks().len())
    }
}

impl<'t> DistanceComputer for RankDistances<'t> {
    type Scorer<'a>
        = RankScorer<'t>
    where
        Self: 'a;
    type Queue = BitsetQueue;

    fn rows(&self) -> usize {
        self.0.rows()
    }

    #[inline]
    fn scorer(&self, id: u32) -> RankScorer<'t> {
        RankScorer(self.0.row(id as usize))
    }

    #[inline]
    fn prefetch(&self, candidate: u32, ids: impl Iterator<Item = u32>) {
        let ranks = self.0.row(candidate as usize).ranks();
        ids.for_each(|id| kernels::prefetch(&ranks[id as usize..][..1]));
    }

    #[inline]
    fn reverse_key(&self, candidate: u32, origin: u32, _key: u32) -> u32 {
        self.scorer(candidate).key(origin)
    }
}

/// Keys are computed from the vectors at each question. For cosine the rows must have unit length.
///
/// Rows kept in float16 take half the memory and give the very keys that they give widened to
/// float32.
#[derive(Clone, Copy, Debug)]
pub struct VectorDistances<'v, S = f32> {
    rows: MatrixView<'v, S>,
    metric: Metric,
    sketch: Option<&'v Sq8Codes>,
}

/// One vector's separations from the rows of a matrix.
#[derive(Clone, Copy, Debug)]
pub struct VectorScorer<'v, Q = f32, S = f32> {
    query: &'v [Q],
    rows: MatrixView<'v, S>,
    metric: Metric,
    sketched: Option<Sq8Vector<'v>>,
}

impl VectorDistances<'_> {
    /// The separation behind a key of an oracle's views: squared L2, cosine distance or −⟨x, y⟩.
    pub fn reduced_distance_of_key(key: u32) -> f32 {
        reduced_distance_of_key(key)
    }
}

impl<'v, S: Stored> VectorDistances<'v, S> {
    /// An oracle over `rows`. For [`Metric::Cosine`] they must have unit length.
    pub fn new(rows: MatrixView<'v, S>, metric: Metric) -> Self {
        Self {
            rows,
            metric,
            sketch: None,
        }
    }

    /// The same oracle, which finds the same sooner: most rows are told from `sketch`, made of its
    /// rows, to be too far.
    ///
    /// # Panics
    /// If there is one and the metric is not L2.
    #[must_use]
    pub fn with_codes(self, sketch: Option<&'v Sq8Codes>) -> Self {
        assert!(
            sketch.is_none() || self.metric == Metric::L2,
            "a sketch of L2 distances for {}",
            self.metric
        );
        Self { sketch, ..self }
    }

    /// As a vector that is no row sees it.
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
            sketched: None,
        }
    }

    /// The same beside its sketch, where it has one: query `number` of those sketched.
    ///
    /// # Panics
    /// If `query` has another length than the rows, or fewer queries were sketched.
    pub fn scorer_with_codes<'a, Q: Stored>(
        &self,
        query: &'a [Q],
        sketched: Option<&'a Sq8Queries<'a>>,
        number: u32,
    ) -> VectorScorer<'a, Q, S>
    where
        'v: 'a,
    {
        VectorScorer {
            sketched: sketched.map(|queries| queries.query(number)),
            ..self.scorer_for(query)
        }
    }
}

impl<Q: Stored, S: Stored> QueryScorer for VectorScorer<'_, Q, S> {
    type Queue = HeapQueue;

    #[inline]
    fn key(self, id: u32) -> u32 {
        let row = self.rows.row(id as usize);
        let separation = match self.metric {
            Metric::L2 => kernels::l2_squared(self.query, row),
            Metric::Cosine => 1.0 - kernels::dot(self.query, row),
            Metric::InnerProduct => -kernels::dot(self.query, row),
        };
        key_of_reduced_distance(separation)
    }

    #[inline]
    fn keys(self, ids: &[u32], out: &mut Vec<u32>) {
        let kernels = kernels::detected();
        let (fours, rest) = ids.as_chunks();
        for four in fours {
            let rows = four.map(|id| self.rows.row(id as usize));
            let separations = match self.metric {
                Metric::L2 => kernels.l2_squared_x4(self.query, rows),
                Metric::Cosine => kernels
                    .dot_x4(self.query, rows)
                    .map(|product| 1.0 - product),
                Metric::InnerProduct => kernels.dot_x4(self.query, rows).map(|product| -product),
            };
            out.extend(separations.map(key_of_reduced_distance));
        }
        out.extend(rest.iter().map(|&id| self.key(id)));
    }

    #[inline]
    fn prefetch(self, id: u32) {
        kernels::prefetch(self.rows.row(id as usize));
    }

    #[inline]
    fn sieve(self, key: u32) -> Option<LowerBoundFilter> {
        self.sketched
            .map(|sketched| sketched.sieve(reduced_distance_of_key(key)))
    }

    #[inline]
    fn passes(self, id: u32, sieve: LowerBoundFilter) -> bool {
        self.sketched
            .is_none_or(|sketched| sketched.passes(id, sieve))
    }

    #[inline]
    fn prefetch_for_sieve(self, id: u32) {
        if let Some(sketched) = self.sketched {
            sketched.prefetch(id);
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
            sketch,
        } = *self;
        let sketched = sketch.map(|sketch| sketch.row(id));
        VectorScorer {
            query: rows.row(id as usize),
            rows,
            metric,
            sketched,
        }
    }

    #[inline]
    fn reverse_key(&self, _candidate: u32, _origin: u32, key: u32) -> u32 {
        key
    }
}

/// Maps a separation to an integer of the same order (−0 and 0 alike).
pub(crate) fn key_of_reduced_distance(separation: f32) -> u32 {
    let bits = (separation + 0.0).to_bits();
    if bits >> 31 == 0 {
        bits | 1 << 31
    } else {
        !bits
    }
}

/// The separation behind a key of [`key_of_reduced_distance`].
fn reduced_distance_of_key(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 {
        key & !(1 << 31)
    } else {
        !key
    })
}
