//! The pipeline from a graph to a figure; one binary, so that the crate is linked once.

mod fidelity;
#[cfg(feature = "hnsw_rs")]
mod hnsw_rs;
mod index;
