//! Measures at chosen (class, ef, k) over all graphs of an adviser.

use super::advice::Adviser;
use super::cells::{Cell, CellValues};
use super::results::CellResult;
use super::shift::Barycenters;
use super::summarize::{Name, summarize};
use annatomy_eval::allowed::Filter;
use annatomy_eval::distance_source::DistanceSource;

/// Per cell the values of every graph.
pub(super) type ValuesOfCells = Vec<Vec<CellValues>>;

/// The figures of every cell over all graphs, and their values.
pub(super) fn cells<S: DistanceSource>(
    adviser: &Adviser<'_, S>,
    named: &[(String, Cell)],
    filter: Option<&Filter>,
    barycenters: Barycenters,
) -> (Vec<CellResult>, ValuesOfCells) {
    if named.is_empty() {
        return Default::default();
    }
    let cells: Vec<Cell> = named.iter().map(|(_, cell)| *cell).collect();
    let mut values: ValuesOfCells = named.iter().map(|_| Vec::new()).collect();
    for graph in 0..adviser.graphs.all.len() {
        let on = adviser.evaluation_under(filter, graph, barycenters);
        let found = on.at(&cells);
        for (of_cell, found) in values.iter_mut().zip(found) {
            of_cell.push(found);
        }
    }
    let mut results = Vec::with_capacity(named.len());
    for ((who, Cell { class, ef, k }), values) in named.iter().zip(&values) {
        let name = Name {
            who: who.clone(),
            class: Some(class.to_string()),
            ef: Some(*ef),
            k: *k,
        };
        results.push(summarize(name, values, adviser.data));
    }
    (results, values)
}
