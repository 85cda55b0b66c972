//! What a study found: the model every writer reads, and the files that machines read back.
//!
//! * `measurements.csv`: tidy, one row per run × study × condition × k ([`csv`]);
//! * `runNN/<study>/<condition>/metrics.json`: the study's own layout, always in published
//!   conventions ([`layout`]);
//! * `order.csv`: of the study of insertion orders, if there was one ([`order`]);
//! * `methods.csv`: of the study of methods, if there was one ([`methods`]);
//! * `summary.json`: every figure over runs as an estimate with its interval, and the breakpoints
//!   ([`summary`]).

pub mod csv;
pub mod layout;
pub mod methods;
mod model;
pub mod order;
pub mod summary;
#[cfg(test)]
mod tests;

pub use annatomy_eval::surface::SurfaceGrid;
pub use annatomy_measures::published::{Artefacts, Figures};
pub use model::{
    ConditionResult, Conventions, DataFacts, Machine, Measurement, PublishedMetrics, RunHubness,
    RunRecord, Settings, StageSeconds, StudyKind, StudyResults,
};

use annatomy_formats::write_atomically;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Why results cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}: {source}")]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

/// Writes `measurements.csv`, `summary.json` and the study's own layout under `folder`, each file
/// whole or not at all.
pub fn write_all(folder: &Path, results: &StudyResults) -> Result<(), WriteError> {
    write_file(
        &folder.join("measurements.csv"),
        csv::text(results).as_bytes(),
    )?;
    write_file(
        &folder.join("summary.json"),
        summary::text(results).as_bytes(),
    )?;
    if let Some(Ok(cells)) = order::variance(results) {
        write_file(&folder.join("order.csv"), order::csv(&cells).as_bytes())?;
    }
    if let Some(text) = methods::csv(results) {
        write_file(&folder.join("methods.csv"), text.as_bytes())?;
    }
    for (path, text) in layout::files(results) {
        write_file(&folder.join(path), text.as_bytes())?;
    }
    Ok(())
}

/// Writes one file atomically; a missing folder is created.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let error = |source| WriteError {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(error)?;
    }
    write_atomically(path, |file| file.write_all(bytes)).map_err(error)
}
