//! usearch's queue: a binary heap of candidates, and the ef nearest rows in a sorted array.
//!
//! * `candidates`: rows to expand, nearest first; without a limit, as in hnswlib;
//! * `top`: the ef nearest rows, ascending; a new row stands before those at its distance, and the last one
//!   of a full array goes.
//!
//! The answer to k is the first k rows of `top`, in their order. Cost: O(ef) an evaluation, most of it a
//! move of memory.
//!
//! Source: usearch 2.21, `search_to_find_in_base_`, `max_heap_gt` and `sorted_buffer_gt` of `index.hpp`.

use super::{Beam, EngineQueue};
use crate::queue::Scored;

/// A heap and a sorted array.
#[derive(Debug, Default)]
pub(crate) struct UsearchQueue {
    ef: usize,
    k: usize,
    /// Nearest first; equal rows stand where swaps leave them.
    candidates: Vec<Scored>,
    top: Vec<Scored>,
}

impl UsearchQueue {
    fn is_full(&self) -> bool {
        self.top.len() >= self.ef
    }

    fn is_beyond(&self, row: Scored) -> bool {
        self.is_full() && self.top.last().is_some_and(|last| last.key <= row.key)
    }

    fn push_candidate(&mut self, row: Scored) {
        let heap = &mut self.candidates;
        let mut place = heap.len();
        heap.push(row);
        while place > 0 {
            let parent = (place - 1) / 2;
            if heap[parent].key <= heap[place].key {
                break;
            }
            heap.swap(parent, place);
            place = parent;
        }
    }

    /// The last row of the array takes the place of the first one and sinks, to the nearer child and of two
    /// equal ones to the left one, as long as that is nearer.
    fn pop_candidate(&mut self) {
        let heap = &mut self.candidates;
        heap.swap_remove(0);
        let mut place = 0;
        loop {
            let mut nearest = place;
            for child in [2 * place + 1, 2 * place + 2] {
                if child < heap.len() && heap[child].key < heap[nearest].key {
                    nearest = child;
                }
            }
            if nearest == place {
                break;
            }
            heap.swap(place, nearest);
            place = nearest;
        }
    }
}

impl EngineQueue for UsearchQueue {
    fn begin(&mut self, Beam { ef, k }: Beam) {
        (self.ef, self.k) = (ef, k);
        self.candidates.clear();
        self.top.clear();
    }

    fn offer(&mut self, row: Scored) {
        if self.is_beyond(row) {
            return;
        }
        self.push_candidate(row);
        if self.is_full() {
            self.top.pop();
        }
        let place = self.top.partition_point(|held| held.key < row.key);
        self.top.insert(place, row);
    }

    fn offer_unreturned(&mut self, row: Scored) {
        if !self.is_beyond(row) {
            self.push_candidate(row);
        }
    }

    fn pop(&mut self) -> Option<Scored> {
        let nearest = *self.candidates.first()?;
        let last = self.top.last();
        if self.is_full() && last.is_some_and(|last| last.key < nearest.key) {
            return None;
        }
        self.pop_candidate();
        Some(nearest)
    }

    fn take_answer(&mut self, out: &mut Vec<Scored>) {
        out.extend(self.top.drain(..).take(self.k));
    }
}
