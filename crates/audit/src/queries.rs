//! The queries: rows of another file, base rows, or a seeded sample of either.

use super::error::AuditError;
use super::load::{OpenVectors, in_file};
use super::request::AuditRequest;
use annatomy_eval::dataset::{Base, QueryRows, check_and_normalize};
use annatomy_hnsw::import::EngineBuild;
use annatomy_vectors::subset::numpy_choice;
use annatomy_vectors::validate::check_range;
use annatomy_vectors::{Matrix, Metric, validate};
use std::path::Path;

/// Up to here every base row is a query unless a sample is asked for.
const ALL_ROWS: usize = 10_000;
/// Queries drawn beyond.
const DEFAULT_SAMPLE: usize = 2_000;

/// The queries of an open file, or base rows where there is none.
pub(super) fn prepare_queries(
    request: &AuditRequest,
    opened: Option<OpenVectors>,
    base: &Base<'_>,
    metric: Metric,
    build: Option<EngineBuild>,
) -> Result<QueryRows<'static>, AuditError> {
    let Some(OpenVectors { path, file }) = opened else {
        let numbers = draw_queries(request, base.rows())?;
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
    let numbers = draw_queries(request, file.rows())?;
    let mut rows = file.select(&numbers).map_err(in_file(&path))?;
    queries_of_unit_length(&mut rows, metric, build, &path)?;
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

/// How many of `population` queries are measured.
pub(super) fn sample_size(request: &AuditRequest, population: usize) -> Result<usize, AuditError> {
    // Answers to repair or to write down are wanted for every query.
    let whole = request.repair || !request.predictions.is_empty();
    let default = if population > ALL_ROWS && !whole {
        DEFAULT_SAMPLE
    } else {
        population
    };
    let sample = request.sample.unwrap_or(default);
    if sample > population || sample == 0 {
        return Err(AuditError::Sample {
            sample,
            queries: population,
        });
    }
    Ok(sample)
}

/// The queries that an audit measures out of `population`: all of them, or a seeded sample in
/// ascending order.
///
/// # Errors
/// If the sample asked for is empty or larger than the population.
pub fn draw_queries(request: &AuditRequest, population: usize) -> Result<Vec<usize>, AuditError> {
    let sample = sample_size(request, population)?;
    if sample == population {
        return Ok((0..population).collect());
    }
    let mut numbers = numpy_choice(request.seed, population, sample)?;
    numbers.sort_unstable();
    Ok(numbers)
}
