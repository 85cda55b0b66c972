//! Exact k-nearest neighbors and the tables that hold neighbors.

#![deny(missing_docs)]

mod table;

pub use table::NeighborTable;
