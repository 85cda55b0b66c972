//! Graphs that other engines built and saved, read into the same frozen form and searched by the
//! same loop.
//!
//! | file | written by | recognized by |
//! |---|---|---|
//! | FAISS `IndexHNSWFlat`, also within an `IndexIDMap` or `IndexIDMap2` | `faiss.write_index` | its four-letter code |
//! | hnswlib index | `Index.save_index` | eight zero bytes, and sizes that agree |
//!
//! Reading: a path → a memory map → [`cursor`](self) checks every length against the bytes left →
//! `faiss` or `hnswlib` checks every link, level and offset → [`SavedIndex`]. Nothing is allocated
//! that the file is not long enough for.
//!
//! [`EngineDistances`] evaluates distances in the order in which the engine adds its terms, so that a
//! prediction agrees with the engine's answer in every id, and not only in all that rounding leaves
//! alone.
//!
//! Does not: write these formats, read compressed storage (PQ, SQ), or read hnswlib files in which
//! rows are marked deleted.

mod arithmetic;
mod cursor;
mod error;
mod faiss;
mod hnswlib;
mod layers;
mod oracle;
mod saved_index;

pub use error::SavedIndexError;
pub use oracle::{EngineDistances, EngineScorer};
pub use saved_index::{Engine, SavedIndex};
