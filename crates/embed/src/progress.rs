//! What a job says while it runs.

use crate::source::ItemError;

/// Told of every picture, in order, from the thread that runs the job.
pub trait Progress {
    /// How many pictures the source holds, where it can say so beforehand.
    fn begins(&mut self, pictures: Option<u64>) {
        let _ = pictures;
    }

    /// A picture has its row.
    fn embedded(&mut self, name: &str) {
        let _ = name;
    }

    /// A picture is left out.
    fn skipped(&mut self, name: &str, error: &ItemError) {
        let _ = (name, error);
    }
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}
