//! Resumable, checksummed downloads of published files into a folder.
//!
//! address, checksum → `NAME.part` → checksum → `NAME`
//!
//! * [`Fetcher`]: downloads one file, or finds that it is there;
//! * [`Checksum`]: MD5, or the beginning of a SHA-256, as publishers state them;
//! * [`unpack`]: members out of a `.tar.gz`, each under its own checksum.
//!
//! **Under its own name a file is whole and right.** What is incomplete is called `NAME.part`. This is
//! the only crate that knows a network; it opens no connection before [`Fetcher::fetch`] finds the
//! file missing. Progress goes to the monitor of the calling thread.

#![deny(missing_docs)]

mod archive;
mod error;
mod fetcher;
mod partial;
mod progress;
mod transfer;

pub use annatomy_formats::{Checksum, ChecksumError};
pub use archive::{Member, UnpackError, unpack};
pub use error::FetchError;
pub use fetcher::{Fetched, Fetcher, Network, Patience, Remote, check};
pub use progress::counts_bytes;
