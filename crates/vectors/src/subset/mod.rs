//! Random subsets of rows, the very ones NumPy would draw.
//!
//! The published study draws its subsets by `numpy.random.default_rng(seed).choice(n, size,
//! replace=False)`; so that its ten subsets are ours, number for number, this module follows
//! NumPy's three steps, one per file:
//!
//! seed → `seed_sequence` (hash into a pool) → `generator` (PCG64, bounded integers) → `choice`
//! (which rows, in which order)
//!
//! Compared with NumPy 2.4 in `tests/subset.rs`; NumPy itself promises no stream across versions
//! (NEP 19). Does not: draw with replacement, or with weights.

mod choice;
mod generator;
mod seed_sequence;

pub use choice::{SubsetError, numpy_choice};
