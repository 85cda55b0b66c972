//! Unit length, which cosine needs: tested within 1e-4 of the squared length, and established.
//!
//! Rows that have unit length already are never scaled again, so that a search compares the bits
//! that the file holds.

use annatomy_hnsw::import::EngineBuild;
use annatomy_vectors::transform::normalize_rows;
use annatomy_vectors::validate::{self, ValidationError};
use annatomy_vectors::{Matrix, MatrixView, Metric, kernels};

/// Largest deviation of a squared length from 1.
const UNIT_TOLERANCE: f64 = 1e-4;

/// Whether a row has unit length, its squared length within 1e-4 of 1.
pub fn has_unit_length(row: &[f32]) -> bool {
    (kernels::dot_f64(row, row) - 1.0).abs() <= UNIT_TOLERANCE
}

/// Whether all rows have unit length.
pub fn all_have_unit_length(rows: MatrixView<'_>) -> bool {
    (0..rows.rows()).all(|row| has_unit_length(rows.row(row)))
}

/// Checks rows, and for cosine scales them to unit length unless all have it.
///
/// # Errors
/// For values that are not finite, rows of zeros under cosine, and values whose squares float32
/// cannot hold.
pub fn check_and_normalize(rows: &mut Matrix, metric: Metric) -> Result<(), ValidationError> {
    validate::check(rows.view(), metric)?;
    if metric == Metric::Cosine && !all_have_unit_length(rows.view()) {
        normalize_rows(rows)?;
    }
    validate::check_range(rows.view(), metric)
}

/// As [`check_and_normalize`], for queries of an engine, which under cosine are scaled as it scales
/// them; `None`: ours.
///
/// # Errors
/// As [`check_and_normalize`].
pub fn check_and_normalize_as(
    engine: Option<EngineBuild>,
    rows: &mut Matrix,
    metric: Metric,
) -> Result<(), ValidationError> {
    if let (Metric::Cosine, Some(engine)) = (metric, engine) {
        validate::check(rows.view(), metric)?;
        if engine.normalize_rows(rows) {
            return Ok(());
        }
    }
    check_and_normalize(rows, metric)
}
