//! Incremental symmetric difference E △ A_k of one returned list that serves every k.
//!
//! Enters: E and the list's rows with their exact ranks. Leaves: the changes from k to the next k.
//! Cost: one pass over the list.

use super::changes::{Start, SumChanges};
use super::prefix_encoding::PrefixEncoding;
use crate::lists::ReturnedRows;
use annatomy_vectors::BitSet;

/// E △ A_k of the first k rows of one list. Reused from list to list.
#[derive(Debug, Default)]
pub(super) struct ListDifference {
    /// By exact rank, whether A has the row.
    found: BitSet,
    encoding: PrefixEncoding,
    /// How many slots of the list are read.
    slots: usize,
    /// How many of these hold no exact neighbor.
    false_positives: usize,
}

impl ListDifference {
    /// Begins a list.
    pub(super) fn restart(&mut self) {
        self.found.clear();
        self.encoding.restart();
        (self.slots, self.false_positives) = (0, 0);
    }

    /// Reads on to the first `k` slots.
    pub(super) fn advance(&mut self, exact: &[u32], returned: &ReturnedRows, k: usize) {
        self.encoding.clear_changes();
        let end = returned.len().min(k);
        let mut ranks = self.encoding.ranks;
        for slot in self.slots..end {
            let (row, rank) = (returned.ids[slot], returned.ranks[slot] as usize);
            if rank >= exact.len() {
                self.encoding.removed.push(row);
                self.false_positives += 1;
                continue;
            }
            self.found.insert(rank);
            if rank < self.encoding.ranks {
                // It was recorded as a miss: a list whose distances round otherwise than those of E
                // is not quite in its order.
                self.encoding.removed.push(row);
            }
            ranks = ranks.max(rank + 1);
        }
        self.slots = end;
        self.encoding.extend(exact, &self.found, ranks);
    }

    /// Whether the slots read hold the nearest of E and nothing else.
    pub(super) fn is_exact_prefix(&self) -> bool {
        self.false_positives == 0 && self.slots == self.encoding.ranks
    }

    /// How S changes with the last step.
    pub(super) fn changes(&self, start: Start) -> SumChanges<'_> {
        self.encoding.changes(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::barycenter::tests::IdSums;

    #[test]
    fn a_list_is_its_prefix_less_the_sum() {
        let exact: Vec<u32> = (100..140).collect();
        // Ranks 2 and 3 are missed first: a range, of which 4 is a hit, and 2 a late one; 5 and 6
        // close it. The next is from 10 to 23 with hits 14 and 18, and 12 after it is closed; the
        // last stays open. Two rows are false positives.
        let none = u32::MAX;
        let ranks = [
            0, 1, 4, 2, none, 5, 6, 7, none, 8, 9, 14, 18, 23, 24, 25, 26, 33, 36, 12, 30,
        ];
        let mut ids = Vec::new();
        for (slot, rank) in (0..).zip(ranks) {
            ids.push(exact.get(rank as usize).copied().unwrap_or(slot));
        }
        let returned = ReturnedRows {
            ids: ids.clone(),
            ranks: ranks.to_vec(),
            ..ReturnedRows::default()
        };
        let mut difference = ListDifference::default();
        for _ in 0..2 {
            let mut sums = IdSums::new(&exact);
            let mut rank_ranges = 0;
            difference.restart();
            for k in [1, 3, 4, 7, 17, 18, 21, 30] {
                difference.advance(&exact, &returned, k);
                let changes = difference.changes(Start::Continue);
                rank_ranges += changes.rank_ranges.len();
                let expected = IdSums::total(&ids[..k.min(ids.len())]);
                assert_eq!(sums.apply(changes), expected, "k = {k}");
                assert_eq!(difference.is_exact_prefix(), k == 1);
            }
            // Ends of ranges; 4 and 2, 14, 18 and 12, 33, 30 and 36; the two false positives.
            assert_eq!((rank_ranges, sums.additions), (2, 4 + 8 + 2));
        }
    }
}
