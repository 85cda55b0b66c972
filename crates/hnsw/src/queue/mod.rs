//! Candidate queues of best-first search.
//!
//! The rule, common to FAISS, hnswlib and their kin: pop the nearest unexpanded row; stop when at
//! least ef of the rows seen so far are strictly nearer. Two forms of the same rule: [`HeapQueue`]
//! for arbitrary keys, [`BitsetQueue`] for keys that are ranks. `engine` holds the queues of engines as they
//! are, for rows of equal distance.

mod bitset;
mod candidates;
mod engine;
mod heap;
mod lower_bound;
mod unseen;

pub use bitset::BitsetQueue;
pub use candidates::{CandidateQueue, Coverage, QueryScorer, RowLinks, Scored};
pub use engine::{Beam, QueueRule};
pub(crate) use engine::{
    DISTANCES, EngineQueue, FaissQueue, FaissUnbounded, HnswlibQueue, SIMILARITIES, UsearchQueue,
};
pub use heap::HeapQueue;
pub use lower_bound::LowerBoundFilter;
pub(crate) use unseen::Unseen;
