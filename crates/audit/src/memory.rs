//! The base rows and the queries from memory: read where they lie, unless cosine has to scale them.

use super::data::{Index, Inputs};
use super::error::AuditError;
use super::given::{Given, GivenIndex};
use super::metric::with_index;
use super::queries::{draw_queries, queries_of_unit_length, unit_lengths};
use super::request::AuditRequest;
use annatomy_eval::dataset::{Base, Dataset, QueryRows, all_have_unit_length};
use annatomy_vectors::{MatrixView, Metric, Rows, validate};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

impl<'d> Inputs<'d> {
    /// As [`prepare`](Self::prepare), from memory.
    pub(super) fn given(request: &AuditRequest, given: &Given<'d>) -> Result<Self, AuditError> {
        let mut notes = Vec::new();
        let metric = match given.index {
            Some(index) => {
                with_index(request.metric, (index.rows, Some(index.metric)), &mut notes)?
            }
            None => request.metric.unwrap_or(Metric::L2),
        };
        let base = match (&given.index, given.rows) {
            (Some(index), _) => Rows::Lent(index.rows),
            (None, Some(rows)) => lent(rows, metric, "X")?,
            (None, None) => return Err(AuditError::NoVectors),
        };
        let data = Dataset {
            name: given.name.clone(),
            queries: given_queries(request, given, base.view(), metric)?,
            base: Base::InMemory(base),
            metric,
            labels: given
                .index
                .and_then(|index| index.labels)
                .map(Cow::Borrowed),
        };
        Ok(Self {
            data,
            index: given.index.map(Index::from),
            notes,
        })
    }
}

/// The queries in memory that are measured.
fn given_queries<'d>(
    request: &AuditRequest,
    given: &Given<'d>,
    base: MatrixView<'_>,
    metric: Metric,
) -> Result<QueryRows<'d>, AuditError> {
    let population = given.queries.map_or(base.rows(), |queries| queries.rows());
    let numbers = match &given.numbers {
        None => draw_queries(request, population)?,
        Some(numbers)
            if !numbers.is_empty() && numbers.iter().all(|&number| number < population) =>
        {
            numbers.clone()
        }
        Some(numbers) => {
            return Err(AuditError::Sample {
                sample: numbers.len(),
                queries: population,
            });
        }
    };
    let Some(queries) = given.queries else {
        return Ok(QueryRows::base_rows(numbers, population));
    };
    if queries.columns() != base.columns() {
        let (found, expected) = (queries.columns(), base.columns());
        let (path, other) = (PathBuf::from("queries"), "the base".to_owned());
        return Err(AuditError::Shapes {
            path,
            what: "columns",
            found,
            other,
            expected,
        });
    }
    let build = given.index.and_then(|index| index.build);
    let rows = if numbers.len() == population && !(metric == Metric::Cosine && build.is_some()) {
        lent(queries, metric, "queries")?
    } else {
        let mut rows = queries.select(&numbers);
        queries_of_unit_length(&mut rows, metric, build, Path::new("queries"))?;
        rows.into()
    };
    Ok(QueryRows::held_out(rows, numbers, population))
}

/// Rows in memory, checked; copied only where cosine has to scale them.
fn lent<'d>(rows: MatrixView<'d>, metric: Metric, name: &str) -> Result<Rows<'d>, AuditError> {
    validate::check(rows, metric)
        .and_then(|()| validate::check_range(rows, metric))
        .map_err(|source| AuditError::Vectors {
            path: PathBuf::from(name),
            source,
        })?;
    if metric != Metric::Cosine || all_have_unit_length(rows) {
        return Ok(Rows::Lent(rows));
    }
    let mut own = rows.to_matrix();
    unit_lengths(&mut own, metric, Path::new(name))?;
    Ok(own.into())
}

impl<'g> From<GivenIndex<'g>> for Index<'g> {
    fn from(given: GivenIndex<'g>) -> Self {
        let GivenIndex {
            source,
            graph,
            build,
            class,
            m,
            ef_construction,
            ef_search,
            ..
        } = given;
        Self {
            source: source.to_owned(),
            build,
            class,
            graph: Cow::Borrowed(graph),
            m,
            ef_construction,
            ef_search,
        }
    }
}
