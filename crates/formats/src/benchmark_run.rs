//! What a result file of ann-benchmarks or VIBE says of the run that made it.
//!
//! Enters: a path. Leaves: the attributes of the file's root, besides which lie `neighbors`,
//! `distances` and `times`. Cost: the root's header.

use std::path::Path;

use super::bytes::Bytes;
use super::detect;
use super::error::ReadError;
use super::format::Format;
use super::source::Source;
use super::words::is_text;

/// A run, in the file's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BenchmarkRun {
    /// `algo`: which engine.
    pub algorithm: Option<String>,
    /// `name`: the engine and its settings.
    pub name: Option<String>,
    /// `dataset`: what was searched.
    pub dataset: Option<String>,
    /// `distance`: the metric, `angular` or `euclidean` for instance.
    pub distance: Option<String>,
    /// `count`: neighbors asked for.
    pub count: Option<u64>,
}

impl BenchmarkRun {
    /// Reads what `path` says of a run; nothing if it is no HDF5 file, or holds no run.
    pub fn read(path: impl AsRef<Path>) -> Result<Option<Self>, ReadError> {
        if is_text(path.as_ref()) {
            return Ok(None);
        }
        let source = Source::parse(path);
        let (format, bytes) = detect::open(&source)?;
        if format != Format::Hdf5 {
            return Ok(None);
        }
        let run = read(&bytes)?;
        // Data sets name their distance too; a run names who made it.
        Ok(Some(run).filter(|run| run.algorithm.is_some() || run.name.is_some()))
    }
}

#[cfg(feature = "hdf5")]
fn read(bytes: &Bytes) -> Result<BenchmarkRun, ReadError> {
    super::datasets::run(bytes)
}

#[cfg(not(feature = "hdf5"))]
fn read(_bytes: &Bytes) -> Result<BenchmarkRun, ReadError> {
    Format::Hdf5.check_built().map(|()| BenchmarkRun::default())
}
