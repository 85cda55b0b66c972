//! One file per command.

pub mod audit;
pub mod embed;
pub mod generate;
pub mod knn;
pub mod reproduce;
pub mod study;

use crate::failure::Failure;

/// Runs `work` on `threads` threads, 0 for as many as the machine has.
fn on_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> Result<R, Failure> {
    annatomy_runtime::install(threads, work).map_err(Failure::work)
}
