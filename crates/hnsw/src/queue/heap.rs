//! The candidate queue for arbitrary keys: two binary heaps and a mark per row, O(log ef) an
//! evaluation, as in FAISS and hnswlib.
//!
//! * `pending`: unexpanded rows, nearest first;
//! * `best`: the ef nearest rows seen, farthest first; its top is the pruning threshold.
//!
//! pop: the nearest pending row; the search is over when ef rows are strictly nearer
//! evaluate: skip what is marked, filter by the SQ8 lower bound where there is one, score the survivors
//!
//! Allocates nothing once it has grown to its largest search.

use super::candidates::{CandidateQueue, Coverage, QueryScorer, RowLinks, Scored};
use super::lower_bound::{FilterStats, LowerBoundFilter};
use super::unseen::Unseen;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Rows scored at once, and links of the next row prefetched after them. An engine's own arithmetic
/// takes four rows at once too, and is asked for a multiple of four before the last batch.
const BATCH: usize = 4;

/// Two heaps, and which rows are new.
#[derive(Debug, Default)]
pub struct HeapQueue {
    ef: usize,
    unseen: Unseen,
    pending: BinaryHeap<Reverse<Packed>>,
    best: BinaryHeap<Packed>,
    /// The links that are scored, and their keys.
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

    /// Evaluates the new links through the lower-bound filter: only survivors can enter the queue.
    ///
    /// Codes are prefetched a few rows ahead, and with each those of one of the next links: memory
    /// always has work, and never more than it can have in flight.
    #[inline]
    fn evaluate_filtered<S: QueryScorer>(
        &mut self,
        scorer: S,
        filter: LowerBoundFilter,
        on_evaluated: impl FnMut(Scored),
    ) -> usize {
        let (now, mut ahead) = (self.unseen.now(), self.unseen.ahead().iter());
        for &id in now.iter().take(filter.codes_ahead) {
            scorer.prefetch_codes(id);
        }
        self.survivors.clear();
        let mut keep = |id| {
            scorer.prefetch(id);
            self.survivors.push(id);
        };
        let (fours, rest) = now.as_chunks();
        for (place, &four) in fours.iter().enumerate() {
            let later = now.iter().skip(place * BATCH + filter.codes_ahead);
            for &id in later.take(BATCH).chain(ahead.by_ref().take(BATCH)) {
                scorer.prefetch_codes(id);
            }
            for (id, may_be_closer) in four.into_iter().zip(scorer.may_be_closer_x4(four, filter)) {
                if may_be_closer {
                    keep(id);
                }
            }
        }
        for &id in rest {
            if scorer.may_be_closer(id, filter) {
                keep(id);
            }
        }
        let (tested, survived) = (now.len(), self.survivors.len());
        self.keys.clear();
        scorer.keys(&self.survivors, &mut self.keys);
        self.push_all(scorer, on_evaluated);
        self.filter_stats.add(tested, survived);
        tested - survived
    }

    /// Pushes the survivors, whose keys stand in `keys`.
    #[inline]
    fn push_all<S: QueryScorer>(&mut self, scorer: S, mut on_evaluated: impl FnMut(Scored)) {
        let survivors = std::mem::take(&mut self.survivors);
        for (place, &id) in survivors.iter().enumerate() {
            let scored = Scored {
                key: self.keys[place],
                id,
            };
            self.offer(scorer, scored);
            on_evaluated(scored);
        }
        self.survivors = survivors;
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
        self.unseen.reset(rows);
    }

    fn push<S: QueryScorer>(&mut self, scorer: S, scored: Scored) {
        self.unseen.mark(scored.id);
        self.offer(scorer, scored);
    }

    #[inline]
    fn evaluate<S: QueryScorer>(
        &mut self,
        scorer: S,
        expanded: RowLinks<'_>,
        likely_next: Option<RowLinks<'_>>,
        coverage: Coverage,
        on_evaluated: impl FnMut(Scored),
    ) -> usize {
        self.unseen.expand(expanded, likely_next);
        if coverage == Coverage::MayBeCloser
            && self.filter_stats.is_on()
            && self.is_full()
            && let Some(farthest) = self.best.peek()
            && let Some(filter) = scorer.lower_bound_filter(farthest.key())
        {
            return self.evaluate_filtered(scorer, filter, on_evaluated);
        }
        let now = self.unseen.now();
        for &id in now {
            scorer.prefetch(id);
        }
        // Rows too long to be prefetched whole keep the memory busy by themselves.
        let (batch, ahead) = if scorer.prefetches_whole() {
            (BATCH, self.unseen.ahead())
        } else {
            (usize::MAX, &[][..])
        };
        let mut ahead = ahead.chunks(BATCH);
        self.keys.clear();
        for ids in now.chunks(batch) {
            scorer.keys(ids, &mut self.keys);
            for &id in ahead.next().unwrap_or_default() {
                scorer.prefetch(id);
            }
        }
        self.survivors.clear();
        self.survivors.extend_from_slice(now);
        self.push_all(scorer, on_evaluated);
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
    fn upcoming(&self) -> [Option<u32>; 2] {
        // The second least of a binary heap is a child of the least.
        let pending = self.pending.as_slice();
        let second = pending.iter().skip(1).take(2).max();
        [pending.first(), second].map(|row| row.map(|Reverse(packed)| packed.scored().id))
    }

    fn nearest(&mut self, out: &mut Vec<Scored>) {
        out.clear();
        out.extend(self.best.drain().map(Packed::scored));
        out.sort_unstable();
    }
}
