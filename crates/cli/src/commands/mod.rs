//! One file per command.

pub mod audit;
pub mod compare;
pub mod embed;
pub mod generate;
pub mod knn;
mod media;
pub mod merge;
mod neighbor_files;
mod partial;
mod plan;
pub mod reproduce;
pub mod study;

use crate::failure::Failure;
use annatomy_formats::{OutputFolder, OutputFolderError, Owner};
use annatomy_runtime::printable_path;
use std::fmt::Display;
use std::path::Path;

/// An error with its file.
fn about(path: &Path, error: &dyn Display, kind: impl FnOnce(String) -> Failure) -> Failure {
    kind(format!("{}: {error}", printable_path(path)))
}

/// Runs `work` on `threads` threads, 0 for as many as the machine has.
fn on_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> Result<R, Failure> {
    annatomy_runtime::install(threads, work).map_err(Failure::work)
}

/// Claims `folder` for what `owner` writes, until the value is dropped.
fn claim(folder: &Path, owner: Owner) -> Result<OutputFolder, Failure> {
    OutputFolder::claim(folder, owner).map_err(|error| match error {
        OutputFolderError::Io { .. } => Failure::work(error),
        OutputFolderError::Busy { .. } => {
            Failure::work(error).hint("wait for it, or --out DIR names another folder")
        }
        _ => Failure::usage(error).hint("--out DIR names another folder"),
    })
}
