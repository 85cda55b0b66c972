//! Whether answers name rows by a column of ids in the base's file, or by row number.
//!
//! VectorDBBench keeps an `id` next to each vector, in another order than the rows, and neighbors
//! are lists of those ids. Both readings are tried on the queries sampled: the column is taken where
//! at least half as many slots name a row by it, and those rows are nearer by a twentieth.

use super::convention::{Reading, first_id, sampled_queries};
use super::tables::Tables;
use crate::notes::Note;
use annatomy_eval::dataset::Dataset;
use annatomy_formats::{IdColumn, IdTable, RowIds, SlotIds};
use std::sync::Arc;

/// Names the rows of `data` by `column`, if that is how `tables` name them, and says so.
///
/// Text names no row of a table of numbers; ids that were given, and labels of an index, go before a
/// column of its base.
pub(super) fn adopt(column: IdColumn, tables: &mut Tables, data: &mut Dataset<'_>) -> Option<Note> {
    if tables.named || matches!(column.ids, RowIds::Texts(_)) {
        return None;
    }
    let by_number = read(tables, data);
    let plain = tables.ids.clone();
    tables.rename(&column.ids, data.base.rows());
    let by_column = read(tables, data);
    let fits = by_column.slots > 0
        && 2 * by_column.slots >= by_number.slots
        && (by_number.slots == 0 || by_column.is_nearer_than(&by_number));
    if !fits {
        (tables.ids, tables.named) = (plain, false);
        tables.unknown.clear();
        return None;
    }
    data.ids = Some(Arc::new(column.ids));
    let column = column.name;
    Some(Note::NamedByColumn { column })
}

/// Names the rows of `data` by `column` where `ids` are no row numbers, since they are text or need 64
/// bits.
pub(super) fn adopt_if_needed(
    column: Option<IdColumn>,
    ids: &IdTable,
    data: &mut Dataset<'_>,
) -> (Option<IdColumn>, Option<Note>) {
    let are_numbers = matches!(ids.ids(), SlotIds::Integers(_));
    match column {
        Some(column) if !are_numbers && data.ids.is_none() => {
            let IdColumn { name, ids } = column;
            data.ids = Some(Arc::new(ids));
            (None, Some(Note::NamedByColumn { column: name }))
        }
        column => (column, None),
    }
}

/// Reads the sampled slots as `tables` name rows now.
fn read(tables: &Tables, data: &Dataset<'_>) -> Reading {
    let queries = sampled_queries(data);
    let first_id = first_id(tables, data, &queries);
    Reading::of(tables, data, first_id, &queries)
}
