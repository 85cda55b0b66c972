//! Arrays in and out: views on NumPy's memory, and vectors handed to NumPy whole, without a copy
//! either way.

use annatomy_knn::NeighborTable;
use annatomy_vectors::MatrixView;
use annatomy_vectors::kernels::Stored;
use numpy::{Element, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rayon::prelude::*;

/// Ids and distances, both q × k.
pub(crate) type Neighbors<'py> = (Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<f32>>);

/// The array's memory as a matrix. The Python half has already put it in C order.
pub(crate) fn view<'a, S: Stored + Element>(
    array: &'a PyReadonlyArray2<'_, S>,
) -> PyResult<MatrixView<'a, S>> {
    let (rows, columns) = (array.shape()[0], array.shape()[1]);
    MatrixView::new(rows, columns, slice(array)?)
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

/// The array's memory, row after row.
pub(crate) fn slice<'a, T: Element>(array: &'a PyReadonlyArray2<'_, T>) -> PyResult<&'a [T]> {
    if !array.is_c_contiguous() {
        return Err(PyValueError::new_err("the array is not in C order"));
    }
    array
        .as_slice()
        .map_err(|error| PyValueError::new_err(error.to_string()))
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

/// Neighbors as engines give them, queries × k: −1 in an empty slot, at infinite distance.
pub(crate) struct Slots {
    k: usize,
    ids: Vec<i64>,
    distances: Vec<f32>,
}

impl Slots {
    /// Slots that are all filled.
    pub(crate) fn new(k: usize, ids: Vec<i64>, distances: Vec<f32>) -> Self {
        Self { k, ids, distances }
    }

    /// The slots of a table, filled by the pool at hand.
    pub(crate) fn of(table: &NeighborTable) -> Self {
        let (queries, k) = (table.queries(), table.k());
        let mut ids = vec![0; queries * k];
        let mut distances = vec![0.0; queries * k];
        ids.par_chunks_mut(k)
            .zip(distances.par_chunks_mut(k))
            .enumerate()
            .for_each(|(query, (ids, distances))| {
                let found = table.ids(query).iter().zip(table.distances(query));
                for ((id_slot, distance_slot), (id, &distance)) in
                    ids.iter_mut().zip(distances).zip(found)
                {
                    *id_slot = id.map_or(-1, |id| i64::from(id.0));
                    *distance_slot = if id.is_some() {
                        distance
                    } else {
                        f32::INFINITY
                    };
                }
            });
        Self { k, ids, distances }
    }

    /// As NumPy's arrays.
    pub(crate) fn into_arrays(self, py: Python<'_>) -> PyResult<Neighbors<'_>> {
        let queries = self.ids.len() / self.k;
        Ok((
            matrix(py, self.ids, queries, self.k)?,
            matrix(py, self.distances, queries, self.k)?,
        ))
    }
}
