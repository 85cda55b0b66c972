//! What enters and leaves: one file per format, one way of reading them all.
//!
//! | ending | holds | read | written |
//! |---|---|---|---|
//! | `.npy` | NumPy array, versions 1 to 3, both byte orders, C and Fortran order | f2 f4 f8, i1–i8, u1–u8 | f4, i4, i8 |
//! | `.npz` | zip of the above | the named member, or the only matrix | |
//! | `.fvecs` `.ivecs` `.bvecs` | each row after its own 32-bit length (TEXMEX) | f4, i4, u1 | f4, i4 |
//! | `.fbin` `.ibin` `.u8bin` `.i8bin` `.f16bin` | 32-bit n and d, then n·d values (Big-ANN) | f4, i4, u1, i1, f2 | f4, i4 |
//!
//! Reading: a path → `bytes` (a memory map) → one of `npy`, `npz`, `vecs`, `bin` finds the `layout` → [`VectorFile`] or
//! [`read_ids`]. A file must be exactly as long as its header says; where it is not, the error says both lengths, so no
//! header makes the reader allocate more than the file itself holds (an `.npz` member: more than it unpacks to).
//!
//! Writing: into a temporary file beside the target, flushed to disk, then renamed over it: the target is whole or not there.
//!
//! Does not: change values. Wider types are rounded to float32, and what overflows there becomes infinite for
//! [`crate::validate`] to find.

mod atomic;
mod bin;
mod bytes;
mod element;
mod error;
mod format;
mod ids;
mod layout;
mod npy;
mod npz;
mod vecs;
mod vector_file;
mod write;

pub use atomic::write_atomically;
pub use bytes::MappedFile;
pub use element::Element;
pub use error::ReadError;
pub use format::Format;
pub use ids::{IdTable, read_ids};
pub use vector_file::VectorFile;
pub use write::{IdValue, WriteError, write_ids, write_matrix};
