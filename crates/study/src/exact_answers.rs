//! Answers that are the exact neighbors themselves. Whichever graph and effort found them, they
//! measure the same: once for each k of a query is enough.
//!
//! Enters: what the first of them measured. Leaves: the same for the others, O(1) an answer instead
//! of O(k).

use annatomy_measures::corrected::QueryMeasures;
use annatomy_measures::graded::Graded;
use annatomy_measures::published::PublishedRow;

/// What the exact neighbors of one query measure as an answer, by number of k; `None` until one was
/// measured.
#[derive(Debug, Default)]
pub(crate) struct ExactAnswers {
    pub(crate) corrected: Vec<Option<(QueryMeasures, Graded)>>,
    pub(crate) published: Vec<Option<PublishedRow>>,
}

impl ExactAnswers {
    /// Begins a query.
    pub(crate) fn begin(&mut self, ks: usize) {
        self.corrected.clear();
        self.corrected.resize(ks, None);
        self.published.clear();
        self.published.resize(ks, None);
    }
}
