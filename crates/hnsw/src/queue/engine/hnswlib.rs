//! hnswlib's queue: two binary heaps of libstdc++ that compare distances alone.
//!
//! * `candidates`: rows to expand, nearest first; without a limit, so that a row dropped from `top` is
//!   still expanded where it is no farther than the last row of `top`;
//! * `top`: the ef nearest rows, farthest first.
//!
//! Which of equal rows comes first is where the heap has put it: [`Heap`] makes the moves of
//! `std::push_heap` and `std::pop_heap`. An answer to k is what is left when the farthest rows have been
//! popped, sorted by (distance, id). Cost: O(log ef) an evaluation.
//!
//! Sources: hnswlib 0.8.0, `searchBaseLayerST` and `searchKnn` of `hnswalg.h`; libstdc++ 12, `stl_heap.h`.

use super::{Beam, EngineQueue};
use crate::queue::Scored;

/// Two heaps.
#[derive(Debug, Default)]
pub(crate) struct HnswlibQueue {
    ef: usize,
    k: usize,
    candidates: Heap,
    top: Heap,
}

impl HnswlibQueue {
    fn is_full(&self) -> bool {
        self.top.rows.len() >= self.ef
    }

    /// Whether `row` is far enough to be no candidate.
    fn is_beyond(&self, row: Scored) -> bool {
        let last = self.top.rows.first();
        self.is_full() && last.is_some_and(|last| last.order <= row.key)
    }
}

impl EngineQueue for HnswlibQueue {
    fn begin(&mut self, Beam { ef, k }: Beam) {
        (self.ef, self.k) = (ef, k);
        self.candidates.rows.clear();
        self.top.rows.clear();
    }

    fn offer(&mut self, row: Scored) {
        if self.is_beyond(row) {
            return;
        }
        self.candidates.push(Entry::nearest_first(row));
        self.top.push(Entry::farthest_first(row));
        if self.top.rows.len() > self.ef {
            self.top.pop();
        }
    }

    fn offer_unreturned(&mut self, row: Scored) {
        if !self.is_beyond(row) {
            self.candidates.push(Entry::nearest_first(row));
        }
    }

    fn pop(&mut self) -> Option<Scored> {
        let nearest = self.candidates.rows.first()?;
        let key = !nearest.order;
        let last = self.top.rows.first();
        if self.is_full() && last.is_some_and(|last| last.order < key) {
            return None;
        }
        let Entry { id, .. } = self.candidates.pop()?;
        Some(Scored { key, id })
    }

    fn take_answer(&mut self, out: &mut Vec<Scored>) {
        while self.top.rows.len() > self.k {
            self.top.pop();
        }
        let first = out.len();
        let rows = self.top.rows.drain(..);
        out.extend(rows.map(|Entry { order, id }| Scored { key: order, id }));
        out[first..].sort_unstable();
    }
}

/// A row and what it is ordered by.
#[derive(Clone, Copy, Debug)]
struct Entry {
    order: u32,
    id: u32,
}

impl Entry {
    fn farthest_first(row: Scored) -> Self {
        Self {
            order: row.key,
            id: row.id,
        }
    }

    fn nearest_first(row: Scored) -> Self {
        Self {
            order: !row.key,
            id: row.id,
        }
    }
}

/// A binary heap, largest order first; equal orders stand where libstdc++ leaves them.
#[derive(Debug, Default)]
struct Heap {
    rows: Vec<Entry>,
}

impl Heap {
    fn push(&mut self, entry: Entry) {
        self.rows.push(entry);
        self.rise(self.rows.len() - 1, entry);
    }

    /// Removes the first row: the hole sinks to the last layer, to the larger child and of two equal ones to
    /// the right one; from there the last row of the array rises.
    fn pop(&mut self) -> Option<Entry> {
        let last = self.rows.pop()?;
        let Some(&first) = self.rows.first() else {
            return Some(last);
        };
        let mut hole = 0;
        loop {
            let (left, right) = (2 * hole + 1, 2 * hole + 2);
            let child = match self.rows.get(right) {
                Some(of_right) if of_right.order >= self.rows[left].order => right,
                None if right > self.rows.len() => break,
                _ => left,
            };
            self.rows[hole] = self.rows[child];
            hole = child;
        }
        self.rise(hole, last);
        Some(first)
    }

    /// Puts `entry` at `hole`, or above it as long as it is larger than the parent.
    fn rise(&mut self, mut hole: usize, entry: Entry) {
        while hole > 0 {
            let parent = (hole - 1) / 2;
            if self.rows[parent].order >= entry.order {
                break;
            }
            self.rows[hole] = self.rows[parent];
            hole = parent;
        }
        self.rows[hole] = entry;
    }
}
