//! From candidates to neighbors: who is surely among the k nearest, in the order that float64
//! gives.
//!
//! Enters: each query's list of candidates. Leaves: its k neighbors.
//!
//! for each query, those of one pivot after one another     the rows they contest over stay in cache
//!   a_k + 2e: the k-th candidate and the error bound       nobody beyond it can be among the k nearest
//!   was anybody under it dropped?                          then every row is evaluated in float64
//!   sort the rest, certify
//!
//! Cost: what is contested, d flops each (see `certificate`); n·d for a query whose neighbors were
//! dropped.

use crate::certificate::{Candidate, Contest, Evaluate};
use crate::exact::Queries;
use crate::kept::{Key, List, id_of, separation_of};
use crate::prepared::{
    Differences, FromRows, Preparation, Size, distance_from_separation, exact_separation,
};
use crate::source::RowSource;
use annatomy_runtime::{PerThread, TASK_QUERIES};
use annatomy_vectors::{Metric, PointId};
use rayon::prelude::*;

/// Candidates kept beyond k, for those that rounding may have put on the wrong side of it.
const MARGIN: usize = 64;

/// How many candidates a list must keep for `k` neighbors, the query itself perhaps among them.
pub(crate) fn limit(k: usize) -> usize {
    k + 1 + MARGIN
}

/// What all queries share.
pub(crate) struct Settling<'s> {
    pub(crate) base: &'s dyn RowSource,
    pub(crate) queries: Queries<'s>,
    pub(crate) k: usize,
    pub(crate) metric: Metric,
    pub(crate) preparation: &'s Preparation,
    /// Of the prepared base rows, by id.
    pub(crate) sizes: Vec<Size>,
}

impl Settling<'_> {
    /// The neighbors of every query, k ids and distances each; each list comes with the size of its
    /// prepared query.
    pub(crate) fn settle<I: From<PointId> + Clone + Send>(
        &self,
        lists: Vec<(List<'_>, Size)>,
    ) -> (Vec<I>, Vec<f32>) {
        let k = self.k;
        let largest = self.sizes.iter().copied().fold(Size::default(), Size::max);
        // Filled in parallel, since it is here that the system first finds room for them.
        let mut ids: Vec<I> = rayon::iter::repeat_n(PointId(0).into(), lists.len() * k).collect();
        let mut distances: Vec<f32> = rayon::iter::repeat_n(0.0, lists.len() * k).collect();
        let slots = ids.chunks_mut(k).zip(distances.chunks_mut(k));
        let mut jobs: Vec<_> = lists.into_iter().zip(slots).enumerate().collect();
        jobs.sort_by_key(|(_, ((list, _), _))| list.pivot);
        let contests = PerThread::new(Contest::default);
        jobs.into_par_iter().with_max_len(TASK_QUERIES).for_each(
            |(query, ((list, size), (ids, distances)))| {
                annatomy_runtime::check();
                let row = self.queries.row(query);
                let nearest = contests.with(|contest| {
                    if let Some(rows) = self.base.resident() {
                        let evaluate = FromRows {
                            metric: self.metric,
                            query: row,
                            rows,
                        };
                        self.nearest(query, list, (size, largest), &evaluate, contest)
                    } else {
                        let evaluate = FromSource {
                            metric: self.metric,
                            query: row,
                            base: self.base,
                        };
                        self.nearest(query, list, (size, largest), &evaluate, contest)
                    }
                });
                for ((id, distance), candidate) in ids.iter_mut().zip(distances).zip(nearest) {
                    *id = PointId(candidate.id).into();
                    *distance =
                        distance_from_separation(self.metric, f64::from(candidate.separation));
                }
            },
        );
        (ids, distances)
    }

    /// At least the k nearest of one query, in exact order; `size` is its own, `largest` that of
    /// any base row.
    fn nearest(
        &self,
        query: usize,
        list: List<'_>,
        (size, largest): (Size, Size),
        evaluate: &impl Evaluate,
        contest: &mut Contest,
    ) -> Vec<Candidate> {
        let own = self.queries.own_id(query);
        let bound = |other: Size| self.preparation.error_bound(size, other);
        let Some(mut candidates) = contenders(list, own, self.k, bound(largest)) else {
            return self.all_by_float64(own, evaluate);
        };
        let bound_of = |candidate: Candidate| bound(self.sizes[candidate.id as usize]);
        contest.certify(&mut candidates, self.k, bound_of, evaluate);
        candidates
    }

    /// The k nearest of every base row: slow, certain, and only for rows crowded at the k-th
    /// distance, or a bar guessed wrong.
    fn all_by_float64(&self, own: Option<u32>, evaluate: &impl Evaluate) -> Vec<Candidate> {
        let others = (0..self.base.rows() as u32).filter(|&id| Some(id) != own);
        let mut all: Vec<(f64, u32)> = others.map(|id| (evaluate.exact(id), id)).collect();
        let order = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        all.select_nth_unstable_by(self.k - 1, order);
        all.truncate(self.k);
        all.sort_unstable_by(order);
        all.into_iter()
            .map(|(value, id)| Candidate {
                separation: value as f32,
                id,
            })
            .collect()
    }
}

/// Every row whose true separation can be among the `k` smallest, sorted; `None` if one of them may
/// be missing.
///
/// The answer depends on what was offered, not on the order in which it was: only a list's `limit`
/// nearest are looked at, which are in it whatever was dropped when.
fn contenders(list: List<'_>, own: Option<u32>, k: usize, error: f64) -> Option<Vec<Candidate>> {
    let mut keys = list.keys;
    if let Some(own) = own
        && let Some(place) = keys.iter().position(|&key| id_of(key) == own)
    {
        let last = keys.len() - 1;
        keys.swap(place, last);
        keys = &mut keys[..last];
    }
    let known = k + MARGIN;
    let mut bar = list.sampled_bar;
    if keys.len() >= known {
        let (_, &mut last, _) = keys.select_nth_unstable(known - 1);
        keys = &mut keys[..known];
        bar = bar.min(separation_of(last));
    }
    if keys.len() < k {
        return None;
    }
    keys.sort_unstable();
    let reach = ((f64::from(separation_of(keys[k - 1])) + 2.0 * error) as f32).next_up();
    if bar <= reach {
        return None;
    }
    let count = keys.partition_point(|&key| separation_of(key) <= reach);
    let candidate = |&key: &Key| Candidate {
        separation: separation_of(key),
        id: id_of(key),
    };
    Some(keys[..count].iter().map(candidate).collect())
}

/// The separations of one raw row from rows that are read one by one.
struct FromSource<'s> {
    metric: Metric,
    query: &'s [f32],
    base: &'s dyn RowSource,
}

impl FromSource<'_> {
    fn read(&self, id: u32) -> Vec<f32> {
        let mut row = vec![0.0; self.base.columns()];
        self.base.read_rows(id as usize..id as usize + 1, &mut row);
        row
    }
}

impl Evaluate for FromSource<'_> {
    /// As for rows in memory, so that where the base lies changes no bit of an answer.
    fn sharper(&self, ids: &[u32], separations: &mut Vec<f32>) -> Option<f64> {
        let differences = Differences::of(self.metric, self.query.len())?;
        separations.extend(
            ids.iter()
                .map(|&id| differences.separation(self.query, &self.read(id))),
        );
        Some(differences.relative_error)
    }

    fn exact(&self, id: u32) -> f64 {
        exact_separation(self.metric, self.query, &self.read(id))
    }
}
