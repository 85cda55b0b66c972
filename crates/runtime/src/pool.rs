//! One rule for how many threads work, and one place that starts them.
//!
//! Enters: a number of threads, 0 for as many as the machine has. Leaves: the result of the work,
//! run on a rayon pool of its own whose threads report to the caller's [`Monitor`].

use crate::Monitor;
use std::num::NonZero;

/// More threads than this many per core only cost memory and time.
const MOST_PER_CORE: usize = 8;

/// Why no pool could be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {threads} threads: {reason}")]
pub struct PoolError {
    /// The number of threads.
    pub threads: usize,
    /// What the system says.
    pub reason: String,
}

/// Threads that a pool of `asked` threads has: 0 is one per core, or `RAYON_NUM_THREADS`; never more
/// than eight per core (and 64 at least), beyond which nothing gets faster.
pub fn thread_count(asked: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let from_environment = || {
        let text = std::env::var("RAYON_NUM_THREADS").ok()?;
        text.parse().ok().filter(|&threads: &usize| threads > 0)
    };
    let wanted = match asked {
        0 => from_environment().unwrap_or(cores),
        asked => asked,
    };
    wanted.min((cores * MOST_PER_CORE).max(64))
}

/// Starts the pool of the whole process with [`thread_count`] threads, so that what runs outside of
/// [`install`] obeys the same rule. Call it before any parallel work; later it does nothing.
pub fn start_global_pool() {
    // An error means that the pool runs already.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(thread_count(0))
        .build_global();
}

/// Runs `work` on a pool of [`thread_count`] threads that report to this thread's monitor.
///
/// ```
/// let sum = annatomy_runtime::install(2, || (1..=4).sum::<u32>())?;
/// assert_eq!(sum, 10);
/// # Ok::<(), annatomy_runtime::PoolError>(())
/// ```
pub fn install<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> Result<R, PoolError> {
    let threads = thread_count(threads);
    let monitor = Monitor::of_this_thread();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .start_handler(move |_| {
            if let Some(monitor) = monitor.clone() {
                monitor.watch();
            }
        })
        .build()
        .map_err(|error| PoolError {
            threads,
            reason: error.to_string(),
        })?;
    Ok(pool.install(work))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_billion_threads_are_capped() {
        assert!(thread_count(1_000_000_000) <= 8 * 1024);
        assert_eq!(thread_count(3), 3);
        assert_eq!(
            install(1_000_000_000, rayon::current_num_threads).ok(),
            Some(thread_count(1_000_000_000))
        );
    }
}
