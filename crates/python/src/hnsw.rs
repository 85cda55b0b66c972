//! A graph over an array that stays Python's: built here, or read out of a live engine.

use crate::arrays::{Neighbors, Slots, matrix, view};
use crate::errors::raised;
use crate::rows::{Rows, over_rows};
use crate::surface::{self, SurfacePart};
use crate::work::{run, run_reporting};
use annatomy::index::{EngineIndex, Index, IndexFacts};
use annatomy_hnsw::import::{Arithmetic, Probe, SavedIndex};
use annatomy_hnsw::{EngineClass, Links, Preset, reachable};
use annatomy_knn::NeighborTable;
use annatomy_vectors::Metric;
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A graph and the array it was built from, which it keeps alive and does not copy.
#[pyclass(frozen, module = "annatomy._core")]
pub(crate) struct Hnsw {
    pub(crate) index: Index,
    pub(crate) rows: Rows,
    /// What the engine calls each row, where that is not its number.
    pub(crate) labels: Option<Vec<i64>>,
    /// Rows that the engine searches through and never returns.
    pub(crate) deleted: Vec<u32>,
}

/// What a live engine says that its bytes do not.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Live {
    metric: Option<String>,
    engine: Option<String>,
    ef_search: Option<usize>,
    arithmetic: Option<String>,
    probe: Option<Probed>,
}

/// Queries, and the ids and distances that a live engine returned for them.
type Probed = (Py<PyArray2<f32>>, Py<PyArray2<i64>>, Py<PyArray2<f32>>);

#[pymethods]
impl Hnsw {
    #[new]
    fn new(
        py: Python<'_>,
        rows: Rows,
        m: usize,
        ef_construction: usize,
        seed: u64,
        preset: &str,
        metric: &str,
        threads: usize,
        budget_bytes: u64,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let metric: Metric = metric.parse().map_err(raised)?;
        let preset: Preset = preset.parse().map_err(raised)?;
        let parameters = preset.parameters(m, ef_construction, seed);
        let progress = progress.as_ref();
        let index = over_rows!(&rows, py, base => {
            run_reporting(py, threads, progress, || Index::build(base, metric, &parameters, budget_bytes))
        });
        let mut index = index?.map_err(raised)?;
        index.facts.source = format!("a graph built here as {preset} builds, seed {seed}");
        index.facts.class = preset.engine_class();
        Ok(Self {
            index,
            rows,
            labels: None,
            deleted: Vec::new(),
        })
    }

    /// How many rows are marked deleted.
    #[getter]
    fn deleted_rows(&self) -> usize {
        self.deleted.len()
    }

    /// The array that the graph is over.
    #[getter]
    fn rows(&self, py: Python<'_>) -> Py<PyAny> {
        match &self.rows {
            Rows::Float32(rows) => rows.clone_ref(py).into_any(),
            Rows::Float16(rows) => rows.clone_ref(py).into_any(),
        }
    }

    /// The graph in an engine's own bytes, over `rows` where those hold the engine's values, else
    /// over the engine's.
    #[staticmethod]
    fn of_engine(
        py: Python<'_>,
        saved: Vec<PyReadonlyArray1<'_, u8>>,
        rows: Option<PyReadonlyArray2<'_, f32>>,
        live: Live,
    ) -> PyResult<Self> {
        let strided = |error: numpy::AsSliceError| PyValueError::new_err(error.to_string());
        let segments: Vec<&[u8]> = saved
            .iter()
            .map(|bytes| bytes.as_slice().map_err(strided))
            .collect::<PyResult<_>>()?;
        let metric: Option<Metric> = live
            .metric
            .map(|name| name.parse().map_err(raised))
            .transpose()?;
        let class: Option<EngineClass> = live
            .engine
            .map(|name| name.parse().map_err(raised))
            .transpose()?;
        let arithmetic: Option<Arithmetic> = live
            .arithmetic
            .map(|name| name.parse().map_err(raised))
            .transpose()?;
        let probed = live.probe.as_ref().map(|(queries, ids, distances)| {
            let (queries, ids) = (queries.bind(py).readonly(), ids.bind(py).readonly());
            (queries, ids, distances.bind(py).readonly())
        });
        let probe = probed.as_ref().map(probe_of).transpose()?;
        let given = rows.as_ref().map(view).transpose()?;
        let read = || {
            let mut parts = Vec::with_capacity(segments.len());
            for (number, bytes) in segments.iter().enumerate() {
                let part = SavedIndex::from_bytes(bytes).map_err(raised)?;
                parts.push((format!("segment {number}"), part));
            }
            if parts.is_empty() {
                return Err(PyValueError::new_err("no segments"));
            }
            let counts: Vec<usize> = parts.iter().map(|(_, part)| part.vectors.rows()).collect();
            let arithmetic = arithmetic.or_else(|| found_by(&parts[0].1, metric, probe));
            let is_whole = parts.len() == 1;
            let saved = if is_whole {
                parts.remove(0).1
            } else {
                SavedIndex::merged(parts).map_err(raised)?
            };
            let deleted = saved.deleted.clone();
            let mut taken = EngineIndex::new(saved, metric, arithmetic, given).map_err(raised)?;
            if !is_whole {
                let facts = &mut taken.index.facts;
                facts.source = format!("{} segments, each {}", counts.len(), facts.source);
                facts.segments = counts;
            }
            PyResult::Ok((taken, deleted))
        };
        let (taken, deleted) = run(py, 1, read)??;
        let EngineIndex {
            mut index,
            rows: own,
            labels,
        } = taken;
        let rows = match (own, &rows) {
            (Some(own), _) => {
                let (count, columns) = (own.rows(), own.columns());
                matrix(py, own.into_values(), count, columns)?.unbind()
            }
            (None, Some(rows)) => (**rows).clone().unbind(),
            (None, None) => return Err(PyValueError::new_err("an engine without rows")),
        };
        let facts = &mut index.facts;
        facts.source.push_str(" in memory");
        facts.class = class.unwrap_or(facts.class);
        facts.ef_search = live.ef_search.or(facts.ef_search);
        Ok(Self {
            index,
            rows: Rows::Float32(rows),
            labels,
            deleted,
        })
    }

    /// Graphs built here over the parts of `rows`, searched one by one, their answers merged.
    #[staticmethod]
    fn of_segments(
        py: Python<'_>,
        segments: Vec<Bound<'_, Self>>,
        rows: Bound<'_, PyArray2<f32>>,
    ) -> PyResult<Self> {
        let parts: Vec<&Index> = segments.iter().map(|part| &part.get().index).collect();
        let given = rows.readonly();
        let given = view(&given)?;
        let index = run(py, 1, || Index::of_segments(&parts, given))?.map_err(raised)?;
        Ok(Self {
            index,
            rows: Rows::Float32(rows.clone().unbind()),
            labels: None,
            deleted: Vec::new(),
        })
    }

    /// What the engine calls each row, where that is not its number.
    #[getter]
    fn labels<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyArray1<i64>>> {
        self.labels
            .as_ref()
            .map(|labels| PyArray1::from_slice(py, labels))
    }

    /// M, efConstruction, efSearch where it is known, metric, rule for k > ef, where the graph comes
    /// from, and the engine's arithmetic where it is an engine's.
    #[getter]
    fn facts(
        &self,
    ) -> (
        usize,
        usize,
        Option<usize>,
        String,
        String,
        String,
        Option<String>,
    ) {
        let IndexFacts {
            source,
            class,
            m,
            ef_construction,
            ef_search,
            ..
        } = &self.index.facts;
        (
            *m,
            *ef_construction,
            *ef_search,
            self.index.metric().to_string(),
            class.to_string(),
            source.clone(),
            self.index
                .engine()
                .map(|build| build.arithmetic.to_string()),
        )
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
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Neighbors<'py>> {
        let class: EngineClass = engine.parse().map_err(raised)?;
        let queries = queries.as_ref().map(view).transpose()?;
        let (index, progress) = (&self.index, progress.as_ref());
        let slots = |table: NeighborTable| Slots::of(&table);
        let found = over_rows!(&self.rows, py, rows => {
            run_reporting(py, threads, progress, || index.search(rows, queries, k, ef, class).map(slots))
        });
        found?.map_err(raised)?.into_arrays(py)
    }

    /// What the queries numbered `part` count of the (ef, k) surface; without `queries` all rows are.
    fn surface_part(
        &self,
        py: Python<'_>,
        queries: Option<PyReadonlyArray2<'_, f32>>,
        part: (usize, usize),
        wanted: surface::Wanted,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<SurfacePart> {
        surface::part(self, py, queries.as_ref(), part, &wanted, progress.as_ref())
    }

    /// Whether the surface of all rows is read from tables of all pairs, in one part.
    fn surface_is_tabled(&self, k: usize, budget_bytes: u64) -> bool {
        self.index.surface_is_tabled(k, budget_bytes)
    }

    /// What `__reduce__` takes apart.
    #[staticmethod]
    fn of_bytes(
        py: Python<'_>,
        bytes: PyReadonlyArray1<'_, u8>,
        rows: Rows,
        labels: Option<Vec<i64>>,
        deleted: Vec<u32>,
    ) -> PyResult<Self> {
        let bytes = bytes
            .as_slice()
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let index = over_rows!(&rows, py, rows => run(py, 1, || Index::from_bytes(bytes, rows)));
        Ok(Self {
            index: index?.map_err(raised)?,
            rows,
            labels,
            deleted,
        })
    }

    /// Pickled as its graph and its rows, both out of band where the protocol allows it.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Reduced<'py>)> {
        let of_bytes = py.get_type::<Self>().getattr("of_bytes")?;
        let bytes = py.detach(|| self.index.to_bytes());
        let parts = (
            PyArray1::from_vec(py, bytes),
            self.rows(py),
            self.labels.clone(),
            self.deleted.clone(),
        );
        Ok((of_bytes, parts))
    }

    /// The links of a node on a layer.
    fn links(&self, node: u32, level: usize) -> PyResult<Vec<u32>> {
        let graph = self.index.graph();
        if node as usize >= graph.nodes() || level > graph.level(node) {
            return Err(pyo3::exceptions::PyIndexError::new_err(format!(
                "no node {node} on layer {level}"
            )));
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

/// Bytes, rows, labels, deleted rows.
type Reduced<'py> = (
    Bound<'py, PyArray1<u8>>,
    Py<PyAny>,
    Option<Vec<i64>>,
    Vec<u32>,
);

type ProbedArrays<'py> = (
    PyReadonlyArray2<'py, f32>,
    PyReadonlyArray2<'py, i64>,
    PyReadonlyArray2<'py, f32>,
);

fn probe_of<'p>((queries, ids, distances): &'p ProbedArrays<'_>) -> PyResult<Probe<'p>> {
    let strided = |error: numpy::AsSliceError| PyValueError::new_err(error.to_string());
    Ok(Probe {
        queries: view(queries)?,
        ids: ids.as_slice().map_err(strided)?,
        distances: distances.as_slice().map_err(strided)?,
    })
}

/// The arithmetic in which a live engine answered, where there are answers and one fits.
fn found_by(
    saved: &SavedIndex,
    metric: Option<Metric>,
    probe: Option<Probe<'_>>,
) -> Option<Arithmetic> {
    let metric = saved.metric.or(metric).unwrap_or(Metric::L2);
    saved.arithmetic_of(metric, probe?)
}
