//! Primary keys of rows out of Python's arrays and lists, and tables of them in and out.

use crate::arrays::{matrix, slice};
use crate::errors::raised;
use annatomy_formats::{AnswerTable, IdTable, RowIds, RowIndex, SlotIds};
use numpy::{PyArray2, PyArrayMethods, PyReadonlyArray1, PyUntypedArrayMethods};
use pyo3::prelude::*;
use std::sync::Arc;

/// One id per row.
#[pyclass(frozen, module = "annatomy._core")]
pub(crate) struct Ids(pub(crate) Arc<RowIds>);

#[pymethods]
impl Ids {
    /// Of one of the three kinds; checked to be unique.
    #[new]
    fn new(
        integers: Option<PyReadonlyArray1<'_, i64>>,
        unsigned: Option<PyReadonlyArray1<'_, u64>>,
        texts: Option<Vec<String>>,
    ) -> PyResult<Self> {
        let ids = if let Some(ids) = integers {
            RowIds::Integers(ids.as_slice()?.to_vec())
        } else if let Some(ids) = unsigned {
            RowIds::of_unsigned(ids.as_slice()?.to_vec())
        } else {
            RowIds::Texts(texts.unwrap_or_default())
        };
        ids.check().map_err(raised)?;
        Ok(Self(Arc::new(ids)))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// The row numbers that a table of ids means: from n on where no row has the id, negative in empty
    /// slots.
    fn rows<'py>(&self, py: Python<'py>, slots: Slots) -> PyResult<Bound<'py, PyArray2<i64>>> {
        let table = slots.table(py)?;
        let (rows, columns) = (table.rows(), table.columns());
        let found = RowIndex::new(&self.0).numbered(&table, self.0.len());
        matrix(py, found.table.into_ids(), rows, columns)
    }
}

/// A table of ids: integers, or the number of columns and texts row after row, none in empty slots.
#[derive(FromPyObject)]
pub(crate) enum Slots {
    Integers(Py<PyArray2<i64>>),
    Unsigned(Py<PyArray2<u64>>),
    Texts(usize, Vec<Option<String>>),
}

impl Slots {
    /// Rows × columns.
    pub(crate) fn table(self, py: Python<'_>) -> PyResult<IdTable> {
        Ok(match self {
            Self::Integers(array) => {
                let array = array.bind(py).readonly();
                AnswerTable::from_ids(array.shape()[1], slice(&array)?.to_vec()).into()
            }
            Self::Unsigned(array) => {
                let array = array.bind(py).readonly();
                let ids = SlotIds::Unsigned(slice(&array)?.to_vec());
                IdTable::from_ids(array.shape()[1], ids)
            }
            Self::Texts(columns, texts) => IdTable::from_ids(columns, SlotIds::Texts(texts)),
        })
    }
}

/// Rows × `columns` of ids: an array, or of texts a list, row after row.
pub(crate) fn slots<'py>(
    py: Python<'py>,
    ids: &SlotIds,
    columns: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let rows = ids.len().checked_div(columns).unwrap_or(0);
    Ok(match ids {
        SlotIds::Integers(ids) => matrix(py, ids.clone(), rows, columns)?.into_any(),
        SlotIds::Unsigned(ids) => matrix(py, ids.clone(), rows, columns)?.into_any(),
        SlotIds::Texts(ids) => ids.into_pyobject(py)?,
    })
}
