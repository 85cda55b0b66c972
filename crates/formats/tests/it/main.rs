//! Files as real libraries write them; one binary, so that the crate is linked once.

mod answers;
mod detection;
mod formats;
mod formats_laws;
mod members;
