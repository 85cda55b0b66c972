//! Exact reranking: from the top-k buffers to neighbors in the order that float64 gives.
//!
//! Enters: each query's list of candidates. Leaves: its k neighbors.
//!
//! for each query, grouped by pivot                         their ambiguous rows stay in cache
//!   a_k + 2e: the k-th candidate and the error bound       rows beyond it cannot be among the k nearest
//!   the buffer overflowed below it                         full scan in float64
//!   sort the rest, certify
//!
//! Cost: d flops per ambiguous candidate (see `certificate`); n·d for a query whose buffer
//! overflowed.

use super::certificate::{Candidate, Evaluate, Reranker};
use super::evaluate::{FromRows, FromSource};
use crate::prepared::{Preparation, RowMagnitude};
use crate::queries::Queries;
use crate::source::RowSource;
use crate::topk_buffers::{Key, TopKList, id_of, reduced_of};
use annatomy_runtime::{PerThread, TASK_QUERIES};
use annatomy_vectors::{Metric, PointId};
use rayon::prelude::*;

/// Candidates kept beyond k, for those that rounding may have put on the wrong side of it.
pub(crate) const MARGIN: usize = 64;

/// How many candidates a list must keep for `k` neighbors, the query itself perhaps among them.
pub(crate) fn limit(k: usize) -> usize {
    k + 1 + MARGIN
}

/// What the reranking of all queries shares.
pub(crate) struct ExactRerank<'s> {
    pub(crate) base: &'s dyn RowSource,
    pub(crate) queries: Queries<'s>,
    pub(crate) k: usize,
    pub(crate) metric: Metric,
    pub(crate) preparation: &'s Preparation,
    /// Magnitudes of the prepared base rows, by id.
    pub(crate) magnitudes: Vec<RowMagnitude>,
}

impl ExactRerank<'_> {
    /// The neighbors of every query, k ids and distances each; each list comes with the magnitude
    /// of its prepared query.
    pub(crate) fn rerank<I: From<PointId> + Clone + Send>(
        &self,
        lists: Vec<(TopKList<'_>, RowMagnitude)>,
    ) -> (Vec<I>, Vec<f32>) {
        let k = self.k;
        let largest = self
            .magnitudes
            .iter()
            .copied()
            .fold(RowMagnitude::default(), RowMagnitude::max);
        // Filled in parallel, since the system first maps their pages here.
        let mut ids: Vec<I> = rayon::iter::repeat_n(PointId(0).into(), lists.len() * k).collect();
        let mut distances: Vec<f32> = rayon::iter::repeat_n(0.0, lists.len() * k).collect();
        let slots = ids.chunks_mut(k).zip(distances.chunks_mut(k));
        let mut jobs: Vec<_> = lists.into_iter().zip(slots).enumerate().collect();
        jobs.sort_by_key(|(_, ((list, _), _))| list.pivot);
        let rerankers = PerThread::new(Reranker::default);
        jobs.into_par_iter().with_max_len(TASK_QUERIES).for_each(
            |(query, ((list, magnitude), (ids, distances)))| {
                annatomy_runtime::check();
                let row = self.queries.row(query);
                let nearest = rerankers.with(|reranker| {
                    if let Some(rows) = self.base.resident() {
                        let evaluate = FromRows {
                            metric: self.metric,
                            query: row,
                            rows,
                            repeats: None,
                        };
                        self.nearest(query, list, (magnitude, largest), &evaluate, reranker)
                    } else {
                        let evaluate = FromSource {
                            metric: self.metric,
                            query: row,
                            base: self.base,
                        };
                        self.nearest(query, list, (magnitude, largest), &evaluate, reranker)
                    }
                });
                for ((id, distance), candidate) in ids.iter_mut().zip(distances).zip(nearest) {
                    *id = PointId(candidate.id).into();
                    *distance = self.metric.true_distance(candidate.reduced);
                }
            },
        );
        (ids, distances)
    }

    /// At least the k nearest of one query, in exact order; `magnitude` is its own, `largest` a
    /// bound on those of all base rows.
    fn nearest(
        &self,
        query: usize,
        list: TopKList<'_>,
        (magnitude, largest): (RowMagnitude, RowMagnitude),
        evaluate: &impl Evaluate,
        reranker: &mut Reranker,
    ) -> Vec<Candidate> {
        let own = self.queries.own_id(query);
        let bound = |other: RowMagnitude| self.preparation.error_bound(magnitude, other);
        let Some(mut candidates) = contenders(list, own, self.k, bound(largest)) else {
            return self.all_by_float64(own, evaluate);
        };
        let bound_of = |candidate: Candidate| bound(self.magnitudes[candidate.id as usize]);
        reranker.certify(&mut candidates, self.k, bound_of, evaluate);
        candidates
    }

    /// Full scan in float64: slow, certain, and only for rows crowded at the k-th distance, or a
    /// sampled threshold that was too low.
    fn all_by_float64(&self, own: Option<u32>, evaluate: &impl Evaluate) -> Vec<Candidate> {
        let others = (0..self.base.rows() as u32).filter(|&id| Some(id) != own);
        let mut all: Vec<(f64, u32)> = others.map(|id| (evaluate.exact(id), id)).collect();
        let order = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        all.select_nth_unstable_by(self.k - 1, order);
        all.truncate(self.k);
        all.sort_unstable_by(order);
        all.into_iter()
            .map(|(value, id)| Candidate {
                reduced: value as f32,
                id,
            })
            .collect()
    }
}

/// Every row whose true reduced distance can be among the `k` smallest, sorted; `None` if one of
/// them may be missing.
///
/// The answer depends on what was offered, not on the order in which it was: only a list's `limit`
/// nearest are looked at, which are in it whatever was dropped when.
fn contenders(
    list: TopKList<'_>,
    own: Option<u32>,
    k: usize,
    error: f64,
) -> Option<Vec<Candidate>> {
    let mut keys = list.keys;
    if let Some(own) = own
        && let Some(place) = keys.iter().position(|&key| id_of(key) == own)
    {
        let last = keys.len() - 1;
        keys.swap(place, last);
        keys = &mut keys[..last];
    }
    let known = k + MARGIN;
    let mut threshold = list.sampled_threshold;
    if keys.len() >= known {
        let (_, &mut last, _) = keys.select_nth_unstable(known - 1);
        keys = &mut keys[..known];
        threshold = threshold.min(reduced_of(last));
    }
    if keys.len() < k {
        return None;
    }
    keys.sort_unstable();
    let reach = ((f64::from(reduced_of(keys[k - 1])) + 2.0 * error) as f32).next_up();
    if threshold <= reach {
        return None;
    }
    let count = keys.partition_point(|&key| reduced_of(key) <= reach);
    let candidate = |&key: &Key| Candidate {
        reduced: reduced_of(key),
        id: id_of(key),
    };
    Some(keys[..count].iter().map(candidate).collect())
}
