//! Local intrinsic dimensionality.

use crate::arrays::slice;
use crate::errors::raised;
use annatomy_measures::lid::Lid;
use numpy::{PyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

/// The estimators' names.
#[pyfunction]
pub(crate) fn lid_estimators() -> Vec<&'static str> {
    Lid::ALL.map(Lid::name).to_vec()
}

/// One estimate per row of true distances, NaN where the formula has no finite value.
#[pyfunction]
pub(crate) fn lid<'py>(
    py: Python<'py>,
    distances: PyReadonlyArray2<'py, f32>,
    estimator: &str,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let estimator: Lid = estimator.parse().map_err(raised)?;
    let (values, columns) = (slice(&distances)?, distances.shape()[1]);
    let estimates: Vec<f64> = py.detach(|| {
        let rows = values.chunks_exact(columns.max(1));
        rows.map(|row| estimator.of_query(row).unwrap_or(f64::NAN))
            .collect()
    });
    Ok(PyArray1::from_vec(py, estimates))
}

/// One figure from the estimates of many queries, as the estimator's authors put them together.
#[pyfunction]
pub(crate) fn lid_over_queries(estimates: Vec<f64>, estimator: &str) -> PyResult<f64> {
    let estimator: Lid = estimator.parse().map_err(raised)?;
    Ok(estimator.over_queries(&estimates).unwrap_or(f64::NAN))
}
