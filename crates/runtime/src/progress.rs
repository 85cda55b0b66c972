//! The one trait through which long work reports to a terminal, a notebook or a test.

/// Receives the progress of work that runs under a [`Monitor`](crate::Monitor).
///
/// Calls come from all threads of the pool; they must be cheap and must not block.
pub trait Progress: Send + Sync {
    /// A stage begins; it has `total` steps, 0 if they cannot be counted.
    fn stage(&self, name: &str, total: u64);

    /// `steps` more steps of the stage are done.
    fn advance(&self, steps: u64) {
        let _ = steps;
    }

    /// One line that the user must see, wherever progress is shown.
    fn warn(&self, line: &str) {
        let _ = line;
    }

    /// One line worth keeping on the screen, such as "run 2 finished".
    fn note(&self, line: &str) {
        let _ = line;
    }
}

/// Ignores all progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn stage(&self, _name: &str, _total: u64) {}
}
