//! The base rows and the queries from memory: read where they lie, unless cosine has to scale them.

use super::choices::Choices;
use super::error::{AuditError, check_equal, in_vectors};
use super::given::Given;
use super::groups::GivenGroups;
use super::side_tables::SideTables;
use annatomy_eval::dataset::{
    Base, Dataset, QueryRows, RowsElsewhere, all_have_unit_length, check_and_normalize,
    check_and_normalize_as,
};
use annatomy_eval::index::Index;
use annatomy_formats::RowIds;
use annatomy_vectors::{Matrix, MatrixView, Metric, Rows, validate};
use std::path::Path;
use std::sync::Arc;

/// The data set of `given` and a group per query, as [`prepare`](super::prepare) makes them of files.
pub(super) fn prepare<'d>(
    given: &mut Given<'d>,
    metric: Metric,
    choices: &Choices,
) -> Result<(Dataset<'d>, Option<GivenGroups>), AuditError> {
    let side = SideTables::given(given)?;
    let base = match (given.elsewhere, given.rows) {
        (Some(rows), _) => elsewhere(given, rows)?,
        (None, Some(rows)) => Base::InMemory(match given.index {
            Some(index) => Rows::Lent(index.rows(rows)?),
            None => lent(rows, metric, "X")?,
        }),
        (None, None) => return Err(AuditError::NoVectors),
    };
    let mut data = Dataset {
        name: given.name.clone(),
        queries: given_queries(given, &base, metric, choices)?,
        base,
        metric,
        ids: given
            .labels
            .map(|labels| Arc::new(RowIds::Integers(labels.to_vec()))),
        filter: None,
    };
    let rule = choices.rule(given.index.map(|index| index.facts.class));
    let groups = side.join(&mut data, given.deleted, rule)?;
    Ok((data, groups))
}

/// Rows that are not in memory, where that suffices.
fn elsewhere<'d>(given: &Given<'d>, rows: &'d dyn RowsElsewhere) -> Result<Base<'d>, AuditError> {
    let wrong = if given.answers.is_none() || given.index.is_some() {
        "graphs are searched in memory: rows elsewhere are for answers alone"
    } else if given.queries.is_none() {
        "rows elsewhere are no queries: queries are needed"
    } else if given.allowed.is_some() {
        "allowed rows are searched in memory: rows elsewhere are all allowed"
    } else {
        let drawn = Matrix::zeros(0, rows.columns());
        let rows = Box::new(rows);
        return Ok(Base::Streamed { rows, drawn });
    };
    Err(AuditError::Request(wrong.to_owned()))
}

/// The queries in memory that are measured.
fn given_queries<'d>(
    given: &Given<'d>,
    base: &Base<'_>,
    metric: Metric,
    choices: &Choices,
) -> Result<QueryRows<'d>, AuditError> {
    let population = given.queries.map_or(base.rows(), |queries| queries.rows());
    let numbers = match &given.numbers {
        None => choices.sampling.draw(population)?,
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
    let path = Path::new("queries");
    let columns = queries.columns();
    check_equal(path, "columns", columns, "the base", base.columns())?;
    let build = given.index.and_then(Index::engine);
    let rows = if numbers.len() == population && !(metric == Metric::Cosine && build.is_some()) {
        lent(queries, metric, "queries")?
    } else {
        let mut rows = queries.select(&numbers);
        check_and_normalize_as(build, &mut rows, metric).map_err(in_vectors(path))?;
        rows.into()
    };
    Ok(QueryRows::held_out(rows, numbers, population))
}

/// Rows in memory, checked; copied only where cosine has to scale them.
fn lent<'d>(rows: MatrixView<'d>, metric: Metric, name: &str) -> Result<Rows<'d>, AuditError> {
    validate::check(rows, metric)
        .and_then(|()| validate::check_range(rows, metric))
        .map_err(in_vectors(Path::new(name)))?;
    if metric != Metric::Cosine || all_have_unit_length(rows) {
        return Ok(Rows::Lent(rows));
    }
    let mut own = rows.to_matrix();
    check_and_normalize(&mut own, metric).map_err(in_vectors(Path::new(name)))?;
    Ok(own.into())
}
