//! Graphs against independent searches and the real engines; one binary, so that the crate is linked once.

mod build;
mod common;
mod import;
mod sq8;
mod surface_cells;
mod vamana;
