//! A study of an array, of a file or of built-in data.

use crate::arrays::view;
use crate::errors::raised;
use crate::work::run_reporting;
use annatomy::results::{self, Settings, csv, summary};
use annatomy::study::{Execution, Study, claim_for_results};
use annatomy::{config, figures, report};
use numpy::PyReadonlyArray2;
use pyo3::prelude::*;
use std::path::PathBuf;

/// What a finished study found.
#[pyclass(frozen, module = "annatomy._core")]
pub(crate) struct StudyResults(results::StudyResults);

#[pymethods]
impl StudyResults {
    /// `measurements.csv`.
    fn csv(&self) -> String {
        csv::text(&self.0)
    }

    /// `summary.json`.
    fn summary(&self) -> String {
        summary::text(&self.0)
    }

    /// Name, title, caption and SVG of every figure.
    fn figures(&self) -> Vec<(String, String, String, String)> {
        let parts =
            |figure: figures::Figure| (figure.name, figure.title, figure.caption, figure.svg);
        figures::all(&self.0).into_iter().map(parts).collect()
    }

    /// `report.html`.
    fn report(&self) -> String {
        report::html(&self.0)
    }

    /// Writes everything the command writes, less the records that resume.
    fn write(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        py.detach(|| {
            let _claimed = claim_for_results(&folder).map_err(raised)?;
            results::write_all(&folder, &self.0).map_err(raised)?;
            figures::write_all(&folder, &self.0).map_err(raised)?;
            report::write(&folder, &self.0).map_err(raised)
        })
    }
}

/// The study's own settings, as JSON.
#[pyfunction]
pub(crate) fn study_defaults() -> PyResult<String> {
    serde_json::to_string(&config::defaults()).map_err(raised)
}

/// Runs the study that `settings` (JSON) describe, on `rows` where given.
#[pyfunction]
pub(crate) fn study(
    py: Python<'_>,
    rows: Option<PyReadonlyArray2<'_, f32>>,
    settings: &str,
    threads: usize,
    budget_bytes: u64,
    progress: Option<Py<PyAny>>,
) -> PyResult<StudyResults> {
    let settings: Settings = serde_json::from_str(settings).map_err(raised)?;
    let study = match rows.as_ref().map(view).transpose()? {
        Some(rows) => Study::of_rows(rows, settings),
        None => Study::new(settings),
    }
    .map_err(raised)?;
    let execution = Execution {
        threads,
        memory_budget_bytes: budget_bytes,
    };
    // The study starts its own pool; the one made here only carries the call.
    let found =
        run_reporting(py, 1, progress.as_ref(), || study.run(&execution))?.map_err(raised)?;
    Ok(StudyResults(found))
}
