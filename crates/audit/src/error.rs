//! Why an audit cannot be made.

use annatomy_formats::ReadError;
use annatomy_hnsw::BuildError;
use annatomy_hnsw::import::SavedIndexError;
use annatomy_knn::{ExactError, TableError};
use annatomy_runtime::{bytes_in_words, printable, printable_path};
use annatomy_vectors::subset::SubsetError;
use annatomy_vectors::validate::ValidationError;
use std::path::{Path, PathBuf};

/// Why an audit cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// Nothing says what the base rows are.
    #[error("an audit needs vectors: a file of them, or an index that holds them")]
    NoVectors,
    /// Another's search for exact neighbors failed.
    #[error("{0}")]
    Search(String),
    /// Options that contradict each other.
    #[error("{0}")]
    Request(String),
    /// A file of vectors, ids or distances.
    #[error("{}: {source}", printable_path(.path))]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ReadError,
    },
    /// A saved index.
    #[error("{}: {source}", printable_path(.path))]
    Index {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: SavedIndexError,
    },
    /// Segments that do not make one collection.
    #[error(transparent)]
    Segments(#[from] annatomy_hnsw::import::SegmentError),
    /// Vectors that no distance can be taken of.
    #[error("{}: {source}", printable_path(.path))]
    Vectors {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        source: ValidationError,
    },
    /// A setting that no data can satisfy.
    #[error("{name} = {value}: {}", expected(*.most))]
    Setting {
        /// Which setting.
        name: &'static str,
        /// Its value.
        value: usize,
        /// Its largest value.
        most: usize,
    },
    /// A table of predicted ids that is too large.
    #[error(
        "k = {k} for {queries} queries takes {} of predicted ids: the limit is {}",
        bytes_in_words(*.bytes),
        bytes_in_words(*.limit)
    )]
    Prediction {
        /// Neighbors asked of the engine.
        k: usize,
        /// Queries.
        queries: usize,
        /// Bytes of their ids.
        bytes: u64,
        /// Most bytes that they may take.
        limit: u64,
    },
    /// The audit as a whole needs more memory than is available.
    #[error(transparent)]
    TooCostly(#[from] super::too_costly::TooCostly),
    /// More memory is needed than is available.
    #[error(transparent)]
    Memory(#[from] annatomy_runtime::NotEnoughMemory),
    /// Two files that do not belong together.
    #[error("{} has {found} {what}, and {} has {expected}", printable_path(.path), printable(.other))]
    Shapes {
        /// A file.
        path: PathBuf,
        /// Of what it has another number.
        what: &'static str,
        /// How many.
        found: usize,
        /// The other file or thing.
        other: String,
        /// How many that has.
        expected: usize,
    },
    /// Answers to queries that lie in a file at hand and are not given.
    #[error(
        "{} has {found} rows, and the base has {expected}: {} holds {found} queries",
        printable_path(.path),
        printable_path(.queries)
    )]
    QueriesNotGiven {
        /// The answers.
        path: PathBuf,
        /// Their rows.
        found: usize,
        /// Rows of the base.
        expected: usize,
        /// The file that holds a matrix `test` of as many rows.
        queries: PathBuf,
    },
    /// An index over the same vectors at unit length.
    #[error(
        "the rows of {} are those of {} but for their lengths: the index holds them at unit length",
        printable_path(.vectors),
        printable_path(.index)
    )]
    OtherLengths {
        /// The file of vectors.
        vectors: PathBuf,
        /// The index.
        index: PathBuf,
    },
    /// An index over other vectors.
    #[error(
        "row {row} of {} is not row {row} of {}: column {column} is {found} and {expected}",
        printable_path(.vectors),
        printable_path(.index)
    )]
    OtherVectors {
        /// The file of vectors.
        vectors: PathBuf,
        /// The index.
        index: PathBuf,
        /// The first row found to differ.
        row: usize,
        /// The first column of it.
        column: usize,
        /// In the file of vectors.
        found: f32,
        /// In the index.
        expected: f32,
    },
    /// Primary keys of the base rows.
    #[error("{}: {problem}", printable_path(path))]
    Ids {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        problem: String,
    },
    /// Rows that are allowed.
    #[error("{}: {problem}", printable_path(path))]
    Allowed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Of the exact neighbors among the allowed rows.
    #[error(transparent)]
    AmongAllowed(#[from] annatomy_eval::allowed::AllowedError),
    /// An index of codes of other vectors.
    #[error(
        "{} does not hold the rows of {}: of {compared} rows compared, {own} are nearer to their own code than to another row's",
        printable_path(.vectors),
        printable_path(.index)
    )]
    OtherRowsThanCoded {
        /// The file of vectors.
        vectors: PathBuf,
        /// The index.
        index: PathBuf,
        /// Rows that are nearer to their own code.
        own: usize,
        /// Rows compared.
        compared: usize,
    },
    /// More neighbors are asked for than there are.
    #[error("k = {k} neighbors out of {available}: k must be between 1 and {available}")]
    K {
        /// Neighbors asked for.
        k: usize,
        /// Neighbors there can be.
        available: usize,
    },
    /// More queries to draw than there are.
    #[error("a sample of {sample} queries cannot be drawn from {queries}")]
    Sample {
        /// Queries to draw.
        sample: usize,
        /// Queries there are.
        queries: usize,
    },
    /// A draw.
    #[error(transparent)]
    Choice(#[from] SubsetError),
    /// Rows that are streamed from their file.
    #[error(transparent)]
    Stream(#[from] annatomy_eval::dataset::StreamError),
    /// Of the exact neighbors.
    #[error(transparent)]
    Exact(#[from] ExactError),
    /// Of the table of all pairs.
    #[error(transparent)]
    Table(#[from] TableError),
    /// An index over other rows.
    #[error(transparent)]
    OtherRows(#[from] annatomy_eval::index::IndexError),
    /// Of a graph to build.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The thread pool cannot be started.
    #[error(transparent)]
    Threads(#[from] annatomy_runtime::PoolError),
}

/// Refuses a file whose number of rows or columns is not that of `other`.
pub(super) fn check_equal(
    path: &Path,
    what: &'static str,
    found: usize,
    other: &str,
    expected: usize,
) -> Result<(), AuditError> {
    if found == expected {
        return Ok(());
    }
    Err(AuditError::Shapes {
        path: path.to_owned(),
        what,
        found,
        other: other.to_owned(),
        expected,
    })
}

fn expected(most: usize) -> String {
    if most == usize::MAX {
        "expected at least 1".to_owned()
    } else {
        format!("expected 1 to {most}")
    }
}

/// Names the file that an error is about.
pub(super) fn in_file(path: &Path) -> impl Fn(ReadError) -> AuditError + '_ {
    |source| AuditError::File {
        path: path.to_owned(),
        source,
    }
}

/// Names the file that vectors without a distance are of.
pub(super) fn in_vectors(path: &Path) -> impl Fn(ValidationError) -> AuditError + '_ {
    |source| AuditError::Vectors {
        path: path.to_owned(),
        source,
    }
}
