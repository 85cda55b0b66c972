//! The core's errors as Python's: what the system refused is an `OSError`, everything else a
//! `ValueError`.

use pyo3::PyErr;
use pyo3::exceptions::{PyFileNotFoundError, PyOSError, PyValueError};
use std::error::Error;
use std::io;

/// `error` with its own message.
pub(crate) fn raised<E: Error + 'static>(error: E) -> PyErr {
    let message = error.to_string();
    match system_error(&error).map(io::Error::kind) {
        None => PyValueError::new_err(message),
        Some(io::ErrorKind::NotFound) => PyFileNotFoundError::new_err(message),
        Some(_) => PyOSError::new_err(message),
    }
}

/// The system's error behind `error`, if there is one.
fn system_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    std::iter::successors(Some(error), |&error| error.source())
        .find_map(|error| error.downcast_ref())
}
