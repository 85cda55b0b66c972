//! The array that a graph is over: float32 or float16, as it lies in NumPy's memory.

use annatomy_vectors::MatrixView;
use half::f16;
use numpy::{PyArray2, PyArrayMethods};
use pyo3::prelude::*;

/// The array that a graph is over.
#[derive(FromPyObject)]
pub(crate) enum Rows {
    Float32(Py<PyArray2<f32>>),
    Float16(Py<PyArray2<f16>>),
}

/// Calls `$work` with the memory of the rows, whichever type they have.
macro_rules! over_rows {
    ($rows:expr, $py:expr, $memory:ident => $work:expr) => {
        match $rows {
            $crate::rows::Rows::Float32(rows) => {
                let rows = rows.bind($py).readonly();
                let $memory = $crate::arrays::view(&rows)?;
                $work
            }
            $crate::rows::Rows::Float16(rows) => {
                let rows = rows.bind($py).readonly();
                let $memory = $crate::arrays::view(&rows)?;
                $work
            }
        }
    };
}

pub(crate) use over_rows;

impl Rows {
    /// The rows in float32: the array's memory, or a widened copy of it.
    pub(crate) fn float32<T>(
        &self,
        py: Python<'_>,
        look: impl FnOnce(MatrixView<'_>) -> PyResult<T>,
    ) -> PyResult<T> {
        over_rows!(self, py, rows => look(rows.float32().view()))
    }
}
