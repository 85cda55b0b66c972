//! Errors of a download.

use std::io;
use std::path::{Path, PathBuf};

use crate::Checksum;

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It is not there, and no connection may be opened.
    #[error("{} is not there, and the network is not to be used", path.display())]
    Offline {
        /// Where it would be.
        path: PathBuf,
        /// Its address.
        url: String,
    },
    /// It is there and is not what was published.
    #[error("{} is not the published file: its checksum is {found}, not {expected}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// As published.
        expected: Checksum,
        /// The content's own digits.
        found: String,
    },
    /// What came over the network is not what was published.
    #[error(
        "{url} sent {bytes} bytes whose checksum is {found}, not {expected}; they were removed"
    )]
    WrongBytes {
        /// The address.
        url: String,
        /// How many came.
        bytes: u64,
        /// As published.
        expected: Checksum,
        /// Their own digits.
        found: String,
    },
    /// Far more came than was published.
    #[error("{url} sends {found} bytes or more, {published} were published; they were removed")]
    TooLong {
        /// The address.
        url: String,
        /// Bytes announced or received.
        found: u64,
        /// Bytes published.
        published: u64,
    },
    /// The server does not have it.
    #[error("{url}: the server answers {status}")]
    Status {
        /// The address.
        url: String,
        /// The answer.
        status: u16,
    },
    /// It was interrupted again and again.
    #[error(
        "{url}: gave up after {attempts} attempts without headway ({reason}); {kept} bytes are kept"
    )]
    GaveUp {
        /// The address.
        url: String,
        /// Attempts in a row.
        attempts: u32,
        /// What went wrong last.
        reason: String,
        /// Bytes in the unfinished file.
        kept: u64,
    },
    /// Another process writes it.
    #[error("{} is being written by another process", path.display())]
    Busy {
        /// The unfinished file.
        path: PathBuf,
    },
    /// The address is no address.
    #[error("{url}: {reason}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The disk refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl FetchError {
    pub(crate) fn io(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
