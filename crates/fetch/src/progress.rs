//! What fetching says while it goes on.

use std::time::Duration;

/// What is being done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Bytes come over the network.
    Downloading,
    /// Its checksum is taken.
    Checking,
    /// It is taken out of an archive.
    Unpacking,
}

/// Told from the thread that fetches.
pub trait Progress {
    /// A step begins on the file called `name`, `done` of its `total` bytes being there already.
    fn begins(&mut self, step: Step, name: &str, done: u64, total: Option<u64>) {
        let _ = (step, name, done, total);
    }

    /// That many bytes more.
    fn advances(&mut self, bytes: u64) {
        let _ = bytes;
    }

    /// A download broke off for `reason` and goes on after `wait`.
    fn retries(&mut self, reason: &str, wait: Duration) {
        let _ = (reason, wait);
    }
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}
