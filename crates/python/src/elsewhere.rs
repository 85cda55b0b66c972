//! What tasks on other machines do for an audit or a study: facts of a shard there; rows, exact neighbors and runs, asked for
//! from here.
//!
//! The pool's thread takes the interpreter's lock to ask and waits without it. An exception of the one asked is kept, and raised
//! in the place of the core's own error.

use crate::arrays::{matrix, slice, view};
use crate::errors::raised;
use crate::work::run;
use annatomy::audit::ExactSearch;
use annatomy::study::RunsElsewhere;
use annatomy_eval::dataset::{FetchRows, GatheredRows, RowDigest, ShardFacts};
use annatomy_runtime::{Monitor, advance, stage};
use annatomy_vectors::{Matrix, MatrixView, Metric};
use numpy::{PyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use std::sync::{Mutex, PoisonError};

/// Rows, columns, largest |value|, unit length?, digests as they are and scaled.
type Facts<'py> = (
    usize,
    usize,
    f32,
    bool,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
);

/// What one pass over a shard's rows finds.
#[pyfunction]
pub(crate) fn shard_facts<'py>(
    py: Python<'py>,
    rows: PyReadonlyArray2<'py, f32>,
    metric: &str,
) -> PyResult<Facts<'py>> {
    let metric: Metric = metric.parse().map_err(raised)?;
    let rows = view(&rows)?;
    let facts = run(py, 1, || ShardFacts::of(rows, metric))?.map_err(raised)?;
    let bytes = |digests: &[RowDigest]| PyBytes::new(py, digests.as_flattened());
    Ok((
        facts.rows,
        facts.columns,
        facts.largest,
        facts.all_unit,
        bytes(&facts.as_given),
        bytes(&facts.scaled),
    ))
}

/// Rows scaled to unit length one by one, as an audit scales them.
#[pyfunction]
pub(crate) fn scaled_rows<'py>(
    py: Python<'py>,
    rows: PyReadonlyArray2<'py, f32>,
) -> PyResult<Bound<'py, numpy::PyArray2<f32>>> {
    let rows = view(&rows)?;
    let scaled = run(py, 1, || {
        let mut scaled = rows.to_matrix();
        annatomy_vectors::transform::normalize_rows(&mut scaled).map(|()| scaled)
    })?
    .map_err(raised)?;
    let (count, columns) = (scaled.rows(), scaled.columns());
    matrix(py, scaled.into_values(), count, columns)
}

/// One step of a stage, on a thread of the pool; an error once the work should stop.
#[pyfunction]
pub(crate) fn tick(name: &str, done: u64, total: u64) -> PyResult<()> {
    let went_on = Monitor::catch(|| {
        if done <= 1 {
            stage(name, total);
        }
        advance(1);
        annatomy_runtime::check();
    });
    went_on.map_err(raised)
}

/// What was asked of Python, and what it raised.
#[derive(Debug)]
pub(crate) struct Asked {
    ask: Py<PyAny>,
    raised: Mutex<Option<PyErr>>,
}

impl Asked {
    pub(crate) fn new(ask: Py<PyAny>) -> Self {
        let raised = Mutex::default();
        Self { ask, raised }
    }

    /// The exception that was raised first.
    pub(crate) fn take(&self) -> Option<PyErr> {
        let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        raised.take()
    }

    fn kept<T>(&self, result: PyResult<T>) -> Result<T, String> {
        result.map_err(|error| {
            let words = error.to_string();
            let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
            raised.get_or_insert(error);
            words
        })
    }
}

impl FetchRows for Asked {
    fn fetch(&self, ids: &[usize]) -> Result<Matrix, String> {
        let ids: Vec<i64> = ids.iter().map(|&id| id as i64).collect();
        self.kept(Python::attach(|py| {
            let found = self.ask.call1(py, (PyArray1::from_vec(py, ids),))?;
            let found: PyReadonlyArray2<'_, f32> = found.extract(py)?;
            Ok(view(&found)?.to_matrix())
        }))
    }
}

impl ExactSearch for Asked {
    fn neighbors(
        &self,
        queries: MatrixView<'_>,
        k: usize,
        metric: Metric,
        scaled: bool,
    ) -> Result<Vec<u32>, String> {
        self.kept(Python::attach(|py| {
            let values = queries.values().to_vec();
            let queries = matrix(py, values, queries.rows(), queries.columns())?;
            let found = self
                .ask
                .call1(py, (queries, k, metric.to_string(), scaled))?;
            let found: PyReadonlyArray2<'_, i64> = found.extract(py)?;
            let row = |&id: &i64| {
                u32::try_from(id).map_err(|_| PyValueError::new_err(format!("{id} is no row")))
            };
            slice(&found)?.iter().map(row).collect()
        }))
    }
}

/// Called with the numbers of the runs first, then with each.
impl RunsElsewhere for Asked {
    fn begin(&self, runs: &[usize]) {
        // What it raises is raised again by the first run.
        let begun = Python::attach(|py| self.ask.call1(py, (runs.to_vec(),)).map(drop));
        let _ = self.kept(begun);
    }

    fn run(&self, run: usize) -> Result<Vec<u8>, String> {
        self.kept(Python::attach(|py| {
            let bytes: PyBackedBytes = self
                .ask
                .call1(py, (run,))?
                .extract(py)
                .map_err(PyErr::from)?;
            Ok(bytes.to_vec())
        }))
    }
}

/// The rows of all shards, by what was found of each.
pub(crate) fn gathered(
    facts: Vec<ReadFacts>,
    metric: Metric,
    source: &Asked,
) -> PyResult<GatheredRows<'_>> {
    let shards = facts
        .into_iter()
        .map(
            |(rows, columns, largest, all_unit, as_given, scaled)| ShardFacts {
                rows,
                columns,
                largest,
                all_unit,
                as_given: digests(&as_given),
                scaled: digests(&scaled),
            },
        )
        .collect();
    GatheredRows::new(shards, metric, source).map_err(raised)
}

/// [`Facts`] as they come back.
pub(crate) type ReadFacts = (usize, usize, f32, bool, PyBackedBytes, PyBackedBytes);

fn digests(bytes: &[u8]) -> Vec<RowDigest> {
    bytes.as_chunks().0.to_vec()
}
