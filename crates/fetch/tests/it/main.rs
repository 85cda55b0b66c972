//! All integration tests of this crate, in one binary.

#[path = "../common/mod.rs"]
mod common;

mod fetch;
mod unpack;
