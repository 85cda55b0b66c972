//! Arrays in and out: views on NumPy's memory, and vectors handed to NumPy whole, without a copy either way.

use annatomy_knn::NeighborTable;
use annatomy_vectors::MatrixView;
use numpy::{Element, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Ids and distances, both q × k.
pub(crate) type Neighbors<'py> = (Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<f32>>);

/// The array's memory as a matrix. The Python half has already made it float32 in C order.
pub(crate) fn view<'a>(array: &'a PyReadonlyArray2<'_, f32>) -> PyResult<MatrixView<'a>> {
    let (rows, columns) = (array.shape()[0], array.shape()[1]);
    MatrixView::new(rows, columns, slice(array)?).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// The array's memory, row after row.
pub(crate) fn slice<'a, T: Element>(array: &'a PyReadonlyArray2<'_, T>) -> PyResult<&'a [T]> {
    if !array.is_c_contiguous() {
        return Err(PyValueError::new_err("the array is not in C order"));
    }
    array.as_slice().map_err(|error| PyValueError::new_err(error.to_string()))
}

/// NumPy's array over `values`, which it takes over.
pub(crate) fn matrix<T: Element>(
    py: Python<'_>,
    values: Vec<T>,
    rows: usize,
    columns: usize,
) -> PyResult<Bound<'_, PyArray2<T>>> {
    PyArray1::from_vec(py, values).reshape([rows, columns])
}

/// Neighbors as engines give them: −1 in an empty slot, at infinite distance.
pub(crate) fn neighbors<'py>(py: Python<'py>, table: &NeighborTable) -> PyResult<Neighbors<'py>> {
    let (queries, k) = (table.queries(), table.k());
    let (ids, distances) = py.detach(|| {
        let slots = || (0..queries).flat_map(|query| table.ids(query).iter().zip(table.distances(query)));
        let ids: Vec<i64> = slots().map(|(id, _)| id.map_or(-1, |id| i64::from(id.0))).collect();
        let distances: Vec<f32> =
            slots().map(|(id, &distance)| if id.is_some() { distance } else { f32::INFINITY }).collect();
        (ids, distances)
    });
    Ok((matrix(py, ids, queries, k)?, matrix(py, distances, queries, k)?))
}
