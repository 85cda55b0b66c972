//! A study of an array, of a file or of built-in data.

use crate::arrays::view;
use crate::elsewhere::Asked;
use crate::errors::raised;
use crate::work::run_reporting;
use annatomy::results::{self, Settings, csv, summary};
use annatomy::study::{Execution, Start, Study, claim_for_results};
use annatomy::{config, figures, report};
use annatomy_formats::{OutputFolder, Owner};
use numpy::PyReadonlyArray2;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::path::{Path, PathBuf};

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
            write_results(&folder, &self.0)
        })
    }
}

/// The study's own settings, as JSON.
#[pyfunction]
pub(crate) fn study_defaults() -> PyResult<String> {
    serde_json::to_string(&config::defaults()).map_err(raised)
}

/// The settings of a file over the study's own, as JSON.
#[pyfunction]
pub(crate) fn study_config(path: PathBuf) -> PyResult<String> {
    let file = config::read(&path).map_err(raised)?;
    serde_json::to_string(&file.overrides.over(config::defaults())).map_err(raised)
}

/// What a file asks for that a study of `settings` (JSON) does not follow, in words.
#[pyfunction]
pub(crate) fn study_config_notes(path: PathBuf, settings: &str) -> PyResult<Vec<String>> {
    let settings: Settings = serde_json::from_str(settings).map_err(raised)?;
    let file = config::read(&path).map_err(raised)?;
    let keys = file.unread.iter();
    Ok(keys.filter_map(|key| key.difference(&settings)).collect())
}

/// Where finished runs are kept.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Kept {
    folder: PathBuf,
    resume: bool,
}

/// One run of such a study: bytes for the process that joins them.
#[pyfunction]
pub(crate) fn study_run<'py>(
    py: Python<'py>,
    rows: Option<PyReadonlyArray2<'_, f32>>,
    settings: &str,
    run: usize,
    threads: usize,
    budget_bytes: u64,
) -> PyResult<Bound<'py, PyBytes>> {
    let study = opened(rows.as_ref(), settings)?;
    let execution = Execution {
        threads,
        memory_budget_bytes: budget_bytes,
    };
    let record = run_reporting(py, 1, None, || study.run_alone(run, &execution))?;
    Ok(PyBytes::new(py, &record.map_err(raised)?))
}

fn opened<'r>(rows: Option<&'r PyReadonlyArray2<'_, f32>>, settings: &str) -> PyResult<Study<'r>> {
    let settings: Settings = serde_json::from_str(settings).map_err(raised)?;
    match rows.map(view).transpose()? {
        Some(rows) => Study::of_rows(rows, settings),
        None => Study::new(settings),
    }
    .map_err(raised)
}

/// Runs the study that `settings` (JSON) describe, on `rows` where given; in a folder, where `kept`
/// names one, to which everything that the command writes goes.
#[pyfunction]
pub(crate) fn study(
    py: Python<'_>,
    rows: Option<PyReadonlyArray2<'_, f32>>,
    settings: &str,
    kept: Option<Kept>,
    threads: usize,
    budget_bytes: u64,
    elsewhere: Option<Py<PyAny>>,
    progress: Option<Py<PyAny>>,
) -> PyResult<StudyResults> {
    let elsewhere = elsewhere.map(Asked::new);
    let found = studied(
        py,
        rows.as_ref(),
        settings,
        kept,
        (threads, budget_bytes),
        elsewhere.as_ref(),
        progress.as_ref(),
    );
    match elsewhere.as_ref().and_then(Asked::take) {
        Some(error) if found.is_err() => Err(error),
        _ => found,
    }
}

fn studied(
    py: Python<'_>,
    rows: Option<&PyReadonlyArray2<'_, f32>>,
    settings: &str,
    kept: Option<Kept>,
    (threads, budget_bytes): (usize, u64),
    elsewhere: Option<&Asked>,
    progress: Option<&Py<PyAny>>,
) -> PyResult<StudyResults> {
    let mut study = opened(rows, settings)?;
    if let Some(elsewhere) = elsewhere {
        study = study.with_runs(elsewhere);
    }
    let execution = Execution {
        threads,
        memory_budget_bytes: budget_bytes,
    };
    // The study starts its own pool; the one made here only carries the call.
    let Some(kept) = kept else {
        let found = run_reporting(py, 1, progress, || study.run(&execution))?;
        return Ok(StudyResults(found.map_err(raised)?));
    };
    let folder = OutputFolder::claim(&kept.folder, Owner::STUDY).map_err(raised)?;
    let start = if kept.resume {
        Start::Resume
    } else {
        Start::Afresh
    };
    let run = || study.run_in(&folder, start, &execution);
    let found = run_reporting(py, 1, progress, run)?.map_err(raised)?;
    py.detach(|| write_results(folder.path(), &found))?;
    Ok(StudyResults(found))
}

/// Everything but the records of runs.
fn write_results(folder: &Path, found: &results::StudyResults) -> PyResult<()> {
    results::write_all(folder, found).map_err(raised)?;
    figures::write_all(folder, found).map_err(raised)?;
    report::write(folder, found).map_err(raised)
}
