//! An audit that is refused before it begins: what it needs, and what there is.

use annatomy_runtime::{available_in_words, bytes_in_words};

/// An audit needs more memory than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the audit of {rows} × {columns} values by {queries} queries, on {graphs} {}, needs {} of memory and {}",
    if *.graphs == 1 { "graph" } else { "graphs" },
    bytes_in_words(*.needed), available_in_words(*.available)
)]
pub struct TooCostly {
    /// Rows of the base.
    pub rows: usize,
    /// Its columns.
    pub columns: usize,
    /// Queries that are measured.
    pub queries: usize,
    /// Graphs that are looked at.
    pub graphs: usize,
    /// Bytes that are needed; the largest number where they are more.
    pub needed: u64,
    /// Bytes that are available.
    pub available: u64,
}
