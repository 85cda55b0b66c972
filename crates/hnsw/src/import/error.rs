//! Why a saved index cannot be used.

use annatomy_formats::ReadError;

/// Why a saved index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SavedIndexError {
    /// The file cannot be opened or mapped.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No known engine begins its files so.
    #[error("neither a FAISS nor an hnswlib index: the file begins with {begin:?}")]
    Unrecognized {
        /// The first bytes.
        begin: String,
    },
    /// A known engine's file, of a kind whose graph or vectors cannot be used.
    #[error("{kind} is not read: {reason}")]
    Unsupported {
        /// What the file holds.
        kind: String,
        /// What would have to be otherwise.
        reason: &'static str,
    },
    /// The file ends early, or a length in it is wrong.
    #[error(
        "{what} at byte {offset} needs {wanted} bytes, and {left} are left: the file is cut off or corrupt"
    )]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Where.
        offset: usize,
        /// Bytes that the file says it has there.
        wanted: u64,
        /// Bytes to the end of the file.
        left: usize,
    },
    /// A value that cannot be.
    #[error("{what} is {found}, expected {expected}: the file is corrupt")]
    Value {
        /// Which value.
        what: &'static str,
        /// As it stands in the file.
        found: i128,
        /// What it must be.
        expected: String,
    },
    /// A value of one node that cannot be.
    #[error("{what} of node {node} is {found}, expected {expected}: the file is corrupt")]
    Node {
        /// Which value.
        what: &'static str,
        /// Of which node.
        node: usize,
        /// As it stands in the file.
        found: i128,
        /// What it must be.
        expected: String,
    },
}
