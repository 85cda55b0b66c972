//! One row per query with its place on the map, its neighbors and all its figures: a table that
//! Embedding Atlas opens.
//!
//! Neighbors are those that the map was made from, rows of the same table: where the queries are a
//! sample or held out, a query's neighbors among the queries.

use super::job::AuditOutcome;
use super::per_query::QueryRow;
use annatomy_eval::explored::Explored;
use annatomy_formats::{Column, NeighborLists, Values};

/// A table of points.
#[derive(Clone, Debug, Default)]
pub struct Atlas {
    /// `query`, `x`, `y`; every figure of `--per-query` as a column for each k and ef, named
    /// `overlap_k10` or, where a k has several efs, `overlap_k10_ef64`; hubness; `text` where rows
    /// have names.
    pub columns: Vec<Column>,
    /// Neighbors of each row.
    pub neighbors: NeighborLists,
}

impl AuditOutcome {
    /// The table of points; `None` where queries have no map. `text` names a base row, given its
    /// number and what an engine calls it.
    pub fn atlas(&self, text: Option<&dyn Fn(u32, i64) -> String>) -> Option<Atlas> {
        let explored = self.explored.as_ref()?;
        let side = |axis: usize| {
            let places = explored.map.queries.iter();
            places.map(|place| f64::from(place[axis])).collect()
        };
        let mut columns = vec![
            Column::integers("query", explored.names.clone()),
            Column::reals("x", side(0)),
            Column::reals("y", side(1)),
        ];
        let rows = &explored.rows_of_queries;
        if let Some(text) = text.filter(|_| rows.len() == explored.names.len()) {
            let names = rows.iter().zip(&explored.names);
            let texts = names.map(|(&row, &name)| text(row, name));
            columns.push(Column::texts("text", texts.collect()));
        }
        columns.extend(self.figures(explored));
        let hubness = explored
            .columns
            .iter()
            .filter(|column| column.id == "hubness");
        columns.extend(hubness.map(|column| Column::reals("hubness", column.values.clone())));
        Some(Atlas {
            columns,
            neighbors: neighbors(explored),
        })
    }

    /// The table of queries, a column for each figure at each (k, ef).
    fn figures(&self, explored: &Explored) -> Vec<Column> {
        let rows = &self.per_query.rows;
        let key = |row: &QueryRow| (row.k, row.ef);
        let mut columns = Vec::new();
        let table = self.per_query.columns();
        let count = explored.names.len();
        for (number, cell) in rows.chunks(count).enumerate() {
            let (k, ef) = key(&cell[0]);
            let several = rows.chunks(count).filter(|other| other[0].k == k).count() > 1;
            let suffix = match ef {
                Some(ef) if several => format!("_k{k}_ef{ef}"),
                _ => format!("_k{k}"),
            };
            let of_cell = number * count..number * count + cell.len();
            for column in &table {
                if column.name == "query" || column.name == "k" {
                    continue;
                }
                let Values::Reals(values) = &column.values else {
                    continue;
                };
                let name = format!("{}{suffix}", column.name);
                columns.push(Column::reals(&name, values[of_cell.clone()].to_vec()));
            }
        }
        columns
    }
}

fn neighbors(explored: &Explored) -> NeighborLists {
    let near = &explored.map.near;
    let mut lists = NeighborLists::default();
    if near.width == 0 {
        lists.lengths = vec![0; explored.names.len()];
        return lists;
    }
    let rows = near
        .ids
        .chunks(near.width)
        .zip(near.distances.chunks(near.width));
    for (ids, distances) in rows {
        let before = lists.ids.len();
        for (&id, &distance) in ids.iter().zip(distances) {
            if id != u32::MAX {
                lists.ids.push(i64::from(id));
                lists.distances.push(f64::from(distance));
            }
        }
        lists.lengths.push(lists.ids.len() - before);
    }
    lists
}
