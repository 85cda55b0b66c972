//! Every measure of both conventions, as arrays.

use crate::arrays::{matrix, slice, view};
use crate::errors::raised;
use crate::work::run;
use annatomy::fidelity::{Fidelity, IdTable, PublishedRow, QueryRow, Subject};
use annatomy_measures::published::Figures;
use annatomy_vectors::Metric;
use numpy::{PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A figure's name and where it stands in a row.
type Named<R> = (&'static str, fn(&R) -> f64);

const CORRECTED: [Named<QueryRow>; 11] = [
    ("fill", |row| row.measures.fill()),
    ("overlap", |row| row.measures.overlap()),
    ("overlap_strict", |row| row.measures.overlap_strict()),
    ("mean_exact_distance", |row| {
        row.measures.mean_exact_distance
    }),
    ("mean_returned_distance", |row| {
        row.measures.mean_returned_distance
    }),
    ("relative_distance_error", |row| {
        row.measures.relative_distance_error
    }),
    ("barycenter_shift", |row| row.barycenter_shift),
    ("lid_exact", |row| row.measures.lid_exact),
    ("lid_returned", |row| row.measures.lid_returned),
    ("zero_exact", |row| row.measures.zero_exact as f64),
    ("zero_returned", |row| row.measures.zero_returned as f64),
];

const PUBLISHED: [Named<PublishedRow>; 7] = [
    ("overlap", |row| row.overlap),
    ("exact_dist", |row| f64::from(row.exact_mean)),
    ("ann_dist", |row| f64::from(row.returned_mean)),
    ("barycenter_shift", |row| row.barycenter_shift),
    ("lid_exact", |row| f64::from(row.lid_exact)),
    ("lid_ann", |row| f64::from(row.lid_returned)),
    ("empty_slots", |row| f64::from(row.empty_slots)),
];

/// Per query and k in both conventions, and the study's figures per k.
#[pyfunction]
pub(crate) fn fidelity<'py>(
    py: Python<'py>,
    rows: PyReadonlyArray2<'py, f32>,
    queries: Option<PyReadonlyArray2<'py, f32>>,
    exact: PyReadonlyArray2<'py, i64>,
    returned: PyReadonlyArray2<'py, i64>,
    ks: Vec<usize>,
    metric: &str,
    threads: usize,
) -> PyResult<Bound<'py, PyDict>> {
    let metric: Metric = metric.parse().map_err(raised)?;
    let subject = Subject {
        rows: view(&rows)?,
        queries: queries.as_ref().map(view).transpose()?,
        metric,
    };
    let (exact, returned) = (table(&exact)?, table(&returned)?);
    let found = run(py, threads, || {
        annatomy::fidelity::fidelity(&subject, exact, returned, &ks)
    })?
    .map_err(raised)?;
    let result = PyDict::new(py);
    result.set_item(
        "corrected",
        columns(py, &found.corrected, &CORRECTED, ks.len())?,
    )?;
    result.set_item(
        "published",
        columns(py, &found.published, &PUBLISHED, ks.len())?,
    )?;
    result.set_item("figures", figures(py, &found)?)?;
    Ok(result)
}

/// Trustworthiness of a whole table of answers.
#[pyfunction]
pub(crate) fn trustworthiness<'py>(
    py: Python<'py>,
    rows: PyReadonlyArray2<'py, f32>,
    returned: PyReadonlyArray2<'py, i64>,
    k: usize,
    metric: &str,
    threads: usize,
) -> PyResult<f64> {
    let metric: Metric = metric.parse().map_err(raised)?;
    let (rows, returned) = (view(&rows)?, table(&returned)?);
    run(py, threads, || {
        annatomy::fidelity::trustworthiness(rows, metric, returned, k)
    })?
    .map_err(raised)
}

fn table<'a>(ids: &'a PyReadonlyArray2<'_, i64>) -> PyResult<IdTable<'a>> {
    Ok(IdTable::new(ids.shape()[1], slice(ids)?))
}

/// One q × ks array per figure.
fn columns<'py, R>(
    py: Python<'py>,
    rows: &[R],
    figures: &[Named<R>],
    ks: usize,
) -> PyResult<Bound<'py, PyDict>> {
    let columns = PyDict::new(py);
    for (name, figure) in figures {
        columns.set_item(
            name,
            matrix(py, rows.iter().map(figure).collect(), rows.len() / ks, ks)?,
        )?;
    }
    Ok(columns)
}

/// The study's figures, one list over k per key.
fn figures<'py>(py: Python<'py>, found: &Fidelity) -> PyResult<Bound<'py, PyDict>> {
    let keys: [Named<Figures>; 11] = [
        ("mean_overlap", |figures| figures.mean_overlap),
        ("mean_exact_dist", |figures| figures.mean_exact_dist),
        ("mean_ann_dist", |figures| figures.mean_ann_dist),
        ("mean_barycenter_shift", |figures| {
            figures.mean_barycenter_shift
        }),
        ("mean_lid_diff", |figures| figures.mean_lid_diff),
        ("mean_lid_exact", |figures| figures.mean_lid_exact),
        ("mean_lid_ann", |figures| figures.mean_lid_ann),
        ("empty_slots", |figures| {
            figures.artefacts.empty_slots as f64
        }),
        ("rows_with_one_empty_slot", |figures| {
            figures.artefacts.rows_with_one_empty_slot as f64
        }),
        ("rows_dropped", |figures| {
            figures.artefacts.rows_dropped as f64
        }),
        ("self_not_first", |figures| {
            figures.artefacts.self_not_first as f64
        }),
    ];
    let columns = PyDict::new(py);
    for (name, figure) in keys {
        columns.set_item(name, found.figures.iter().map(figure).collect::<Vec<f64>>())?;
    }
    Ok(columns)
}
