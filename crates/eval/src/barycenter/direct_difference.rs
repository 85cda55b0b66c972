//! Direct symmetric difference E △ A at one k, for exact neighbors other than the query's own.
//!
//! The published study's exact list differs from ours where rows repeat. Enters: both lists, with
//! exact ranks. Leaves: misses and false positives, and nothing to go on from. Cost: O(k).

use super::changes::{Start, SumChanges};
use crate::lists::ReturnedRows;

/// The rows in which two lists differ at one k. Reused.
#[derive(Debug, Default)]
pub(super) struct DirectDifference {
    found: Vec<bool>,
    misses: Vec<u32>,
    false_positives: Vec<u32>,
    k: usize,
}

impl DirectDifference {
    /// Compares the first `k` of `exact` and of `returned`, whose ranks are those in `exact`.
    pub(super) fn compare(&mut self, exact: &[u32], returned: &ReturnedRows, k: usize) {
        self.misses.clear();
        self.false_positives.clear();
        self.found.clear();
        self.found.resize(k, false);
        self.k = k;
        for (&row, &rank) in returned.ids.iter().zip(&returned.ranks).take(k) {
            match self.found.get_mut(rank as usize) {
                Some(found) => *found = true,
                None => self.false_positives.push(row),
            }
        }
        for (&row, &found) in exact.iter().zip(&self.found) {
            if !found {
                self.misses.push(row);
            }
        }
    }

    /// Whether both lists hold the same rows.
    pub(super) fn is_empty(&self) -> bool {
        self.misses.is_empty() && self.false_positives.is_empty()
    }

    /// D as a sum of its own.
    pub(super) fn changes(&self) -> SumChanges<'_> {
        SumChanges {
            start: Start::Separate,
            added: &self.misses,
            removed: &self.false_positives,
            rank_ranges: &[],
            prefix: self.k,
        }
    }
}
