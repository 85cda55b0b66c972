//! The engine hnsw_rs over an array, behind the feature of that name.

use crate::arrays::{matrix, view};
use crate::errors::raised;
use crate::work::run;
use annatomy::engines;
use numpy::{PyArray2, PyReadonlyArray2};
use pyo3::prelude::*;

/// An index of hnsw_rs, which keeps a copy of its rows.
#[pyclass(frozen, module = "annatomy._core")]
pub(crate) struct HnswRs(engines::HnswRs);

#[pymethods]
impl HnswRs {
    #[new]
    fn new(
        py: Python<'_>,
        rows: PyReadonlyArray2<'_, f32>,
        m: usize,
        ef_construction: usize,
    ) -> PyResult<Self> {
        let rows = view(&rows)?;
        let built = run(py, 1, || engines::HnswRs::build(rows, m, ef_construction))?;
        Ok(Self(built.map_err(raised)?))
    }

    /// Of the crate.
    #[staticmethod]
    fn version() -> &'static str {
        engines::HnswRs::VERSION
    }

    /// Ids of q × k, −1 in the slots that it left out.
    fn search<'py>(
        &self,
        py: Python<'py>,
        queries: PyReadonlyArray2<'py, f32>,
        k: usize,
        ef: usize,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<i64>>> {
        let queries = view(&queries)?;
        let found = run(py, threads, || self.0.search(queries, k, ef))?.map_err(raised)?;
        let ids = found
            .iter()
            .flatten()
            .map(|id| id.map_or(-1, |id| i64::from(id.0)));
        matrix(py, ids.collect(), queries.rows(), k)
    }
}
