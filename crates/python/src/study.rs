//! A study of an array, of a file or of built-in data.

use crate::arrays::view;
use crate::errors::raised;
use crate::work::run_with;
use annatomy::results::{self, Settings, csv, summary};
use annatomy::study::{Execution, Progress, Study};
use annatomy::{config, figures, report};
use numpy::PyReadonlyArray2;
use pyo3::prelude::*;
use std::path::PathBuf;
use std::sync::Mutex;

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
    let stage = Stage::default();
    let told = Mutex::new(State::default());
    let look = |py: Python<'_>| {
        progress
            .as_ref()
            .map_or(Ok(()), |progress| stage.tell(py, progress, &told))
    };
    // The study starts its own pool; the one made here only carries the call.
    let found = run_with(py, 1, || study.run(&execution, &stage), look)?.map_err(raised)?;
    progress
        .as_ref()
        .map_or(Ok(()), |progress| stage.tell(py, progress, &told))?;
    Ok(StudyResults(found))
}

/// How far a study is; written by its threads, read by the one that holds Python's lock.
#[derive(Default)]
struct Stage(Mutex<State>);

#[derive(Clone, Default, PartialEq)]
struct State {
    run: usize,
    stage: String,
    done: u64,
    total: u64,
}

impl Stage {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(
            &mut self
                .0
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
    }

    /// Calls `progress(run, stage, done, total)` if there is news.
    fn tell(&self, py: Python<'_>, progress: &Py<PyAny>, told: &Mutex<State>) -> PyResult<()> {
        let mut now = State::default();
        self.change(|state| now = state.clone());
        let mut before = told
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if now != *before {
            progress.call1(py, (now.run, &now.stage, now.done, now.total))?;
            *before = now;
        }
        Ok(())
    }
}

impl Progress for Stage {
    fn stage(&self, run: usize, stage: &str, total: u64) {
        self.change(|state| {
            *state = State {
                run,
                stage: stage.to_owned(),
                done: 0,
                total,
            }
        });
    }

    fn advance(&self, steps: u64) {
        self.change(|state| state.done += steps);
    }

    fn finished(&self, run: usize, _resumed: bool) {
        self.change(|state| {
            *state = State {
                run,
                stage: "finished".to_owned(),
                done: 1,
                total: 1,
            }
        });
    }
}
