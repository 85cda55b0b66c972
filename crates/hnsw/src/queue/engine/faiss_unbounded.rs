//! FAISS's queue without a limit (`search_bounded_queue` = false): two binary heaps by (distance, id).
//!
//! * `candidates`: rows to expand, nearest first; rows dropped from `top` stay;
//! * `top`: the ef nearest rows, farthest first.
//!
//! (distance, id) orders all rows, so no heap decides anything. FAISS looks at no filter here.
//!
//! Source: FAISS 1.15, `search_from_candidate_unbounded` of `impl/HNSW.cpp`.

use super::faiss::Row;
use super::{Beam, EngineQueue};
use crate::queue::Scored;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Two heaps; `FLIP` as in [`Row`].
#[derive(Debug, Default)]
pub(crate) struct FaissUnbounded<const FLIP: u32> {
    ef: usize,
    k: usize,
    candidates: BinaryHeap<Reverse<Row<FLIP>>>,
    top: BinaryHeap<Row<FLIP>>,
}

impl<const FLIP: u32> FaissUnbounded<FLIP> {
    /// Whether ef rows are no farther than `key`.
    fn is_beyond(&self, key: u32) -> bool {
        let last = self.top.peek();
        self.top.len() >= self.ef && last.is_some_and(|last| last.key() <= key)
    }
}

impl<const FLIP: u32> EngineQueue for FaissUnbounded<FLIP> {
    fn begin(&mut self, Beam { ef, k }: Beam) {
        (self.ef, self.k) = (ef, k);
        self.candidates.clear();
        self.top.clear();
    }

    fn offer(&mut self, row: Scored) {
        if self.is_beyond(row.key) {
            return;
        }
        self.candidates.push(Reverse(Row::new(row)));
        self.top.push(Row::new(row));
        if self.top.len() > self.ef {
            self.top.pop();
        }
    }

    fn offer_unreturned(&mut self, row: Scored) {
        if !self.is_beyond(row.key) {
            self.candidates.push(Reverse(Row::new(row)));
        }
    }

    fn pop(&mut self) -> Option<Scored> {
        let Reverse(nearest) = self.candidates.pop()?;
        let is_nearer = |last: &Row<FLIP>| last.key() < nearest.key();
        let is_over = self.top.len() >= self.ef && self.top.peek().is_some_and(is_nearer);
        (!is_over).then(|| nearest.scored())
    }

    fn take_answer(&mut self, out: &mut Vec<Scored>) {
        while self.top.len() > self.k {
            self.top.pop();
        }
        let first = out.len();
        out.extend(self.top.drain().map(Row::scored));
        out[first..].sort_unstable_by_key(|&row| Row::<FLIP>::new(row));
    }
}
