//! Why a study cannot be run.

use super::checkpoint::CheckpointError;
use super::cost::TooCostly;
use crate::config::SettingsError;
use std::path::PathBuf;

/// Why a study cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The largest k needs more other rows than there are.
    #[error("k = {k} neighbors of each of {rows} rows: k must be below the number of rows")]
    KTooLarge {
        /// The largest k.
        k: usize,
        /// Rows per run.
        rows: usize,
    },
    /// More rows to draw than there are.
    #[error("a subset of {subset} rows cannot be drawn from {rows}")]
    SubsetTooLarge {
        /// Rows to draw.
        subset: usize,
        /// Rows there are.
        rows: usize,
    },
    /// More queries to sample than rows.
    #[error("a sample of {sample} queries cannot be drawn from {rows} rows")]
    SampleTooLarge {
        /// Queries to draw.
        sample: usize,
        /// Rows there are.
        rows: usize,
    },
    /// The vectors' file.
    #[error("{path}: {source}")]
    Vectors {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        source: annatomy_formats::ReadError,
    },
    /// The vectors' file cannot be read whole for its fingerprint.
    #[error("{path}: {source}")]
    Fingerprint {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The vectors' file is not what it was when the study began.
    #[error(
        "{path} changed while the study was at work ({bytes} bytes at its beginning, {found} bytes now)"
    )]
    DataChanged {
        /// The file.
        path: PathBuf,
        /// Its size at the beginning.
        bytes: u64,
        /// Its size now.
        found: u64,
    },
    /// Rows that no distance can be taken from.
    #[error("{data}, run {run}: {source}")]
    Rows {
        /// The data.
        data: String,
        /// The run whose rows they are.
        run: usize,
        /// What is wrong with them.
        source: annatomy_vectors::validate::ValidationError,
    },
    /// A run that others were to compute.
    #[error("{0}")]
    Elsewhere(String),
    /// Codes of the study of methods that do not fit into memory.
    #[error(transparent)]
    Codes(#[from] annatomy_hnsw::import::SavedIndexError),
    /// Drawing rows.
    #[error(transparent)]
    Subset(#[from] annatomy_vectors::subset::SubsetError),
    /// The built-in data.
    #[error(transparent)]
    BuiltIn(#[from] annatomy_builtin::BuiltinError),
    /// It needs more memory than there is.
    #[error(transparent)]
    TooCostly(#[from] TooCostly),
    /// Exact neighbors.
    #[error(transparent)]
    Pairs(#[from] annatomy_knn::TableError),
    /// The cells of the surface.
    #[error(transparent)]
    Grid(#[from] annatomy_eval::surface::GridError),
    /// The exact neighbors.
    #[error(transparent)]
    Exact(#[from] annatomy_knn::ExactError),
    /// A graph.
    #[error(transparent)]
    Build(#[from] annatomy_hnsw::BuildError),
    /// The output folder.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The thread pool cannot be started.
    #[error(transparent)]
    Threads(#[from] annatomy_runtime::PoolError),
}
