//! The candidate queue for keys that are ranks in 0..n: one bit per rank, O(1) an evaluation,
//! O(n/64) at worst a pop.
//!
//! Equal distances have ranks of their own, ties by id; the stop rule counts only strictly nearer
//! rows, as [`HeapQueue`](super::HeapQueue) does.

use super::candidates::{CandidateQueue, Coverage, QueryScorer, RowLinks, Scored};
use annatomy_vectors::RankedBitSet;

/// One bit per rank for the rows seen, one for the rows pending.
#[derive(Debug, Default)]
pub struct BitsetQueue {
    ef: usize,
    count: usize,
    seen: RankedBitSet,
    pending: RankedBitSet,
    id_at: Vec<u32>,
}

impl BitsetQueue {
    /// Adds a row; whether it is new.
    #[inline]
    fn insert(&mut self, Scored { key: rank, id }: Scored) -> bool {
        let is_new = self.seen.insert(rank);
        if is_new {
            self.pending.insert(rank);
            self.id_at[rank as usize] = id;
            self.count += 1;
        }
        is_new
    }
}

impl CandidateQueue for BitsetQueue {
    fn reset(&mut self, rows: usize, ef: usize) {
        self.ef = ef;
        self.count = 0;
        self.seen.reset(rows);
        self.pending.reset(rows);
        self.id_at.resize(rows, 0);
    }

    fn push<S: QueryScorer>(&mut self, _scorer: S, scored: Scored) {
        self.insert(scored);
    }

    #[inline]
    fn evaluate<S: QueryScorer>(
        &mut self,
        scorer: S,
        expanded: RowLinks<'_>,
        _likely_next: Option<RowLinks<'_>>,
        _coverage: Coverage,
        mut on_evaluated: impl FnMut(Scored),
    ) -> usize {
        for links in expanded.links.chunks(u64::BITS as usize) {
            // Most links lead to rows that were seen before. The few others are marked without a branch,
            // which would be mispredicted about once for each of them.
            let mut unseen = 0_u64;
            for (place, &id) in links.iter().enumerate() {
                unseen |= u64::from(!self.seen.contains(scorer.key(id))) << place;
            }
            while unseen != 0 {
                let id = links[unseen.trailing_zeros() as usize];
                unseen &= unseen - 1;
                let scored = Scored {
                    key: scorer.key(id),
                    id,
                };
                // A row may be linked twice.
                if self.insert(scored) {
                    on_evaluated(scored);
                }
            }
        }
        0
    }

    fn pop<S: QueryScorer>(&mut self, scorer: S) -> Option<Scored> {
        let rank = self.pending.first()?;
        self.pending.remove(rank);
        // No more rows are nearer than there are ranks below, and mostly those are too few: then
        // nothing is counted.
        let may_be_over = self.count > self.ef && rank as usize >= self.ef;
        if may_be_over && self.seen.rank(scorer.first_of_tie(rank)) >= self.ef {
            return None;
        }
        Some(Scored {
            key: rank,
            id: self.id_at[rank as usize],
        })
    }

    #[inline]
    fn upcoming(&self) -> [Option<u32>; 2] {
        let first = self.pending.first();
        [first.map(|rank| self.id_at[rank as usize]), None]
    }

    fn nearest(&mut self, out: &mut Vec<Scored>) {
        out.clear();
        out.extend(self.seen.iter().take(self.ef).map(|rank| Scored {
            key: rank,
            id: self.id_at[rank as usize],
        }));
    }
}
