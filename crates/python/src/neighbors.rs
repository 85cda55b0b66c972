//! Exact neighbors, and subsets as NumPy draws them.

use crate::arrays::{Neighbors, Slots, view};
use crate::errors::raised;
use crate::work::{run, run_reporting};
use annatomy_knn::{Queries, RowSource};
use annatomy_vectors::{Metric, validate};
use numpy::{PyArray1, PyReadonlyArray2};
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
