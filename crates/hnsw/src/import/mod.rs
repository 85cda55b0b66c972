//! Graphs that other engines built and saved, read into the same frozen form and searched by the
//! same loop.
//!
//! | file | written by | recognized by |
//! |---|---|---|
//! | FAISS `IndexHNSWFlat`, `IndexHNSWCagra`, also within an `IndexIDMap` or `IndexIDMap2` | `faiss.write_index` | its four-letter code |
//! | hnswlib index | `Index.save_index` | eight zero bytes, and sizes that agree |
//! | usearch index | `Index.save` | `usearch` behind the vectors |
//! | DiskANN's index in memory, its graph alone | `build_memory_index` | its own length in its first eight bytes |
//!
//! Reading: a path → its bytes, `read` by their first ones → [`cursor`](self) checks every length against the bytes left →
//! `faiss`, `hnswlib` or `usearch` checks every link, level and offset → [`SavedIndex`]. Nothing is allocated
//! that the file is not long enough for. hnswlib's file is read piece by piece, on all threads, and never in memory as a whole.
//!
//! [`EngineDistances`] sums distances in the order of an [`EngineBuild`], so that a prediction
//! agrees with the engine's answer in every id, near ties included.
//!
//! Does not: write these formats, or read compressed storage (PQ, SQ).

mod arithmetic;
mod cursor;
mod diskann;
mod distances;
mod error;
mod faiss;
mod faiss_classes;
mod faiss_nsg;
mod hnswlib;
mod layers;
mod probe;
mod read;
mod read_at;
mod row_ids;
mod saved_index;
mod segments;
mod usearch;

/// What readers of other FAISS classes share with this one.
pub mod faiss_file {
    pub use super::arithmetic::{Batch, Level, dot, squared_l2};
    pub use super::cursor::{Cursor, collected, floats, integers, long_integers, reserved};
    pub use super::error::within;
    pub use super::faiss::{
        Header, HnswPart, is_faiss, read_cagra_part, read_header, read_hnsw_part,
    };
    pub use super::faiss_classes::name_of;
    pub use super::faiss_nsg::{NsgPart, read_nsg_part};
    pub use super::layers::renamed;
    pub use super::read::npy_payload;
    pub use super::row_ids::{as_row_numbers, read_row_ids};
}

/// What the reader of usearch's compressed vectors shares with this one.
pub mod usearch_file {
    pub use super::arithmetic::{UsearchLevel, UsearchScalar, usearch_distance};
    pub use super::usearch::{UsearchFile, is_usearch, read_file};
}

/// What the reader of DiskANN's rows shares with that of its graph.
pub mod diskann_file {
    pub use super::arithmetic::{DiskAnnScalar, diskann_distance};
    pub use super::diskann::{
        CLASS, DiskAnnGraph, data_path, graph_path, is_graph, is_on_disk, read_graph,
    };
    pub use super::read::is_diskann;
}

pub use arithmetic::{Arithmetic, EngineBuild, UnknownArithmetic};
pub use distances::{EngineDistances, EngineScorer};
pub use error::SavedIndexError;
pub use probe::Probe;
pub use saved_index::{Engine, SavedIndex};
pub use segments::SegmentError;
