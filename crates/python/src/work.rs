//! Long work: on a pool of its own, without the interpreter's lock, stopped by Ctrl-C.
//!
//! the calling thread                         the pool
//!   gives up the lock                          watches the flag, works
//!   wakes every POLL: signals? progress?       looks at the flag block by block
//!   raises the flag on a signal                unwinds at its next look
//!   hands on the result or the signal          ends

use annatomy_runtime::{Cancelled, Monitor, Progress, Steps};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use std::any::Any;
use std::iter::repeat;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Between two looks at signals: a tenth of what a user would notice.
const POLL: Duration = Duration::from_millis(50);

/// Runs `work` on `threads` threads (0: as many as the machine has).
pub(crate) fn run<R: Send>(
    py: Python<'_>,
    threads: usize,
    work: impl FnOnce() -> R + Send,
) -> PyResult<R> {
    run_with(py, threads, work, |_| Ok(()))
}

/// As [`run`]; `look` is called now and then with the lock held, and its error stops the work as a
/// signal does.
pub(crate) fn run_with<R: Send>(
    py: Python<'_>,
    threads: usize,
    work: impl FnOnce() -> R + Send,
    look: impl FnMut(Python<'_>) -> PyResult<()> + Send,
) -> PyResult<R> {
    run_watched(py, threads, &Monitor::default(), work, look)
}

/// As [`run`]; `progress(stage, done, total)` is called as each stage begins, at every [`POLL`] that
/// finds steps done, and once more at the end. Stages shorter than a poll are reported too, in order.
pub(crate) fn run_reporting<R: Send>(
    py: Python<'_>,
    threads: usize,
    progress: Option<&Py<PyAny>>,
    work: impl FnOnce() -> R + Send,
) -> PyResult<R> {
    let Some(progress) = progress else {
        return run(py, threads, work);
    };
    let stages = Stages::default();
    let monitor = Monitor::with_progress(stages.clone());
    let mut reported = Steps::default();
    let mut report = |py: Python<'_>| {
        let begun = stages.take();
        for (now, begins) in begun
            .into_iter()
            .zip(repeat(true))
            .chain([(monitor.steps(), false)])
        {
            // A stage that began after the last `take` has been reported by its steps.
            let known = (&now.stage, now.total) == (&reported.stage, reported.total);
            if now != reported && !(begins && known) {
                reported = now;
                progress.call1(py, (&reported.stage, reported.done, reported.total))?;
            }
        }
        Ok(())
    };
    let result = run_watched(py, threads, &monitor, work, &mut report)?;
    report(py)?;
    Ok(result)
}

/// The stages that have begun since the last look.
#[derive(Clone, Default)]
struct Stages(Arc<Mutex<Vec<Steps>>>);

impl Stages {
    fn take(&self) -> Vec<Steps> {
        std::mem::take(&mut *self.begun())
    }

    fn begun(&self) -> MutexGuard<'_, Vec<Steps>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Stages {
    fn stage(&self, name: &str, total: u64) {
        self.begun().push(Steps {
            stage: name.to_owned(),
            done: 0,
            total,
        });
    }
}

fn run_watched<R: Send>(
    py: Python<'_>,
    threads: usize,
    monitor: &Monitor,
    work: impl FnOnce() -> R + Send,
    look: impl FnMut(Python<'_>) -> PyResult<()> + Send,
) -> PyResult<R> {
    let work = || annatomy_runtime::install(threads, work);
    let result = py.detach(|| wait(monitor, work, look))?;
    result.map_err(|error| PyValueError::new_err(error.to_string()))
}

fn wait<R: Send>(
    monitor: &Monitor,
    work: impl FnOnce() -> R + Send,
    mut look: impl FnMut(Python<'_>) -> PyResult<()>,
) -> PyResult<R> {
    std::thread::scope(|scope| {
        let (finished, outcome) = sync_channel(1);
        let worker = scope.spawn(move || {
            let result = monitor.observe(work);
            // The receiver is gone only where the caller has panicked.
            let _ = finished.send(());
            result
        });
        let mut stopped = None;
        while outcome.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
            if stopped.is_none()
                && let Err(error) = Python::attach(|py| py.check_signals().and_then(|()| look(py)))
            {
                monitor.cancel();
                stopped = Some(error);
            }
        }
        // A panic would be an exception that `except Exception` does not catch.
        let result = worker.join().map_err(|panic| fault(panic.as_ref()))?;
        match (stopped, result) {
            (None, Ok(result)) => Ok(result),
            (Some(error), _) => Err(error),
            (None, Err(Cancelled)) => Err(PyValueError::new_err(Cancelled.to_string())),
        }
    })
}

/// What a panic becomes.
fn fault(panic: &(dyn Any + Send)) -> PyErr {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    PyRuntimeError::new_err(format!(
        "annatomy has a fault ({message}), or an array changed during the call; please report it"
    ))
}

/// The core's version.
#[pyfunction]
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The instruction set that the kernels dispatched to.
#[pyfunction]
pub(crate) fn instructions() -> &'static str {
    annatomy_vectors::kernels::instructions()
}
