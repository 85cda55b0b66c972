//! The partial of a file's rows, of which a block at a time is in memory.

use super::{BaseIdentity, Checksum256, Partial, PartialError, PartialQueries, PartialSearch};
use annatomy_formats::{ReadError, RowRanges};
use annatomy_vectors::validate::{self, ValidationError};
use annatomy_vectors::{Matrix, MatrixView, Metric};
use std::ops::Range;

/// What is asked of every part of a base.
#[derive(Clone, Copy, Debug)]
pub struct PartialRequest<'q> {
    /// The queries; where they are all base rows, the file's own.
    pub queries: PartialQueries<'q>,
    /// Neighbors of each.
    pub k: usize,
    /// How far apart rows are.
    pub metric: Metric,
    /// Bytes that one more copy of a block may take.
    pub budget_bytes: u64,
}

/// Why the partial of a file cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum FileSearchError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Rows that have no distance.
    #[error("rows {}:{}, counted from {}: {source}", rows.start, rows.end, rows.start)]
    Vectors {
        /// The rows that were looked at.
        rows: Range<usize>,
        /// What is wrong with them.
        source: ValidationError,
    },
    /// As of rows in memory.
    #[error(transparent)]
    Search(#[from] PartialError),
}

/// What partials of one file have in common.
pub fn identity_of(file: &RowRanges) -> Result<BaseIdentity, ReadError> {
    Ok(BaseIdentity {
        rows: file.rows() as u64,
        checksum: Checksum256(file.checksum()?),
    })
}

/// The neighbors among the rows `rows` of `file`, which are rows `first_row`.. of `base`. No other rows
/// are read.
///
/// # Errors
/// If the rows cannot be read, have no distance under the metric, or cannot be searched.
pub fn partial_of_file(
    file: &RowRanges,
    rows: Range<usize>,
    request: &PartialRequest<'_>,
    (first_row, base): (u64, Option<BaseIdentity>),
) -> Result<Partial, FileSearchError> {
    let numbers = first_row..first_row.saturating_add(rows.len() as u64);
    let mut search = PartialSearch::new(request.queries, request.k, request.metric, numbers, base)?;
    let most = PartialSearch::block_rows(file.columns(), request.k);
    let mut start = rows.start;
    while start < rows.end {
        let end = file.block_end(start, most, rows.end);
        if end - start < rows.len() {
            annatomy_runtime::prefix_stages(&format!("rows {start}:{end} of {}: ", rows.end));
        }
        let mut add = |block: MatrixView<'_>| search.add(block, request.budget_bytes);
        match request.queries {
            PartialQueries::BaseRows(all) => add(all.row_range(start..end))?,
            PartialQueries::HeldOut(_) => {
                add(valid_rows(file, start..end, request.metric)?.view())?;
            }
        }
        start = end;
    }
    Ok(search.finish())
}

/// Rows of a file that can be searched.
///
/// # Errors
/// If they cannot be read, the file has changed, or they have no distance under the metric.
pub fn valid_rows(
    file: &RowRanges,
    rows: Range<usize>,
    metric: Metric,
) -> Result<Matrix, FileSearchError> {
    let matrix = file.read_rows(rows.clone())?;
    file.check_unchanged()?;
    validate::check(matrix.view(), metric)
        .map_err(|source| FileSearchError::Vectors { rows, source })?;
    Ok(matrix)
}
