//! The queries: rows of another file, base rows, or a seeded sample of either.

use super::base::Base;
use super::data::{file, unit_lengths};
use super::error::AuditError;
use super::request::AuditRequest;
use annatomy_formats::VectorFile;
use annatomy_vectors::subset::numpy_choice;
use annatomy_vectors::{MatrixView, Metric, Rows};

/// Up to here every base row is a query unless a sample is asked for.
const ALL_ROWS: usize = 10_000;
/// Queries drawn beyond.
const DEFAULT_SAMPLE: usize = 2_000;

/// The rows that are asked about.
pub(super) struct QueryRows<'d> {
    /// Vectors that are no base rows, one per entry of `numbers`.
    pub(super) held_out: Option<Rows<'d>>,
    /// Their numbers in their file, or the base rows that are queries.
    pub(super) numbers: Vec<usize>,
    /// Queries there were to draw from.
    pub(super) population: usize,
}

impl QueryRows<'_> {
    pub(super) fn count(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn are_base_rows(&self) -> bool {
        self.held_out.is_none()
    }

    pub(super) fn held_out(&self) -> Option<MatrixView<'_>> {
        self.held_out.as_ref().map(Rows::view)
    }

    /// The base row that query number `query` is, if any.
    pub(super) fn own_id(&self, query: usize) -> Option<u32> {
        self.are_base_rows().then(|| self.numbers[query] as u32)
    }

    /// The vector of query number `query`.
    pub(super) fn row<'r>(&'r self, base: &'r Base<'_>, query: usize) -> &'r [f32] {
        match (&self.held_out, base) {
            (Some(rows), _) => rows.view().row(query),
            (None, Base::Whole(base)) => base.view().row(self.numbers[query]),
            (None, Base::Streamed { drawn, .. }) => drawn.row(query),
        }
    }
}

pub(super) fn read_queries(
    request: &AuditRequest,
    base: &Base<'_>,
    metric: Metric,
) -> Result<QueryRows<'static>, AuditError> {
    let Some(path) = &request.queries else {
        let numbers = draw_queries(request, base.rows())?;
        return Ok(QueryRows {
            held_out: None,
            population: base.rows(),
            numbers,
        });
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
    Ok(QueryRows {
        held_out: Some(rows.into()),
        population: opened.rows(),
        numbers,
    })
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
