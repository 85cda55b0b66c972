//! FAISS's queue: a heap of as many rows as the effort, and the answer in a heap of its own.
//!
//! * `held`: the nearest max(ef, k) rows, those that were expanded among them, farthest first; a row that is no
//!   nearer than the first of a full heap is dropped;
//! * `answer`: the k nearest rows by (distance, id); a row no nearer than the k-th comes too late.
//!
//! The next row to expand is the nearest, and of equal ones that which stands last in the array. That
//! is a matter of how the heap has moved them: [`Held`] makes the moves of `heap_push` and `heap_pop`. They
//! break ties by id, and an expanded row has id −1 from then on, wherever it stands. All three builds of
//! `pop_min` (scalar, AVX2, AVX-512) choose the same row. They look at all rows held; here a second heap
//! has the nearest, and the array is looked through where several rows are at its distance.
//!
//! Cost: O(log rows) a row held and a pop; O(ef) a pop among equal rows, and at k > ef.
//!
//! Sources: FAISS 1.15, `search_from_candidates` of `impl/HNSW.cpp`, `impl/hnsw/`, `utils/Heap.h`,
//! `HeapBlockResultHandler` of `impl/ResultHandler.h`.

use super::{Beam, EngineQueue};
use crate::queue::Scored;
use annatomy_vectors::BitSet;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The id of an expanded row, when ids count from 1.
const EXPANDED: u32 = 0;

/// For distances: of equal rows that of larger id is dropped first.
pub(crate) const DISTANCES: u32 = 0;

/// For similarities: of equal rows that of smaller id is dropped first.
pub(crate) const SIMILARITIES: u32 = u32::MAX;

/// (key, id) as one integer, the larger one first in a heap. Ids count from 1, and `FLIP`, [`DISTANCES`] or [`SIMILARITIES`],
/// keeps or reverses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row<const FLIP: u32>(u64);

impl<const FLIP: u32> Row<FLIP> {
    pub(super) fn new(Scored { key, id }: Scored) -> Self {
        Self(u64::from(key) << 32 | u64::from((id + 1) ^ FLIP))
    }

    pub(super) fn key(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The row as one that was expanded.
    fn without_id(self) -> Self {
        Self(u64::from(self.key()) << 32 | u64::from(EXPANDED ^ FLIP))
    }

    pub(super) fn scored(self) -> Scored {
        Scored {
            key: self.key(),
            id: (self.0 as u32 ^ FLIP) - 1,
        }
    }
}

/// The rows held and those of the answer.
#[derive(Debug, Default)]
pub(crate) struct FaissQueue<const FLIP: u32> {
    ef: usize,
    k: usize,
    held: Held<FLIP>,
    answer: BinaryHeap<Row<FLIP>>,
}

impl<const FLIP: u32> EngineQueue for FaissQueue<FLIP> {
    fn begin(&mut self, Beam { ef, k }: Beam) {
        (self.ef, self.k) = (ef, k);
        self.held.begin(ef.max(k));
        self.answer.clear();
    }

    fn offer(&mut self, row: Scored) {
        let new = Row::new(row);
        if self.answer.len() < self.k {
            self.answer.push(new);
        } else if let Some(mut last) = self.answer.peek_mut()
            && new.key() < last.key()
        {
            *last = new;
        }
        self.held.push(new);
    }

    fn offer_unreturned(&mut self, row: Scored) {
        self.held.push(Row::new(row));
    }

    fn pop(&mut self) -> Option<Scored> {
        let nearest = self.held.pop_nearest()?;
        // A heap of ef rows holds fewer than ef that are nearer than one of them.
        let is_over = self.held.most > self.ef && self.held.nearer_than(nearest.key) >= self.ef;
        (!is_over).then_some(nearest)
    }

    fn take_answer(&mut self, out: &mut Vec<Scored>) {
        let first = out.len();
        out.extend(self.answer.drain().map(Row::scored));
        out[first..].sort_unstable_by_key(|&row| Row::<FLIP>::new(row));
    }
}

/// A heap of limited size, farthest first, whose rows stay when they are expanded.
#[derive(Debug, Default)]
struct Held<const FLIP: u32> {
    most: usize,
    /// Rows not expanded.
    pending: usize,
    rows: Vec<Row<FLIP>>,
    /// Every row that was held, nearest first, until it is popped. A row that `rows` dropped since is no nearer than
    /// any that is pending: a distance that one row alone has, here, is that of a pending row.
    nearest: BinaryHeap<Reverse<Row<FLIP>>>,
    /// Ids of the expanded rows.
    expanded: BitSet,
    /// The same as a list, to remove them without a pass over the bits.
    popped: Vec<u32>,
}

impl<const FLIP: u32> Held<FLIP> {
    fn begin(&mut self, most: usize) {
        (self.most, self.pending) = (most, 0);
        self.rows.clear();
        self.nearest.clear();
        for id in self.popped.drain(..) {
            self.expanded.remove(id as usize);
        }
    }

    fn is_expanded(&self, row: Row<FLIP>) -> bool {
        self.expanded.contains(row.scored().id as usize)
    }

    /// Whether `one` is larger than `other`. An expanded row has no id: this matters where keys are equal.
    fn exceeds(&self, one: Row<FLIP>, other: Row<FLIP>) -> bool {
        if one.key() != other.key() {
            return one.key() > other.key();
        }
        let without_id = |row: Row<FLIP>| {
            if self.is_expanded(row) {
                row.without_id()
            } else {
                row
            }
        };
        without_id(one) > without_id(other)
    }

    fn push(&mut self, row: Row<FLIP>) {
        if self.rows.len() == self.most {
            let first = self.rows[0];
            if row.key() >= first.key() {
                return;
            }
            self.pending -= usize::from(!self.is_expanded(first));
            self.drop_first();
        }
        self.pending += 1;
        self.nearest.push(Reverse(row));
        let mut hole = self.rows.len();
        self.rows.push(row);
        while hole > 0 {
            let parent = (hole - 1) / 2;
            if !self.exceeds(row, self.rows[parent]) {
                break;
            }
            self.rows[hole] = self.rows[parent];
            hole = parent;
        }
        self.rows[hole] = row;
    }

    /// The last row of the array sinks from the place of the first one, to the larger child and of two
    /// equal ones to the right one, as long as it is no larger. It still stands at its old place meanwhile.
    fn drop_first(&mut self) {
        let Some(&last) = self.rows.last() else {
            return;
        };
        let mut hole = 0;
        loop {
            let (left, right) = (2 * hole + 1, 2 * hole + 2);
            let child = match (self.rows.get(left), self.rows.get(right)) {
                (None, _) => break,
                (Some(&of_left), Some(&of_right)) if !self.exceeds(of_left, of_right) => right,
                _ => left,
            };
            if self.exceeds(last, self.rows[child]) {
                break;
            }
            self.rows[hole] = self.rows[child];
            hole = child;
        }
        self.rows[hole] = last;
        self.rows.pop();
    }

    /// Marks the nearest pending row as expanded, of equal ones the last in the array.
    fn pop_nearest(&mut self) -> Option<Scored> {
        while self.pending > 0 {
            let Reverse(row) = self.nearest.pop()?;
            if self.is_expanded(row) {
                continue;
            }
            let is_equal = |Reverse(next): &Reverse<Row<FLIP>>| next.key() == row.key();
            let has_equals = self.nearest.peek().is_some_and(is_equal);
            let row = if has_equals {
                self.last_of_equals(row)
            } else {
                row
            };
            let scored = row.scored();
            self.expanded.insert(scored.id as usize);
            self.popped.push(scored.id);
            self.pending -= 1;
            return Some(scored);
        }
        None
    }

    /// Of the pending rows as near as `row` the last in the array; `row` stays to be popped if it is another.
    fn last_of_equals(&mut self, row: Row<FLIP>) -> Row<FLIP> {
        let is_pending = |held: &&Row<FLIP>| held.key() == row.key() && !self.is_expanded(**held);
        let last = self.rows.iter().rev().find(is_pending).copied();
        let last = last.unwrap_or(row);
        if last != row {
            self.nearest.push(Reverse(row));
        }
        last
    }

    fn nearer_than(&self, key: u32) -> usize {
        self.rows.iter().filter(|row| row.key() < key).count()
    }
}
