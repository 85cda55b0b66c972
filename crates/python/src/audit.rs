//! An audit of arrays, of a graph, or of what an engine returned.

use crate::arrays::{matrix, slice, view};
use crate::elsewhere::{Asked, ReadFacts, gathered};
use crate::errors::raised;
use crate::hnsw::Hnsw;
use crate::ids::{Ids, Slots, slots};
use crate::media::Shown;
use crate::work::run_reporting;
use annatomy::audit::{
    AuditOutcome, AuditRequest, DEFAULT_KS, ExactSearch, Explored, Given, GivenAnswers,
    GraphRequest, Growth, Prediction, Until, audit_given, draw_queries,
};
use annatomy::report::{RowMedia, note_words, verdict};
use annatomy::{figures, report};
use annatomy_eval::dataset::RowsElsewhere;
use annatomy_formats::{
    IdTable, OutputFolder, Owner, Selection, SlotIds, Values, write_columns, write_points,
};
use annatomy_methods::{Method, Routing};
use annatomy_vectors::Metric;
use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::path::PathBuf;

/// What is wanted of an audit; the Python half fills it in.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Wanted {
    name: String,
    filter_rule: Option<String>,
    selectivities: Vec<f64>,
    growth: bool,
    ks: Option<Vec<usize>>,
    targets: Vec<String>,
    efs: Vec<usize>,
    sample: Option<usize>,
    until: Option<f64>,
    numbers: Option<Vec<usize>>,
    seed: u64,
    metric: Option<String>,
    preset: String,
    m: usize,
    ef_construction: usize,
    graphs: usize,
    predictions: Vec<(usize, usize, String)>,
    requirements: Vec<String>,
    one_graph: bool,
    repair: bool,
    threads: usize,
    budget_bytes: u64,
}

/// Ids and distances, both queries × slots.
type Mended<'py> = (Bound<'py, PyAny>, Bound<'py, PyArray2<f32>>);

/// What an audit found.
#[pyclass(frozen, module = "annatomy._core")]
pub(crate) struct AuditResults(AuditOutcome);

#[pymethods]
impl AuditResults {
    /// `audit.json`.
    fn json(&self) -> PyResult<String> {
        serde_json::to_string(&self.0.results).map_err(raised)
    }

    /// What a reader should know of how things were taken, in words.
    fn notes(&self) -> Vec<String> {
        self.0.results.notes.iter().map(note_words).collect()
    }

    /// A screenful of words.
    fn verdict(&self) -> String {
        verdict(&self.0.results)
    }

    /// Name, title, caption and SVG of every figure.
    fn figures(&self) -> Vec<(String, String, String, String)> {
        let parts =
            |figure: figures::Figure| (figure.name, figure.title, figure.caption, figure.svg);
        figures::of_audit(&self.0.results)
            .into_iter()
            .map(parts)
            .collect()
    }

    /// `report.html`.
    fn report(&self, py: Python<'_>, shown: Shown) -> PyResult<String> {
        let media = py.detach(|| shown.of(&self.0))?;
        let drawn = figures::of_audit(&self.0.results);
        Ok(report::audit_html(
            &self.0.results,
            &drawn,
            self.explorer(&media),
        ))
    }

    /// The conditions as JUnit test cases.
    fn junit(&self) -> String {
        report::junit(&self.0.results.requirements)
    }

    /// Writes `audit.json`, `figures/` and `report.html`.
    fn write(&self, py: Python<'_>, folder: PathBuf, shown: Shown) -> PyResult<()> {
        let json = self.json()?;
        py.detach(|| {
            let media = shown.of(&self.0)?;
            let _claimed = OutputFolder::claim(&folder, Owner::AUDIT).map_err(raised)?;
            annatomy::results::write_file(&folder.join("audit.json"), json.as_bytes())
                .map_err(raised)?;
            write_columns(folder.join("per_query.npz"), &self.0.per_query.columns())
                .map_err(raised)?;
            let drawn = figures::of_audit(&self.0.results);
            figures::write(&folder, &drawn).map_err(raised)?;
            let explorer = self.explorer(&media);
            report::write_audit(&folder, &self.0.results, &drawn, explorer).map_err(raised)
        })
    }

    /// Coordinates of every query, queries × 2; `None` where they are too many for a page.
    fn map<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyArray2<f32>>>> {
        let Some(explored) = &self.0.explored else {
            return Ok(None);
        };
        let places = explored.map.queries.as_flattened().to_vec();
        matrix(py, places, explored.map.queries.len(), 2).map(Some)
    }

    /// Writes the table of points with their neighbors; says how many rows.
    fn atlas(&self, py: Python<'_>, path: PathBuf, texts: Vec<String>) -> PyResult<usize> {
        let text = |row: u32, _: i64| texts.get(row as usize).cloned().unwrap_or_default();
        let text: Option<&dyn Fn(u32, i64) -> String> = (!texts.is_empty()).then_some(&text);
        let Some(atlas) = self.0.atlas(text) else {
            return Err(PyValueError::new_err(
                "there is no map of these queries: more than 20,000, a filter, or an index without a graph over vectors",
            ));
        };
        py.detach(|| write_points(&path, &atlas.columns, &atlas.neighbors))
            .map_err(raised)?;
        Ok(atlas.neighbors.lengths.len())
    }

    /// Per prediction asked for, ids of queries × k; of texts a list, row after row.
    fn predictions<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let queries = self.0.results.data.queries;
        let table = |ids: &SlotIds| slots(py, ids, ids.len().checked_div(queries).unwrap_or(0));
        self.0.predictions.iter().map(table).collect()
    }

    /// Names and values of the columns of the table of queries.
    fn per_query<'py>(&self, py: Python<'py>) -> Vec<(String, Bound<'py, PyAny>)> {
        let column = |column: annatomy_formats::Column| {
            let values = match column.values {
                Values::Integers(values) => PyArray1::from_vec(py, values).into_any(),
                Values::Unsigned(values) => PyArray1::from_vec(py, values).into_any(),
                Values::Reals(values) => PyArray1::from_vec(py, values).into_any(),
                Values::Texts(values) => values.into_pyobject(py).expect("a list").into_any(),
            };
            (column.name, values)
        };
        self.0.per_query.columns().into_iter().map(column).collect()
    }

    /// The repaired neighbors, their distances, and how many rows were replaced.
    fn repaired<'py>(&self, py: Python<'py>) -> PyResult<Option<(Mended<'py>, usize)>> {
        let Some(table) = &self.0.repaired else {
            return Ok(None);
        };
        let ids = slots(py, &table.ids, table.columns)?;
        let distances = matrix(py, table.distances.clone(), table.rows, table.columns)?;
        Ok(Some(((ids, distances), table.replaced)))
    }
}

impl AuditResults {
    fn explorer<'m>(&'m self, media: &'m RowMedia) -> Option<(&'m Explored, &'m RowMedia)> {
        self.0.explored.as_ref().map(|explored| (explored, media))
    }
}

/// Default neighbor counts of an audit.
#[pyfunction]
pub(crate) fn audit_default_ks() -> Vec<usize> {
    DEFAULT_KS.to_vec()
}

/// The queries that an audit measures out of `population`.
#[pyfunction]
pub(crate) fn audit_queries(wanted: Wanted, population: usize) -> PyResult<Vec<usize>> {
    draw_queries(&wanted.request()?, population).map_err(raised)
}

/// A faiss or usearch index that is more than a graph over float32 rows, read from its serialized bytes,
/// or a saved one of these or of DiskANN, read from its files.
#[pyclass(frozen, module = "annatomy._core")]
pub(crate) struct SavedMethod(Method);

#[pymethods]
impl SavedMethod {
    /// `ef_search`: the effort of a graph that its bytes do not say.
    #[new]
    #[pyo3(signature = (saved, ef_search=None))]
    fn new(
        py: Python<'_>,
        saved: PyReadonlyArray1<'_, u8>,
        ef_search: Option<usize>,
    ) -> PyResult<Self> {
        let bytes = saved.as_slice()?;
        let mut method = py.detach(|| Method::from_bytes(bytes)).map_err(raised)?;
        if let Routing::Graph(graph) = &mut method.routing {
            graph.ef_search = graph.ef_search.or(ef_search);
        }
        Ok(Self(method))
    }

    /// Reads the index at `path`; `metric`: of a DiskANN index whose files do not say it.
    #[staticmethod]
    #[pyo3(signature = (path, metric=None))]
    fn read(py: Python<'_>, path: PathBuf, metric: Option<&str>) -> PyResult<Self> {
        let metric = metric.map(|name| name.parse().map_err(raised));
        let metric: Option<Metric> = metric.transpose()?;
        let method = py.detach(|| Method::read_under(&path, metric));
        let named = |error| PyValueError::new_err(format!("{}: {error}", path.display()));
        method.map(Self).map_err(named)
    }

    /// Rows and columns.
    fn shape(&self) -> (usize, usize) {
        (self.0.rows, self.0.columns)
    }
}

/// Audits an index that is more than a graph over float32 rows.
#[pyfunction]
pub(crate) fn audit_method(
    py: Python<'_>,
    rows: Option<PyReadonlyArray2<'_, f32>>,
    queries: Option<PyReadonlyArray2<'_, f32>>,
    method: Bound<'_, SavedMethod>,
    ids: Option<Bound<'_, Ids>>,
    groups: Option<Vec<String>>,
    arithmetic: Option<String>,
    wanted: Wanted,
    progress: Option<Py<PyAny>>,
) -> PyResult<AuditResults> {
    let given = Given {
        name: wanted.name.clone(),
        rows: rows.as_ref().map(view).transpose()?,
        queries: queries.as_ref().map(view).transpose()?,
        method: Some(&method.get().0),
        groups,
        ids: ids.map(|ids| ids.get().0.clone()),
        ..Given::default()
    };
    let mut request = wanted.request()?;
    request.arithmetic = arithmetic
        .map(|name| name.parse().map_err(raised))
        .transpose()?;
    let found = run_reporting(py, 1, progress.as_ref(), || audit_given(&request, given))?;
    Ok(AuditResults(found.map_err(raised)?))
}

/// Audits rows, a graph over them, or what an engine returned.
#[pyfunction]
pub(crate) fn audit(
    py: Python<'_>,
    rows: Option<PyReadonlyArray2<'_, f32>>,
    queries: Option<PyReadonlyArray2<'_, f32>>,
    index: Option<Bound<'_, Hnsw>>,
    neighbors: Option<Slots>,
    distances: Option<PyReadonlyArray2<'_, f32>>,
    ids: Option<Bound<'_, Ids>>,
    groups: Option<Vec<String>>,
    mask: Option<PyReadonlyArray2<'_, u8>>,
    allowed_ids: Option<Slots>,
    wanted: Wanted,
    elsewhere: Option<(Vec<ReadFacts>, Py<PyAny>)>,
    exact: Option<Py<PyAny>>,
    progress: Option<Py<PyAny>>,
) -> PyResult<AuditResults> {
    let exact = exact.map(Asked::new);
    let (facts, fetch) = elsewhere
        .map(|(facts, fetch)| (facts, Asked::new(fetch)))
        .unzip();
    let gathered = match (facts, &fetch) {
        (Some(facts), Some(fetch)) => {
            let metric = wanted.metric.as_deref().unwrap_or("l2");
            let metric = metric.parse().map_err(raised)?;
            Some(gathered(facts, metric, fetch)?)
        }
        _ => None,
    };
    let given = Given {
        name: wanted.name.clone(),
        rows: rows.as_ref().map(view).transpose()?,
        elsewhere: gathered.as_ref().map(|rows| rows as &dyn RowsElsewhere),
        exact: exact.as_ref().map(|search| search as &dyn ExactSearch),
        queries: queries.as_ref().map(view).transpose()?,
        labels: None,
        groups,
        ids: ids.map(|ids| ids.get().0.clone()),
        numbers: wanted.numbers.clone(),
        index: None,
        deleted: &[],
        allowed: allowed(py, mask.as_ref(), allowed_ids)?,
        method: None,
        answers: neighbors
            .map(|slots| answers(slots.table(py)?, distances.as_ref()))
            .transpose()?,
    };
    let found = match index {
        None => audited(py, &wanted, given, progress.as_ref()),
        Some(index) => {
            let index = index.get();
            index.rows.float32(py, |rows| {
                let given = Given {
                    rows: Some(rows),
                    labels: index.labels.as_deref(),
                    index: Some(&index.index),
                    deleted: &index.deleted,
                    ..given
                };
                audited(py, &wanted, given, progress.as_ref())
            })
        }
    };
    let mut asked = [exact.as_ref(), fetch.as_ref()].into_iter().flatten();
    match asked.find_map(Asked::take) {
        Some(error) if found.is_err() => Err(error),
        _ => found,
    }
}

fn audited(
    py: Python<'_>,
    wanted: &Wanted,
    given: Given<'_>,
    progress: Option<&Py<PyAny>>,
) -> PyResult<AuditResults> {
    let request = wanted.request()?;
    // The audit starts its own pool; the one made here only carries the call.
    let found = run_reporting(py, 1, progress, || audit_given(&request, given))?;
    Ok(AuditResults(found.map_err(raised)?))
}

/// A mask over the rows, or ids of rows; one row for all queries, or one per query.
fn allowed(
    py: Python<'_>,
    mask: Option<&PyReadonlyArray2<'_, u8>>,
    ids: Option<Slots>,
) -> PyResult<Option<Selection>> {
    if let Some(mask) = mask {
        let values = slice(mask)?.iter().map(|&value| value != 0).collect();
        let columns = mask.shape()[1];
        return Ok(Some(Selection::Mask { columns, values }));
    }
    ids.map(|ids| ids.table(py).map(Selection::Ids)).transpose()
}

fn answers(ids: IdTable, distances: Option<&PyReadonlyArray2<'_, f32>>) -> PyResult<GivenAnswers> {
    Ok(GivenAnswers {
        name: "the answers given".to_owned(),
        ids,
        distances: distances
            .map(|distances| view(distances).map(|view| view.to_matrix()))
            .transpose()?,
    })
}

impl Wanted {
    fn request(&self) -> PyResult<AuditRequest> {
        let prediction = |(ef, k, class): &(usize, usize, String)| {
            Ok(Prediction {
                ef: *ef,
                k: *k,
                class: class.parse().map_err(raised)?,
            })
        };
        Ok(AuditRequest {
            ks: self.ks.clone(),
            targets: self
                .targets
                .iter()
                .map(|text| text.parse().map_err(raised))
                .collect::<PyResult<_>>()?,
            efs: self.efs.clone(),
            sample: self.sample,
            until: self
                .until
                .map(|half| Until::new(half).map_err(raised))
                .transpose()?,
            seed: self.seed,
            metric: self
                .metric
                .as_ref()
                .map(|name| name.parse().map_err(raised))
                .transpose()?,
            graphs: GraphRequest {
                preset: self.preset.parse().map_err(raised)?,
                m: self.m,
                ef_construction: self.ef_construction,
                count: self.graphs,
            },
            predictions: self
                .predictions
                .iter()
                .map(prediction)
                .collect::<PyResult<_>>()?,
            requirements: self
                .requirements
                .iter()
                .map(|text| text.parse().map_err(raised))
                .collect::<PyResult<_>>()?,
            filter_rule: self
                .filter_rule
                .as_ref()
                .map(|name| name.parse().map_err(raised))
                .transpose()?,
            selectivities: self.selectivities.clone(),
            growth: if self.growth {
                Growth::Measured
            } else {
                Growth::LeftOut
            },
            one_graph: self.one_graph,
            repair: self.repair,
            explore: true,
            threads: self.threads,
            memory_budget_bytes: self.budget_bytes,
            ..AuditRequest::default()
        })
    }
}
