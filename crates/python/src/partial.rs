//! Partial exact neighbors: of rows in memory or in a file, and their merge.

use crate::arrays::{Neighbors, Slots, matrix, view};
use crate::errors::raised;
use crate::work::{run, run_reporting};
use annatomy_formats::{Role, RowRanges, Source, write_atomically};
use annatomy_knn::{
    BaseIdentity, Checksum256, PartialHeader, PartialQueries, PartialRequest, PartialSearch,
};
use annatomy_vectors::{MatrixView, Metric, validate};
use numpy::{PyArray2, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::io;
use std::path::{Path, PathBuf};

/// Rows and checksum of a base.
type Base = (u64, [u8; 32]);

/// The neighbors of every query among some base rows.
#[pyclass(frozen, module = "annatomy._core")]
pub(crate) struct Partial(annatomy_knn::Partial);

#[pymethods]
impl Partial {
    /// What `to_bytes` gave.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        let read = annatomy_knn::Partial::read(&mut &*bytes, bytes.len() as u64);
        read.map(Self).map_err(raised)
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.to_bytes()))
    }

    /// What `write` or the command wrote.
    #[staticmethod]
    fn read(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        py.detach(|| {
            let opened = annatomy_formats::open_regular(&path);
            let opened = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
            let (length, file) = opened.map_err(|error| about(&path, error))?;
            let read = annatomy_knn::Partial::read(&mut io::BufReader::new(file), length);
            read.map(Self).map_err(|error| about(&path, error))
        })
    }

    fn write(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let written = py.detach(|| write_atomically(&path, |file| self.0.write(file)));
        written.map_err(|error: io::Error| about(&path, error))
    }

    /// Pickled as its bytes.
    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let from_bytes = py.get_type::<Self>().getattr("from_bytes")?;
        Ok((from_bytes, (self.to_bytes(py),)))
    }

    /// First row, end, k, queries, columns, metric, whether queries are base rows.
    #[getter]
    fn facts(&self) -> (u64, u64, usize, usize, usize, String, bool) {
        facts(self.0.header())
    }

    /// Rows and checksum of its base, where they are known.
    #[getter]
    fn base(&self) -> Option<Base> {
        self.0
            .header()
            .base
            .map(|base| (base.rows, base.checksum.0))
    }

    /// The checksum of its queries.
    #[getter]
    fn queries_checksum(&self) -> [u8; 32] {
        self.0.header().queries_checksum.0
    }

    /// The same, its rows numbered from `first` on, as rows of `base`.
    fn numbered(&self, first: u64, base: Option<Base>) -> PyResult<Self> {
        let of_base = self.0.clone().of_base(base.map(identity));
        of_base.shifted(first).map(Self).map_err(raised)
    }

    /// With the partial of the rows that follow.
    fn merge(&self, py: Python<'_>, next: &Self) -> PyResult<Self> {
        py.detach(|| self.0.merge(&next.0))
            .map(Self)
            .map_err(raised)
    }

    /// Ids and distances, where all rows are there.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Neighbors<'py>> {
        let k = self.0.header().k;
        let (ids, distances) = py.detach(|| self.0.clone().finish()).map_err(raised)?;
        Slots::new(k, ids.into_iter().map(i64::from).collect(), distances).into_arrays(py)
    }
}

fn facts(header: &PartialHeader) -> (u64, u64, usize, usize, usize, String, bool) {
    (
        header.rows.start,
        header.rows.end,
        header.k,
        header.queries,
        header.columns,
        header.metric.to_string(),
        header.are_base_rows,
    )
}

fn identity((rows, checksum): Base) -> BaseIdentity {
    BaseIdentity {
        rows,
        checksum: Checksum256(checksum),
    }
}

/// An error with its file.
pub(crate) fn about(path: &Path, error: impl std::error::Error + 'static) -> PyErr {
    let name = annatomy_runtime::printable_path(path).to_string();
    raised(OfFile { name, error })
}

#[derive(Debug)]
struct OfFile<E> {
    name: String,
    error: E,
}

impl<E: std::error::Error> std::fmt::Display for OfFile<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.error)
    }
}

impl<E: std::error::Error + 'static> std::error::Error for OfFile<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// The order in which the partials of all rows merge.
#[pyfunction]
pub(crate) fn merge_order(partials: Vec<PyRef<'_, Partial>>) -> PyResult<Vec<usize>> {
    let headers: Vec<PartialHeader> = partials
        .iter()
        .map(|partial| partial.0.header().clone())
        .collect();
    annatomy_knn::merge_order(&headers).map_err(raised)
}

/// As of partials, of the files that hold them: their headers alone are read.
#[pyfunction]
pub(crate) fn merge_order_of_files(paths: Vec<PathBuf>) -> PyResult<Vec<usize>> {
    let header = |path: &PathBuf| {
        let opened = annatomy_formats::open_regular(path);
        let opened = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, mut file) = opened.map_err(|error| about(path, error))?;
        PartialHeader::read(&mut file, length).map_err(|error| about(path, error))
    };
    let headers = paths.iter().map(header).collect::<PyResult<Vec<_>>>()?;
    annatomy_knn::merge_order(&headers).map_err(raised)
}

/// The neighbors among `rows`, which are the base's from `first` on.
#[pyfunction]
pub(crate) fn partial_of_rows(
    py: Python<'_>,
    rows: PyReadonlyArray2<'_, f32>,
    queries: Option<PyReadonlyArray2<'_, f32>>,
    part: (usize, usize),
    k: usize,
    metric: &str,
    base: Option<Base>,
    threads: usize,
    budget_bytes: u64,
    progress: Option<Py<PyAny>>,
) -> PyResult<Partial> {
    let metric: Metric = metric.parse().map_err(raised)?;
    let all = view(&rows)?;
    let held_out = queries.as_ref().map(view).transpose()?;
    let (start, end) = part;
    if start >= end || end > all.rows() {
        let n = all.rows();
        let problem = format!("rows {start}:{end} asked for, X has {n} rows");
        return Err(PyValueError::new_err(problem));
    }
    run_reporting(py, threads, progress.as_ref(), || {
        let queries = held_out.map_or(PartialQueries::BaseRows(all), PartialQueries::HeldOut);
        let part = all.row_range(start..end);
        validate::check(part, metric).map_err(raised)?;
        match queries {
            PartialQueries::HeldOut(rows) | PartialQueries::BaseRows(rows) => {
                validate::check(rows, metric).map_err(raised)?;
            }
        }
        let range = start as u64..end as u64;
        let mut search =
            PartialSearch::new(queries, k, metric, range, base.map(identity)).map_err(raised)?;
        let most = PartialSearch::block_rows(part.columns(), k);
        for first in (0..part.rows()).step_by(most) {
            let rows = first..part.rows().min(first + most);
            search
                .add(part.row_range(rows), budget_bytes)
                .map_err(raised)?;
        }
        Ok(Partial(search.finish()))
    })?
}

/// The neighbors among the rows of a file, or some of them; no others are read. Rows of a file that
/// is no base but a shard are numbered from 0.
#[pyfunction]
pub(crate) fn partial_of_file(
    py: Python<'_>,
    path: PathBuf,
    queries: Option<PyReadonlyArray2<'_, f32>>,
    part: Option<(usize, usize)>,
    k: usize,
    metric: &str,
    is_base: bool,
    threads: usize,
    budget_bytes: u64,
    progress: Option<Py<PyAny>>,
) -> PyResult<Partial> {
    let metric: Metric = metric.parse().map_err(raised)?;
    let held_out = queries.as_ref().map(view).transpose()?;
    run_reporting(py, threads, progress.as_ref(), || {
        let file = opened(&path, Role::Base)?;
        let rows = part.map_or(0..file.rows(), |(start, end)| start..end);
        let read_all = |file: &RowRanges| {
            annatomy_knn::valid_rows(file, 0..file.rows(), metric)
                .map_err(|error| about(&path, error))
        };
        let all = held_out.is_none().then(|| read_all(&file)).transpose()?;
        let queries = match (held_out, &all) {
            (Some(rows), _) => {
                validate::check(rows, metric).map_err(raised)?;
                PartialQueries::HeldOut(rows)
            }
            (None, Some(all)) => PartialQueries::BaseRows(all.view()),
            (None, None) => return Err(PyValueError::new_err("no queries")),
        };
        let of_base = if is_base {
            let identity = annatomy_knn::identity_of(&file).map_err(|error| about(&path, error))?;
            (rows.start as u64, Some(identity))
        } else {
            (0, None)
        };
        let request = PartialRequest {
            queries,
            k,
            metric,
            budget_bytes,
        };
        annatomy_knn::partial_of_file(&file, rows, &request, of_base)
            .map(Partial)
            .map_err(|error| about(&path, error))
    })?
}

/// Rows, columns and checksum of a file.
#[pyfunction]
pub(crate) fn file_facts(py: Python<'_>, path: PathBuf) -> PyResult<(usize, usize, [u8; 32])> {
    run(py, 1, || {
        let file = opened(&path, Role::Base)?;
        let checksum = file.checksum().map_err(|error| about(&path, error))?;
        Ok((file.rows(), file.columns(), checksum))
    })?
}

/// The rows `start`..`end` of a file, as float32; no others are read.
#[pyfunction]
pub(crate) fn read_rows(
    py: Python<'_>,
    path: PathBuf,
    start: usize,
    end: usize,
) -> PyResult<Bound<'_, PyArray2<f32>>> {
    let rows = run(py, 1, || {
        let file = opened(&path, Role::Base)?;
        file.read_rows(start..end)
            .map_err(|error| about(&path, error))
    })??;
    let (count, columns) = (rows.rows(), rows.columns());
    matrix(py, rows.into_values(), count, columns)
}

/// Every row of a file of queries, as float32.
#[pyfunction]
pub(crate) fn read_queries(py: Python<'_>, path: PathBuf) -> PyResult<Bound<'_, PyArray2<f32>>> {
    let rows = run(py, 1, || {
        let file = opened(&path, Role::Queries)?;
        file.read_rows(0..file.rows())
            .map_err(|error| about(&path, error))
    })??;
    let (count, columns) = (rows.rows(), rows.columns());
    matrix(py, rows.into_values(), count, columns)
}

/// A checksum of an array's shape and of its values at either end.
#[pyfunction]
pub(crate) fn checksum_of_array(rows: PyReadonlyArray2<'_, f32>) -> PyResult<[u8; 32]> {
    /// Rows looked at, at either end.
    const LOOKED_AT: usize = 64;
    let rows = view(&rows)?;
    let count = rows.rows();
    let ends = [
        0..count.min(LOOKED_AT),
        count.saturating_sub(LOOKED_AT)..count,
    ];
    let mut looked_at = vec![count as f32];
    for end in ends {
        looked_at.extend_from_slice(rows.row_range(end).values());
    }
    let values = MatrixView::new(1, looked_at.len(), &looked_at);
    values
        .map(|values| Checksum256::of_matrix(values).0)
        .map_err(raised)
}

/// The checksum that partials have of these queries.
#[pyfunction]
pub(crate) fn checksum_of_queries(
    py: Python<'_>,
    queries: PyReadonlyArray2<'_, f32>,
) -> PyResult<[u8; 32]> {
    let queries = view(&queries)?;
    run(py, 1, || Checksum256::of_matrix(queries).0)
}

pub(crate) fn opened(path: &Path, role: Role) -> PyResult<RowRanges> {
    RowRanges::open(&Source::parse(path), role).map_err(|error| about(path, error))
}
