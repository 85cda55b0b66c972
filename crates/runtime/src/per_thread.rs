//! How work is shared among threads: in tasks small enough that none waits for another's last one,
//! with memory of each thread's own, so that nothing is allocated per query.
//!
//! Left to itself, rayon splits work for two threads into quarters: the thread that ends first
//! waits for up to one of them.

use std::sync::{Mutex, PoisonError};

/// Queries (or rows, each with work of its own) that a parallel task takes at most, for
/// `with_max_len`.
pub const TASK_QUERIES: usize = 4;

/// A scratch value for each thread of the pool it was made in.
#[derive(Debug)]
pub struct PerThread<T> {
    slots: Vec<Mutex<T>>,
}

impl<T> PerThread<T> {
    /// One value per thread of the current rayon pool, and one for a caller outside it.
    pub fn new(make: impl Fn() -> T) -> Self {
        Self {
            slots: (0..=rayon::current_num_threads())
                .map(|_| Mutex::new(make()))
                .collect(),
        }
    }

    /// Runs `work` with this thread's value. It must not wait for other tasks of the pool, which
    /// may want the same value.
    pub fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let slot = rayon::current_thread_index()
            .map_or(self.slots.len() - 1, |index| index % self.slots.len());
        work(
            &mut self.slots[slot]
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Every thread's value.
    pub fn into_values(self) -> impl Iterator<Item = T> {
        self.slots
            .into_iter()
            .map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}
