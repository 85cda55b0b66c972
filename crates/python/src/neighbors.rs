//! Exact neighbors, and subsets as NumPy draws them.

use crate::arrays::{Neighbors, Slots, slice, view};
use crate::errors::raised;
use crate::work::{run, run_reporting};
use annatomy_knn::{Candidates, Queries, RowSource};
use annatomy_vectors::{Metric, PointId, validate};
use numpy::{PyArray1, PyArray2, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

/// The exact `k` nearest rows of every query.
#[pyfunction]
pub(crate) fn exact_knn<'py>(
    py: Python<'py>,
    rows: PyReadonlyArray2<'py, f32>,
    queries: Option<PyReadonlyArray2<'py, f32>>,
    k: usize,
    metric: &str,
    threads: usize,
    budget_bytes: u64,
    progress: Option<Py<PyAny>>,
) -> PyResult<Neighbors<'py>> {
    let metric: Metric = metric.parse().map_err(raised)?;
    let base = view(&rows)?;
    let held_out = queries.as_ref().map(view).transpose()?;
    let (ids, distances) = run_reporting(py, threads, progress.as_ref(), || {
        validate::check(base, metric).map_err(raised)?;
        held_out
            .map_or(Ok(()), |queries| validate::check(queries, metric))
            .map_err(raised)?;
        let queries = held_out.map_or(Queries::AllRows(base), Queries::HeldOut);
        let source: &dyn RowSource = &base;
        annatomy_knn::exact_knn_as(source, queries, k, metric, budget_bytes).map_err(raised)
    })??;
    Slots::new(k, ids, distances).into_arrays(py)
}

/// Ids, distances, and which queries' neighbors are the exact ones.
type SettledArrays<'py> = (
    Bound<'py, PyArray2<i64>>,
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray1<bool>>,
);

/// The `k` nearest of each query's candidates in float64, and whether no other row, none of which is nearer than
/// `beyond`, can be among them. `own` are the queries' own rows.
#[pyfunction]
pub(crate) fn settle<'py>(
    py: Python<'py>,
    rows: PyReadonlyArray2<'py, f32>,
    queries: PyReadonlyArray2<'py, f32>,
    own: Option<Vec<usize>>,
    candidates: PyReadonlyArray2<'py, u32>,
    beyond: Vec<f64>,
    k: usize,
    metric: &str,
    threads: usize,
) -> PyResult<SettledArrays<'py>> {
    let metric: Metric = metric.parse().map_err(raised)?;
    let (base, vectors) = (view(&rows)?, view(&queries)?);
    let each = candidates.shape()[1];
    let ids: Vec<PointId> = slice(&candidates)?.iter().map(|&id| PointId(id)).collect();
    let (ids, distances, exact) = run(py, threads, || {
        let queries = own.as_ref().map_or(Queries::HeldOut(vectors), |own| {
            Queries::DrawnRows(vectors, own)
        });
        let candidates = Candidates {
            ids: &ids,
            each,
            beyond: &beyond,
        };
        let settled = annatomy_knn::settle(base, queries, candidates, k, metric);
        let (mut ids, mut distances) = (Vec::new(), Vec::new());
        for query in &settled {
            let found = query
                .nearest
                .iter()
                .map(|&(reduced, id)| (i64::from(id), metric.true_distance_f64(reduced) as f32));
            let empty = std::iter::repeat((-1, f32::INFINITY));
            for (id, distance) in found.chain(empty).take(k) {
                ids.push(id);
                distances.push(distance);
            }
        }
        let exact = settled.iter().map(|query| query.is_exact).collect();
        (ids, distances, exact)
    })?;
    let (ids, distances) = Slots::new(k, ids, distances).into_arrays(py)?;
    Ok((ids, distances, PyArray1::from_vec(py, exact)))
}

/// The rows that `numpy.random.default_rng(seed).choice(n, size, replace=False)` draws, in its
/// order.
#[pyfunction]
pub(crate) fn subset(
    py: Python<'_>,
    n: usize,
    size: usize,
    seed: u64,
) -> PyResult<Bound<'_, PyArray1<i64>>> {
    let rows = run(py, 1, || {
        let rows = annatomy_vectors::subset::numpy_choice(seed, n, size).map_err(raised)?;
        PyResult::Ok(rows.into_iter().map(|row| row as i64).collect())
    })??;
    Ok(PyArray1::from_vec(py, rows))
}
