//! The queries: rows of another file, base rows, or a seeded sample of either.

use super::data::{file, unit_lengths};
use super::error::AuditError;
use super::request::AuditRequest;
use annatomy_eval::dataset::{Base, QueryRows};
use annatomy_formats::VectorFile;
use annatomy_vectors::Metric;
use annatomy_vectors::subset::numpy_choice;

/// Up to here every base row is a query unless a sample is asked for.
const ALL_ROWS: usize = 10_000;
/// Queries drawn beyond.
const DEFAULT_SAMPLE: usize = 2_000;

pub(super) fn read_queries(
    request: &AuditRequest,
    base: &Base<'_>,
    metric: Metric,
) -> Result<QueryRows<'static>, AuditError> {
    let Some(path) = &request.queries else {
        let numbers = draw_queries(request, base.rows())?;
        return Ok(QueryRows::base_rows(numbers, base.rows()));
    };
    let opened = VectorFile::open_queries(path).map_err(file(path))?;
    if opened.columns() != base.columns() {
        return Err(AuditError::Shapes {
            path: path.clone(),
            what: "columns",
            found: opened.columns(),
            other: "the base".to_owned(),
            expected: base.columns(),
        });
    }
    let numbers = draw_queries(request, opened.rows())?;
    let mut rows = opened.select(&numbers).map_err(file(path))?;
    unit_lengths(&mut rows, metric, path)?;
    Ok(QueryRows::held_out(rows.into(), numbers, opened.rows()))
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
