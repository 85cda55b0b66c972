//! Neighbors among candidates that another processor found, settled in float64.
//!
//! Enters: for every query some rows, and a lower bound on the reduced distance of all others. Leaves: the k
//! nearest of those rows by float64, ties by id, and whether they are the exact neighbors among all rows: the
//! k-th is nearer than the bound. Cost: d flops in float64 a candidate.

use crate::queries::Queries;
use annatomy_runtime::TASK_QUERIES;
use annatomy_vectors::kernels;
use annatomy_vectors::{MatrixView, Metric, PointId};
use rayon::prelude::*;

/// Rows that may be neighbors, as many for each query.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'c> {
    /// Queries × candidates, no row twice for a query.
    pub ids: &'c [PointId],
    /// Candidates of a query.
    pub each: usize,
    /// For every query: no row that is not among its candidates has a reduced distance below it.
    pub beyond: &'c [f64],
}

/// The neighbors of one query.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// Reduced distances in float64 and ids, ascending; fewer than k where there are fewer candidates.
    pub nearest: Vec<(f64, PointId)>,
    /// Whether they are the k nearest of all rows.
    pub is_exact: bool,
}

/// The `k` nearest candidates of every query, itself left out, on the current rayon pool.
///
/// # Panics
/// If there are not as many candidates and bounds as queries, or an id is no row.
pub fn settle(
    base: MatrixView<'_>,
    queries: Queries<'_>,
    candidates: Candidates<'_>,
    k: usize,
    metric: Metric,
) -> Vec<Settled> {
    let Candidates { ids, each, beyond } = candidates;
    let count = queries.count();
    assert!(
        ids.len() == count * each && beyond.len() == count,
        "{} candidates and {} bounds for {count} queries of {each}",
        ids.len(),
        beyond.len()
    );
    let of_query = |query: usize| {
        annatomy_runtime::check();
        let (vector, own) = (queries.row(query), queries.own_id(query));
        let ids = &ids[query * each..][..each];
        let mut nearest: Vec<(f64, PointId)> = Vec::with_capacity(each);
        for (place, &id) in ids.iter().enumerate() {
            if let Some(next) = ids.get(place + 1) {
                kernels::prefetch_whole(base.row(next.index()));
            }
            if Some(id.0) != own {
                let reduced = metric.reduced_distance_f64(vector, base.row(id.index()));
                nearest.push((reduced, id));
            }
        }
        nearest.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        nearest.truncate(k);
        let is_exact = k == 0
            || nearest
                .get(k - 1)
                .is_some_and(|last| last.0 < beyond[query]);
        Settled { nearest, is_exact }
    };
    (0..count)
        .into_par_iter()
        .with_max_len(TASK_QUERIES)
        .map(of_query)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_vectors::Matrix;

    #[test]
    fn neighbors_are_exact_only_below_the_bound() {
        let base = Matrix::new(6, 1, vec![0.0, 3.0, 3.0, 5.0, -3.0, 9.0]).expect("6 × 1");
        let query = Matrix::new(1, 1, vec![0.0]).expect("1 × 1");
        let ids = [5, 2, 4, 1].map(PointId);
        let of = |queries, k, beyond| {
            let candidates = Candidates {
                ids: &ids,
                each: 4,
                beyond: &[beyond],
            };
            settle(base.view(), queries, candidates, k, Metric::L2).remove(0)
        };
        let held_out = Queries::HeldOut(query.view());
        // Ties by id, whatever their order among candidates.
        let nearest = vec![(9.0, PointId(1)), (9.0, PointId(2))];
        for (beyond, is_exact) in [(9.0_f64.next_up(), true), (9.0, false), (f64::NAN, false)] {
            let expected = Settled {
                nearest: nearest.clone(),
                is_exact,
            };
            assert_eq!(of(held_out, 2, beyond), expected, "{beyond}");
        }
        // Row 2 itself is left out; more neighbors than candidates are never exact.
        let own = [2];
        let row = of(Queries::SomeRows(base.view(), &own), 4, f64::INFINITY);
        let ids: Vec<u32> = row.nearest.iter().map(|(_, id)| id.0).collect();
        assert_eq!((ids, row.is_exact), (vec![1, 4, 5], false));
    }
}
