//! How work runs: one thread pool, one cancellation, one progress channel, per-thread scratch, large tables.
//!
//! A caller that wants to watch or to stop a computation makes a [`Monitor`] and runs the work under
//! it ([`Monitor::observe`]); [`install`] starts a pool whose threads report to the monitor of the
//! calling thread. Inside, loops name their [`stage`], count steps with [`advance`] and so can be
//! cancelled at every step.

#![deny(missing_docs)]

mod huge_pages;
mod memory;
mod monitor;
mod panic_guard;
mod per_thread;
mod pool;
mod printable;
mod progress;
mod zeroed;

pub use huge_pages::prefer_huge_pages;
pub use memory::{
    NotEnoughMemory, available_in_words, available_memory, bytes_in_words, check_memory,
};
pub use monitor::{Cancelled, Monitor, Steps, advance, check, note, prefix_stages, stage, warn};
pub use panic_guard::guard_panics;
pub use per_thread::{PerThread, TASK_QUERIES};
pub use pool::{PoolError, install, start_global_pool, thread_count};
pub use printable::{printable, printable_bytes, printable_message, printable_path};
pub use progress::{NoProgress, Progress};
pub use zeroed::{NoMemory, Zeroed};
