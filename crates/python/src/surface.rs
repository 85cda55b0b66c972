//! The (ef, k) surface of a graph, whole or in parts that add up.

use crate::arrays::{matrix, view};
use crate::errors::raised;
use crate::hnsw::Hnsw;
use crate::rows::over_rows;
use crate::work::run_reporting;
use annatomy::audit::Note;
use annatomy::index::{self, SurfaceRequest};
use annatomy::{figures, report};
use annatomy_eval::surface::SEARCHED_CELLS;
use annatomy_hnsw::EngineClass;
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

/// What some queries count of a surface.
#[pyclass(frozen, module = "annatomy._core")]
pub(crate) struct SurfacePart(index::SurfacePart);

/// What is asked of a surface.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Wanted {
    efs: Vec<usize>,
    ks: Vec<usize>,
    engine: String,
    threads: usize,
    budget_bytes: u64,
}

/// What the queries numbered `part` count of the surface of `graph`; without `queries` all rows are.
pub(crate) fn part(
    graph: &Hnsw,
    py: Python<'_>,
    queries: Option<&PyReadonlyArray2<'_, f32>>,
    (start, end): (usize, usize),
    wanted: &Wanted,
    progress: Option<&Py<PyAny>>,
) -> PyResult<SurfacePart> {
    let class: EngineClass = wanted.engine.parse().map_err(raised)?;
    let queries = queries.map(view).transpose()?;
    let request = SurfaceRequest {
        efs: &wanted.efs,
        ks: &wanted.ks,
        class,
        memory_budget_bytes: wanted.budget_bytes,
    };
    let index = &graph.index;
    let found = over_rows!(&graph.rows, py, rows => {
        run_reporting(py, wanted.threads, progress, || {
            index.surface_part(rows, queries, start..end, &request)
        })
    });
    found?.map(SurfacePart).map_err(raised)
}

#[pymethods]
impl SurfacePart {
    /// What `to_bytes` gave.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        index::SurfacePart::from_bytes(bytes)
            .map(Self)
            .map_err(raised)
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// Pickled as its bytes.
    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let from_bytes = py.get_type::<Self>().getattr("from_bytes")?;
        Ok((from_bytes, (self.to_bytes(py),)))
    }

    /// Number of queries counted.
    #[getter]
    fn queries(&self) -> u64 {
        self.0.queries()
    }

    /// Whose rule for k > ef was counted.
    #[getter]
    fn engine(&self) -> String {
        self.0.class().to_string()
    }

    /// Whether cells are searched with the queue of the graph's engine where distances are equal.
    #[getter]
    fn follows_a_queue(&self) -> bool {
        self.0.follows_a_queue()
    }

    /// What an audit notes of queues that end among rows of equal distance.
    fn notes(&self) -> Vec<String> {
        tied(&self.0).into_iter().collect()
    }

    /// With the queries of another part.
    fn merge(&self, other: &Self) -> PyResult<Self> {
        let mut merged = self.0.clone();
        merged.merge(&other.0).map_err(raised)?;
        Ok(Self(merged))
    }

    /// The means as a dictionary of arrays, with their figure.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let class = self.0.class();
        let grid = self.0.clone().finish();
        let (efs, ks) = (grid.efs.len(), grid.ks.len());
        let surface = PyDict::new(py);
        surface.set_item(
            "svg",
            figures::surface(&grid, class).map(|figure| figure.svg),
        )?;
        surface.set_item("fill", matrix(py, grid.fill, efs, ks)?)?;
        surface.set_item("overlap", matrix(py, grid.overlap, efs, ks)?)?;
        surface.set_item("visited", PyArray1::from_vec(py, grid.visited))?;
        let quantiles = grid
            .required_ef
            .iter()
            .flatten()
            .map(|ef| ef.map_or(f64::NAN, |ef| ef as f64));
        surface.set_item("required_ef", matrix(py, quantiles.collect(), ks, 3)?)?;
        let tied = grid.ties.iter().map(|ties| ties.queries as i64);
        surface.set_item("tied", matrix(py, tied.collect(), efs, ks)?)?;
        Ok(surface)
    }
}

/// The note of ties where they are many, and how to have the engine's own figures.
fn tied(part: &index::SurfacePart) -> Option<String> {
    let (ef, ties) = part.most_tied()?;
    let note = report::note_words(&Note::TiedAtEnd {
        is_followed: part.follows_a_queue(),
        ef,
        queries: ties.queries,
        of: part.queries() as usize,
        rows: ties.rows as f64 / ties.queries as f64,
    });
    if part.is_too_dense() {
        return Some(format!(
            "{note} Ask for up to {SEARCHED_CELLS} cells: then the engine's own queue is followed."
        ));
    }
    Some(note)
}
