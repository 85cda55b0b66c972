//! Prefix encoding of A ∩ E: a prefix of E less its misses, or its hits, whichever changes less.
//!
//! Enters: E and a bit set of the exact ranks found in A. Leaves: the rows and rank ranges by which
//! the kept sum S changes, with ΣA = P_prefix − S, where P_r is the sum of the r nearest of E. P_r
//! is shared by all lists and costs nothing. Cost: one pass over the ranks; no vector is read.
//!
//! Where A has nearly all of E, the misses are recorded; where A has little of E, the hits. Two
//! misses in a row open a rank range, two hits in a row close it:
//!
//!   rank of E  0 1 2 3 4 5 6 7 8 9 …
//!   found      x x x x · x x x · · · x · · · · x x x x · x
//!   recorded           −       |     +         |       −
//!
//! (signs as they change ΣA). A closed range [from, to) adds P_to − P_from to S: two additions, and
//! one for each hit within it. An open range at the end costs nothing: the prefix ends where the
//! range begins.

use super::changes::{Start, SumChanges};
use annatomy_vectors::BitSet;

/// The rows of E that A has, up to some rank, as a kept sum. Reused from list to list.
#[derive(Debug, Default)]
pub(super) struct PrefixEncoding {
    /// How many ranks of E are encoded.
    pub(super) ranks: usize,
    /// Where the last rank range begins, if it is open.
    open: Option<usize>,
    pub(super) added: Vec<u32>,
    pub(super) removed: Vec<u32>,
    rank_ranges: Vec<[u32; 2]>,
}

impl PrefixEncoding {
    /// Begins a list or an answer with an empty sum.
    pub(super) fn restart(&mut self) {
        (self.ranks, self.open) = (0, None);
        self.clear_changes();
    }

    /// Begins the next changes to the sum.
    pub(super) fn clear_changes(&mut self) {
        self.added.clear();
        self.removed.clear();
        self.rank_ranges.clear();
    }

    /// Encodes the first `ranks` of E with a sum of nothing: A has all of them.
    pub(super) fn assign_prefix(&mut self, ranks: usize) {
        self.restart();
        self.ranks = ranks;
    }

    /// Encodes the ranks up to `end`; `found` are those of A.
    pub(super) fn extend(&mut self, exact: &[u32], found: &BitSet, end: usize) {
        let mut rank = self.ranks;
        loop {
            // In an open range the hits are recorded, outside of it the misses.
            let record_hits = self.open.is_some();
            rank = if record_hits {
                found.next_member(rank)
            } else {
                found.next_gap(rank)
            };
            if rank >= end {
                break;
            }
            let two_in_a_row = rank + 1 < end && found.contains(rank + 1) == record_hits;
            match self.open {
                None if two_in_a_row => self.open = Some(rank),
                None => self.added.push(exact[rank]),
                Some(begin) if two_in_a_row => {
                    self.rank_ranges.push([begin as u32, rank as u32]);
                    self.open = None;
                }
                Some(_) => self.removed.push(exact[rank]),
            }
            rank += 1;
        }
        self.ranks = self.ranks.max(end);
    }

    /// The changes since [`clear_changes`](Self::clear_changes), for a sum that starts at `start`.
    pub(super) fn changes(&self, start: Start) -> SumChanges<'_> {
        SumChanges {
            start,
            added: &self.added,
            removed: &self.removed,
            rank_ranges: &self.rank_ranges,
            prefix: self.open.unwrap_or(self.ranks),
        }
    }
}
