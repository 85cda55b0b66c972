//! The candidate queue for arbitrary keys: two binary heaps and an epoch mark per row, O(log ef) an
//! evaluation, as in FAISS and hnswlib.
//!
//! * `pending`: unexpanded rows, nearest first;
//! * `best`: the ef nearest rows seen, farthest first; its top is the pruning threshold.
//!
//! pop: the nearest pending row; the search is over when ef rows are strictly nearer
//! evaluate: mark, filter by the SQ8 lower bound where there is one, score the survivors
//!
//! Allocates nothing once it has grown to its largest search.

use super::candidates::{CandidateQueue, Coverage, QueryScorer, Scored};
use super::lower_bound::{FilterStats, LowerBoundFilter};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Rows scored at once, and links of the next row prefetched after them. An engine's own arithmetic
/// takes four rows at once too, and is asked for a multiple of four before the last batch.
const BATCH: usize = 4;

/// Two heaps and a mark per row.
#[derive(Debug, Default)]
pub struct HeapQueue {
    ef: usize,
    /// 16 bits, so that the marks of many rows stay in cache; cleared once in 65,535 searches.
    epoch: u16,
    marks: Vec<u16>,
    pending: BinaryHeap<Reverse<Packed>>,
    best: BinaryHeap<Packed>,
    /// The ids and keys of the links under evaluation.
    unseen: Vec<u32>,
    survivors: Vec<u32>,
    keys: Vec<u32>,
    filter_stats: FilterStats,
}

/// (key, id) as one integer of the same order: heaps compare it in one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Packed(u64);

impl Packed {
    fn new(scored: Scored) -> Self {
        Self(u64::from(scored.key) << 32 | u64::from(scored.id))
    }

    fn key(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Whether this row counts as nearer than `other`.
    fn is_nearer<S: QueryScorer>(self, other: Self, scorer: S) -> bool {
        if scorer.ties_go_by_id() {
            self < other
        } else {
            self.key() < other.key()
        }
    }

    fn scored(self) -> Scored {
        Scored {
            key: self.key(),
            id: self.0 as u32,
        }
    }
}

impl HeapQueue {
    fn is_full(&self) -> bool {
        self.best.len() >= self.ef
    }

    /// Marks `id`; whether it is new in this search.
    #[inline]
    fn mark(&mut self, id: u32) -> bool {
        std::mem::replace(&mut self.marks[id as usize], self.epoch) != self.epoch
    }

    /// Evaluates `ids` through the lower-bound filter: only survivors can enter the queue.
    ///
    /// Codes are prefetched a few rows ahead, and with each those of one of the next links: memory
    /// always has work, and never more than it can have in flight.
    #[inline]
    fn evaluate_filtered<S: QueryScorer>(
        &mut self,
        scorer: S,
        ids: &[u32],
        likely_next: &[u32],
        filter: LowerBoundFilter,
        on_evaluated: impl FnMut(Scored),
    ) -> usize {
        self.unseen.clear();
        for &id in ids {
            if self.mark(id) {
                self.unseen.push(id);
            }
        }
        let mut likely_next = likely_next
            .iter()
            .filter(|&&id| self.marks[id as usize] != self.epoch);
        for &id in self.unseen.iter().take(filter.codes_ahead) {
            scorer.prefetch_codes(id);
        }
        self.survivors.clear();
        for (place, &id) in self.unseen.iter().enumerate() {
            if let Some(&id) = self.unseen.get(place + filter.codes_ahead) {
                scorer.prefetch_codes(id);
            }
            if let Some(&id) = likely_next.next() {
                scorer.prefetch_codes(id);
            }
            if scorer.may_be_closer(id, filter) {
                scorer.prefetch(id);
                self.survivors.push(id);
            }
        }
        self.keys.clear();
        scorer.keys(&self.survivors, &mut self.keys);
        let survivors = std::mem::take(&mut self.survivors);
        self.push_all(scorer, &survivors, on_evaluated);
        self.survivors = survivors;
        let (tested, survived) = (self.unseen.len(), self.survivors.len());
        self.filter_stats.add(tested, survived);
        tested - survived
    }

    /// Pushes `ids`, whose keys stand in `keys`.
    #[inline]
    fn push_all<S: QueryScorer>(
        &mut self,
        scorer: S,
        ids: &[u32],
        mut on_evaluated: impl FnMut(Scored),
    ) {
        for (place, &id) in ids.iter().enumerate() {
            let scored = Scored {
                key: self.keys[place],
                id,
            };
            self.offer(scorer, scored);
            on_evaluated(scored);
        }
    }

    /// Keeps `scored` unless ef rows are at least as near.
    #[inline]
    fn offer<S: QueryScorer>(&mut self, scorer: S, scored: Scored) {
        let packed = Packed::new(scored);
        if !self.is_full() {
            self.best.push(packed);
            self.pending.push(Reverse(packed));
        } else if let Some(mut farthest) = self.best.peek_mut()
            && packed.is_nearer(*farthest, scorer)
        {
            *farthest = packed;
            drop(farthest);
            self.pending.push(Reverse(packed));
        }
    }
}

impl CandidateQueue for HeapQueue {
    fn reset(&mut self, rows: usize, ef: usize) {
        self.ef = ef;
        self.filter_stats.begin_search();
        self.pending.clear();
        self.best.clear();
        self.epoch = self.epoch.wrapping_add(1);
        if self.marks.len() != rows || self.epoch == 0 {
            self.marks.clear();
            self.marks.resize(rows, 0);
            self.epoch = 1;
        }
    }

    fn push<S: QueryScorer>(&mut self, scorer: S, scored: Scored) {
        self.mark(scored.id);
        self.offer(scorer, scored);
    }

    #[inline]
    fn evaluate<S: QueryScorer>(
        &mut self,
        scorer: S,
        ids: &[u32],
        likely_next: &[u32],
        coverage: Coverage,
        on_evaluated: impl FnMut(Scored),
    ) -> usize {
        if coverage == Coverage::MayBeCloser
            && self.filter_stats.is_on()
            && self.is_full()
            && let Some(farthest) = self.best.peek()
            && let Some(filter) = scorer.lower_bound_filter(farthest.key())
        {
            return self.evaluate_filtered(scorer, ids, likely_next, filter, on_evaluated);
        }
        self.unseen.clear();
        for &id in ids {
            if self.mark(id) {
                scorer.prefetch(id);
                self.unseen.push(id);
            }
        }
        self.keys.clear();
        // Rows too long to be prefetched whole keep the memory busy by themselves.
        let (batch, likely_next) = if scorer.prefetches_whole() {
            (BATCH, likely_next)
        } else {
            (usize::MAX, &[][..])
        };
        let mut likely_next = likely_next.chunks(BATCH);
        for ids in self.unseen.chunks(batch) {
            scorer.keys(ids, &mut self.keys);
            for &id in likely_next.next().unwrap_or_default() {
                if self.marks[id as usize] != self.epoch {
                    scorer.prefetch(id);
                }
            }
        }
        let unseen = std::mem::take(&mut self.unseen);
        self.push_all(scorer, &unseen, on_evaluated);
        self.unseen = unseen;
        0
    }

    #[inline]
    fn pop<S: QueryScorer>(&mut self, scorer: S) -> Option<Scored> {
        let Reverse(nearest) = self.pending.pop()?;
        let is_over = self.is_full()
            && self
                .best
                .peek()
                .is_some_and(|farthest| farthest.is_nearer(nearest, scorer));
        (!is_over).then(|| nearest.scored())
    }

    #[inline]
    fn peek(&self) -> Option<u32> {
        self.pending
            .peek()
            .map(|Reverse(nearest)| nearest.scored().id)
    }

    fn nearest(&mut self, out: &mut Vec<Scored>) {
        out.clear();
        out.extend(self.best.drain().map(Packed::scored));
        out.sort_unstable();
    }
}
