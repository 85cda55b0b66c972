//! annatomy: where an HNSW search stops returning your nearest neighbors, why, and what effort gets
//! them back.

#![deny(missing_docs)]

pub mod audit;
pub mod builtin;
pub mod config;
pub mod engines;
pub mod fidelity;
pub mod figures;
pub mod index;
pub mod published;
pub mod report;
pub mod results;
pub mod study;
