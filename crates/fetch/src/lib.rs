//! Published files into a folder: downloads that go on after a cut, and nothing kept that was not
//! published.
//!
//! address, checksum → `NAME.part` → checksum → `NAME`
//!
//! * [`Fetcher`]: brings one file, or finds that it is there;
//! * [`Checksum`]: MD5, or the beginning of a SHA-256, as publishers state them;
//! * [`unpack`]: members out of a `.tar.gz`, each under its own checksum.
//!
//! **Under its own name a file is whole and right.** What is not yet stands beside it as
//! `NAME.part`, and nobody else reads it. This is the only crate that knows a network; it opens no
//! connection before [`Fetcher::fetch`] finds the file missing.

#![deny(missing_docs)]

mod archive;
mod checksum;
mod error;
mod fetcher;
mod partial;
mod progress;
mod transfer;

pub use archive::{Member, UnpackError, unpack};
pub use checksum::{Checksum, ChecksumError};
pub use error::FetchError;
pub use fetcher::{Fetched, Fetcher, Network, Patience, Remote, check};
pub use progress::{Progress, Silent, Step};
