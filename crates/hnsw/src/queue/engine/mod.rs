//! The candidate queues of hnswlib, FAISS and usearch, with their order among rows of equal distance.
//!
//! Enters: rows in the order in which a search evaluates them. Leaves: which row is expanded next, and the
//! answer. Where distances differ, every engine follows the rule of [`HeapQueue`](super::HeapQueue). Where
//! they are equal, the heaps of an engine decide which rows it holds, which it expands first and which it
//! returns.
//!
//! | rule | candidates | answer |
//! |---|---|---|
//! | `Hnswlib` | libstdc++'s heap, distances compared alone | the ef nearest in such a heap, the last ones dropped |
//! | `Faiss` | a heap of ef rows, the last of equal ones expanded first | a heap of k rows by (distance, id) |
//! | `FaissUnbounded` | a heap by (distance, id) | the same of ef rows, the last ones dropped |
//! | `FaissSimilarity`, `…Unbounded` | the same | the same, of equal rows the larger id first |
//! | `Usearch` | a heap by swaps, distances compared alone | a sorted array, of equal rows the later one first |
//!
//! FAISS compares inner products, not their negatives, from 1.14.3 on: that reverses the order of ids.
//!
//! Sources: hnswlib 0.8.0 `hnswalg.h`; libstdc++ 12 `stl_heap.h`; FAISS 1.15 `impl/HNSW.cpp`,
//! `impl/hnsw/MinimaxHeap.h` and `.cpp`, `utils/Heap.h`; usearch 2.21 `index.hpp`. Does not: follow hnswlib over another standard
//! library (libc++, MSVC), whose heaps may order equal rows otherwise.

mod faiss;
mod faiss_unbounded;
mod hnswlib;
#[cfg(test)]
mod tests;
mod usearch;

use super::candidates::Scored;
pub(crate) use faiss::{DISTANCES, FaissQueue, SIMILARITIES};
pub(crate) use faiss_unbounded::FaissUnbounded;
pub(crate) use hnswlib::HnswlibQueue;
pub(crate) use usearch::UsearchQueue;

/// Whose queue decides between rows of equal distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueRule {
    /// hnswlib's.
    Hnswlib,
    /// That of FAISS for L2.
    Faiss,
    /// That of FAISS for inner products.
    FaissSimilarity,
    /// That of FAISS for L2 without a limit.
    FaissUnbounded,
    /// That of FAISS for inner products without a limit.
    FaissSimilarityUnbounded,
    /// usearch's.
    Usearch,
}

/// What an engine's search is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beam {
    /// Its effort.
    pub ef: usize,
    /// Most rows of its answer.
    pub k: usize,
}

/// The state of one search in an engine.
pub(crate) trait EngineQueue {
    /// Empties the queue for a search.
    fn begin(&mut self, beam: Beam);

    /// Adds a row that was evaluated.
    fn offer(&mut self, row: Scored);

    /// The same of a row that a filter keeps out of the answer.
    fn offer_unreturned(&mut self, row: Scored);

    /// The row that is expanded next; `None` when the search is over.
    fn pop(&mut self) -> Option<Scored>;

    /// Appends the answer, nearest first, and leaves the queue empty.
    fn take_answer(&mut self, out: &mut Vec<Scored>);
}
