//! Why a saved index cannot be used.

use annatomy_formats::ReadError;

/// Why a saved index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SavedIndexError {
    /// The file cannot be opened or mapped.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No known engine begins its files so.
    #[error(
        "neither a FAISS, an hnswlib, a usearch nor a DiskANN index: the file begins with {begin:?}"
    )]
    Unrecognized {
        /// The first bytes.
        begin: String,
    },
    /// What an error below was met in.
    #[error("{class}: {source}")]
    Within {
        /// The engine's name of the class.
        class: &'static str,
        /// What is wrong.
        source: Box<SavedIndexError>,
    },
    /// A graph that was saved without its vectors.
    #[error(
        "an IndexHNSWFlat of {rows} rows of {columns} columns was saved without its vectors (IO_FLAG_SKIP_STORAGE): they have to be given besides"
    )]
    NoVectors {
        /// Rows of the graph.
        rows: usize,
        /// Columns of each.
        columns: usize,
    },
    /// Vectors of another shape than those that a graph was saved without.
    #[error(
        "the graph was built over {rows} rows of {columns} columns, and the vectors are {found_rows} rows of {found_columns}"
    )]
    OtherVectors {
        /// Rows of the graph.
        rows: usize,
        /// Columns of each.
        columns: usize,
        /// Rows given.
        found_rows: usize,
        /// Columns given.
        found_columns: usize,
    },
    /// What a file holds does not fit into memory.
    #[error("{what} take {bytes} bytes, which cannot be allocated")]
    Memory {
        /// What was to be kept.
        what: &'static str,
        /// How many bytes it takes.
        bytes: u64,
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

impl SavedIndexError {
    /// No known engine's file.
    pub fn unrecognized(bytes: &[u8]) -> Self {
        let begin = String::from_utf8_lossy(&bytes[..bytes.len().min(8)]).into_owned();
        Self::Unrecognized { begin }
    }

    /// Whether the file is of a kind that is not read, and not broken.
    pub fn is_unsupported(&self) -> bool {
        match self {
            Self::Unsupported { .. } => true,
            Self::Within { source, .. } => source.is_unsupported(),
            _ => false,
        }
    }
}

/// Names the class in which an error was met.
pub fn within(class: &'static str) -> impl Fn(SavedIndexError) -> SavedIndexError {
    move |source| match source {
        source @ SavedIndexError::Within { .. } => source,
        source => SavedIndexError::Within {
            class,
            source: Box::new(source),
        },
    }
}
