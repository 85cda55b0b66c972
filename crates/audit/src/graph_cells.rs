//! Measures at chosen (class, ef, k) over all graphs of an adviser.

use super::advice::Adviser;
use super::cells::{Cell, CellValues, Wanted};
use super::results::CellResult;
use super::shift::Barycenters;
use super::summarize::{Name, summarize};
use annatomy_eval::allowed::Filter;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::distance_source::DistanceSource;

/// Per cell the values of every graph.
pub(super) type ValuesOfCells = Vec<Vec<CellValues>>;

/// The figures of every cell over all graphs; under a filter, if another is given.
pub(super) fn cells<S: DistanceSource>(
    adviser: &Adviser<'_, S>,
    named: &[(String, Cell)],
    filter: Option<&Filter>,
) -> Vec<CellResult> {
    let wanted = wanted(named, Barycenters::LeftOut);
    let values = match filter {
        Some(filter) => adviser.values_under(filter, &wanted),
        None => adviser.values_of(&wanted),
    };
    summaries(named, &values, adviser.data)
}

pub(super) fn wanted(named: &[(String, Cell)], barycenters: Barycenters) -> Vec<Wanted> {
    let of = |&(_, cell): &(String, Cell)| Wanted { cell, barycenters };
    named.iter().map(of).collect()
}

/// The figures of every cell.
pub(super) fn summaries(
    named: &[(String, Cell)],
    values: &[Vec<CellValues>],
    data: &Dataset<'_>,
) -> Vec<CellResult> {
    let summary = |((who, cell), values): (&(String, Cell), &Vec<CellValues>)| {
        let name = Name {
            who: who.clone(),
            class: Some(cell.class.to_string()),
            ef: Some(cell.ef),
            k: cell.k,
        };
        summarize(name, values, data)
    };
    named.iter().zip(values).map(summary).collect()
}
