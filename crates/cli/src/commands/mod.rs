//! One file per command.

pub mod audit;
pub mod embed;
pub mod generate;
pub mod knn;
pub mod reproduce;
pub mod study;

use crate::failure::Failure;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// A pool of `threads` threads, 0 for as many as the machine has.
fn pool(threads: usize) -> Result<ThreadPool, Failure> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| Failure::work(format!("cannot start {threads} threads: {error}")))
}
