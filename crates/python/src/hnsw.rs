//! A graph over an array that stays Python's.

use crate::arrays::{Neighbors, matrix, neighbors, view};
use crate::errors::raised;
use crate::work::run;
use annatomy::figures;
use annatomy::index::{Index, SurfaceRequest};
use annatomy_hnsw::{EngineClass, Links, Parameters, reachable};
use annatomy_vectors::Metric;
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A graph and the array it was built from, which it keeps alive and does not copy.
#[pyclass(frozen, module = "annatomy._core")]
pub(crate) struct Hnsw {
    index: Index,
    #[pyo3(get)]
    rows: Py<PyArray2<f32>>,
}

#[pymethods]
impl Hnsw {
    #[new]
    fn new(
        py: Python<'_>,
        rows: PyReadonlyArray2<'_, f32>,
        m: usize,
        ef_construction: usize,
        seed: u64,
        preset: &str,
        metric: &str,
        threads: usize,
        budget_bytes: u64,
    ) -> PyResult<Self> {
        let metric: Metric = metric.parse().map_err(raised)?;
        let parameters = Parameters::preset(preset, m, ef_construction, seed).map_err(raised)?;
        let base = view(&rows)?;
        let index = run(py, threads, || Index::build(base, metric, &parameters, budget_bytes))?.map_err(raised)?;
        Ok(Self { index, rows: (*rows).clone().unbind() })
    }

    /// What an engine of the class returns for (ef, k).
    fn search<'py>(
        &self,
        py: Python<'py>,
        queries: Option<PyReadonlyArray2<'py, f32>>,
        k: usize,
        ef: usize,
        engine: &str,
        threads: usize,
    ) -> PyResult<Neighbors<'py>> {
        let class: EngineClass = engine.parse().map_err(raised)?;
        let rows = self.rows.bind(py).readonly();
        let (rows, queries) = (view(&rows)?, queries.as_ref().map(view).transpose()?);
        let table = run(py, threads, || self.index.search(rows, queries, k, ef, class))?.map_err(raised)?;
        neighbors(py, &table)
    }

    /// The (ef, k) surface as a dictionary of arrays, with its figure.
    fn surface<'py>(
        &self,
        py: Python<'py>,
        queries: Option<PyReadonlyArray2<'py, f32>>,
        efs: Vec<usize>,
        ks: Vec<usize>,
        engine: &str,
        threads: usize,
        budget_bytes: u64,
    ) -> PyResult<Bound<'py, PyDict>> {
        let class: EngineClass = engine.parse().map_err(raised)?;
        let rows = self.rows.bind(py).readonly();
        let (rows, queries) = (view(&rows)?, queries.as_ref().map(view).transpose()?);
        let request = SurfaceRequest { efs: &efs, ks: &ks, class, memory_budget_bytes: budget_bytes };
        let grid = run(py, threads, || self.index.surface(rows, queries, &request))?.map_err(raised)?;
        let surface = PyDict::new(py);
        surface.set_item("svg", figures::surface(&grid, class).map(|figure| figure.svg))?;
        surface.set_item("fill", matrix(py, grid.fill, efs.len(), ks.len())?)?;
        surface.set_item("overlap", matrix(py, grid.overlap, efs.len(), ks.len())?)?;
        surface.set_item("visited", PyArray1::from_vec(py, grid.visited))?;
        let quantiles = grid.required_ef.iter().flatten().map(|ef| ef.map_or(f64::NAN, |ef| ef as f64));
        surface.set_item("required_ef", matrix(py, quantiles.collect(), ks.len(), 3)?)?;
        Ok(surface)
    }

    /// The links of a node on a layer.
    fn links(&self, node: u32, level: usize) -> PyResult<Vec<u32>> {
        let graph = self.index.graph();
        if node as usize >= graph.nodes() || level > graph.level(node) {
            return Err(pyo3::exceptions::PyIndexError::new_err(format!("no node {node} on layer {level}")));
        }
        Ok(graph.links(node, level).to_vec())
    }

    /// Where searches start.
    #[getter]
    fn entry_point(&self) -> Option<u32> {
        self.index.graph().entry_point()
    }

    /// Nodes on each layer, layer 0 first.
    #[getter]
    fn layer_sizes(&self) -> Vec<usize> {
        self.index.graph().layer_sizes()
    }

    /// Whether a path leads from the entry point to each node.
    fn reachable<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<bool>> {
        PyArray1::from_vec(py, reachable(self.index.graph()))
    }
}
