//! The core's errors as Python's: what the system refused is an `OSError`, everything else a
//! `ValueError`.

use annatomy::study::CheckpointError;
use annatomy_formats::OutputFolderError;
use pyo3::PyErr;
use pyo3::exceptions::{PyFileExistsError, PyFileNotFoundError, PyOSError, PyValueError};
use std::error::Error;
use std::io;

/// `error` with its own message.
pub(crate) fn raised<E: Error + 'static>(error: E) -> PyErr {
    let message = error.to_string();
    if refuses_folder(&error) {
        return PyFileExistsError::new_err(message);
    }
    match system_error(&error).map(io::Error::kind) {
        None => PyValueError::new_err(message),
        Some(io::ErrorKind::NotFound) => PyFileNotFoundError::new_err(message),
        Some(_) => PyOSError::new_err(message),
    }
}

/// Whether a folder of somebody else's files, or of another run, stands where results should go.
fn refuses_folder(error: &(dyn Error + 'static)) -> bool {
    if let Some(CheckpointError::Folder(error)) = error.downcast_ref() {
        return refuses_folder(error);
    }
    let folder = error.downcast_ref::<OutputFolderError>();
    folder.is_some_and(|error| !matches!(error, OutputFolderError::Io { .. }))
        || matches!(error.downcast_ref(), Some(CheckpointError::Records { .. }))
}

/// The system's error behind `error`, if there is one.
fn system_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    std::iter::successors(Some(error), |&error| error.source())
        .find_map(|error| error.downcast_ref())
}
