//! A comparison of two folders that audits left.

use crate::errors::raised;
use annatomy::audit;
use annatomy::report::comparison;
use annatomy::results::write_file;
use annatomy_formats::{OutputFolder, Owner, write_table};
use pyo3::prelude::*;
use std::path::PathBuf;

/// What changed.
#[pyclass(frozen, module = "annatomy._core")]
pub(crate) struct Comparison(audit::Comparison);

#[pymethods]
impl Comparison {
    /// `compare.json`.
    fn json(&self) -> PyResult<String> {
        serde_json::to_string(&self.0).map_err(raised)
    }

    /// A screenful of words.
    fn words(&self) -> String {
        comparison(&self.0)
    }

    /// Writes `compare.json` and `changed.csv`.
    fn write(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        let json = serde_json::to_string_pretty(&self.0).map_err(raised)?;
        py.detach(|| {
            let _claimed = OutputFolder::claim(&folder, Owner::COMPARE).map_err(raised)?;
            write_file(&folder.join("compare.json"), json.as_bytes()).map_err(raised)?;
            write_table(folder.join("changed.csv"), &self.0.changed_columns()).map_err(raised)
        })
    }
}

/// Compares two folders.
#[pyfunction]
pub(crate) fn compare(py: Python<'_>, a: PathBuf, b: PathBuf) -> PyResult<Comparison> {
    let found = py.detach(|| audit::compare(&a, &b)).map_err(raised)?;
    Ok(Comparison(found))
}
