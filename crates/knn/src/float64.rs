//! Exact neighbors with their reduced distances in float64: the values that decide the order.
//!
//! Enters: base rows in memory, queries. Leaves: the ids of [`exact_knn`](crate::exact_knn), and for
//! each the value by which a float64 brute force sorts, ties by id. The values depend on the two
//! rows alone: neither on the rows that were searched with them, nor on the machine (see
//! `vectors::kernels`). Cost: that of the search, and d flops in float64 per neighbor.

use crate::exact::{ExactError, exact_knn_as};
use crate::queries::Queries;
use annatomy_runtime::TASK_QUERIES;
use annatomy_vectors::kernels::{self, Stored};
use annatomy_vectors::{MatrixView, Metric, PointId};
use rayon::prelude::*;

/// Neighbors lie anywhere in memory: a row is fetched while the distances of the four before it are summed.
const ROWS_AHEAD: usize = 4;

/// As [`exact_knn`](crate::exact_knn) of a base in memory: ids and reduced distances in float64,
/// queries × k row after row, ascending by (reduced distance, id).
///
/// [`Metric::true_distance_f64`] makes distances of them, right to the last digit of float32.
///
/// ```
/// use annatomy_knn::{Queries, exact_knn_float64};
/// use annatomy_vectors::{Matrix, Metric, PointId};
///
/// let base = Matrix::new(3, 1, vec![0.0, 3.0, 7.0])?;
/// let query = Matrix::new(1, 1, vec![2.0])?;
/// let queries = Queries::HeldOut(query.view());
/// let (ids, reduced) = exact_knn_float64(base.view(), queries, 2, Metric::L2, 0)?;
/// assert_eq!((ids, reduced), (vec![PointId(1), PointId(0)], vec![1.0, 4.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn exact_knn_float64<S: Stored>(
    base: MatrixView<'_, S>,
    queries: Queries<'_>,
    k: usize,
    metric: Metric,
    budget_bytes: u64,
) -> Result<(Vec<PointId>, Vec<f64>), ExactError> {
    let (ids, _) = exact_knn_as(&base, queries, k, metric, budget_bytes)?;
    let reduced = reduced_float64(base, queries, k, metric, &ids);
    Ok((ids, reduced))
}

/// The reduced distances in float64 of neighbors that are known: `ids` are queries × k. Rows in float16
/// are widened one by one.
pub fn reduced_float64<S: Stored>(
    base: MatrixView<'_, S>,
    queries: Queries<'_>,
    k: usize,
    metric: Metric,
    ids: &[PointId],
) -> Vec<f64> {
    let mut reduced = vec![0.0; ids.len()];
    ids.par_chunks(k)
        .zip(reduced.par_chunks_mut(k))
        .enumerate()
        .with_max_len(TASK_QUERIES)
        .for_each_init(Vec::new, |widened, (query, (ids, reduced))| {
            annatomy_runtime::check();
            let vector = queries.row(query);
            for (place, (&id, reduced)) in ids.iter().zip(reduced).enumerate() {
                let row = if let Some(base) = base.as_f32() {
                    if let Some(next) = ids.get(place + ROWS_AHEAD) {
                        kernels::prefetch_whole(base.row(next.index()));
                    }
                    base.row(id.index())
                } else {
                    widened.resize(base.columns(), 0.0);
                    S::widen_all(base.row(id.index()), widened);
                    &widened[..]
                };
                *reduced = metric.reduced_distance_f64(vector, row);
            }
        });
    reduced
}
