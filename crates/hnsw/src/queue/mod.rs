//! Candidate queues of best-first search.
//!
//! The rule, common to FAISS, hnswlib and their kin: pop the nearest unexpanded row; stop when at
//! least ef of the rows seen so far are strictly nearer. Two forms of the same rule: [`HeapQueue`]
//! for arbitrary keys, [`BitsetQueue`] for keys that are ranks.

mod bitset;
mod candidates;
mod heap;
mod lower_bound;
mod unseen;

pub use bitset::BitsetQueue;
pub use candidates::{CandidateQueue, Coverage, QueryScorer, RowLinks, Scored};
pub use heap::HeapQueue;
pub use lower_bound::LowerBoundFilter;
