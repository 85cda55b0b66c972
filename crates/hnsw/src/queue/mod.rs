//! Candidate queues: the state of one best-first search.

mod queues;

pub(crate) use queues::Places;
pub use queues::{BitsetQueue, CandidateQueue, HeapQueue, Scored};
