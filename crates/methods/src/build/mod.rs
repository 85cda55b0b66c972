//! Methods built here, seeded, the same bytes at any thread count: codes of rows, and the cells of an
//! inverted file. Graphs are built in [`annatomy_hnsw`].
//!
//! Codes are of the rows themselves, never of residuals, so that every method over them compares the
//! same values. Rows are compared by L2; under cosine they are to be of unit length.

mod cells;
mod codes;
mod k_means;

pub use k_means::{KMeans, k_means};

use crate::codes::Codes;
use crate::method::{Method, Routing};
use annatomy_hnsw::import::Engine;
use annatomy_vectors::Metric;

impl Method {
    /// A method of these parts, compared by L2 in FAISS's arithmetic.
    pub fn of_parts(name: String, codes: Codes, routing: Routing) -> Self {
        Self {
            engine: Engine::Faiss,
            name,
            columns: codes.columns,
            rows: codes.rows(),
            metric: Metric::L2,
            labels: None,
            transforms: Vec::new(),
            codes,
            routing,
            rerank: None,
            bytes_after: 0,
        }
    }
}

#[cfg(test)]
mod tests;
