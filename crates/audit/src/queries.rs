//! The queries: rows of another file, base rows, or a seeded sample of either.

use super::decided::Decided;
use super::error::AuditError;
use super::load::{OpenVectors, in_file};
use annatomy_eval::dataset::{Base, QueryRows, check_and_normalize};
use annatomy_hnsw::import::EngineBuild;
use annatomy_vectors::validate::check_range;
use annatomy_vectors::{Matrix, Metric, validate};
use std::path::Path;

/// The queries of an open file, or base rows where there is none.
pub(super) fn prepare_queries(
    decided: &Decided,
    opened: Option<OpenVectors>,
    base: &Base<'_>,
    build: Option<EngineBuild>,
) -> Result<QueryRows<'static>, AuditError> {
    let Some(OpenVectors { path, file }) = opened else {
        let numbers = decided.sampling.draw(base.rows())?;
        return Ok(QueryRows::base_rows(numbers, base.rows()));
    };
    if file.columns() != base.columns() {
        return Err(AuditError::Shapes {
            path,
            what: "columns",
            found: file.columns(),
            other: "the base".to_owned(),
            expected: base.columns(),
        });
    }
    let numbers = decided.sampling.draw(file.rows())?;
    let mut rows = file.select(&numbers).map_err(in_file(&path))?;
    queries_of_unit_length(&mut rows, decided.metric, build, &path)?;
    Ok(QueryRows::held_out(rows.into(), numbers, file.rows()))
}

/// Checks rows, and for cosine scales them unless they are of unit length as they are.
pub(super) fn unit_lengths(
    rows: &mut Matrix,
    metric: Metric,
    path: &Path,
) -> Result<(), AuditError> {
    check_and_normalize(rows, metric)
        .and_then(|()| check_range(rows.view(), metric))
        .map_err(|source| AuditError::Vectors {
            path: path.to_owned(),
            source,
        })
}

/// As [`unit_lengths`], but for cosine scaled as the engine scales the queries it is given.
pub(super) fn queries_of_unit_length(
    rows: &mut Matrix,
    metric: Metric,
    build: Option<EngineBuild>,
    path: &Path,
) -> Result<(), AuditError> {
    if let (Metric::Cosine, Some(build)) = (metric, build) {
        validate::check(rows.view(), metric).map_err(|source| AuditError::Vectors {
            path: path.to_owned(),
            source,
        })?;
        if build.normalize_rows(rows) {
            return Ok(());
        }
    }
    unit_lengths(rows, metric, path)
}
