//! Whether answers name rows by a column of ids in the base's file, or by row number.
//!
//! VectorDBBench keeps an `id` next to each vector, in another order than the rows, and neighbors
//! are lists of those ids. Both readings are tried on the queries sampled: the column is taken where
//! at least half as many slots name a row by it, and those rows are nearer by a twentieth.

use super::convention::{Reading, first_id, sampled_queries};
use super::tables::Tables;
use crate::notes::Note;
use annatomy_eval::dataset::Dataset;
use annatomy_formats::{IdColumn, RowIds};
use std::borrow::Cow;

/// Names the rows of `data` by `column`, if that is how `tables` name them, and says so.
///
/// Text names no row of a table of numbers; labels of an index go before a column of its base.
pub(super) fn adopt(column: IdColumn, tables: &mut Tables, data: &mut Dataset<'_>) -> Option<Note> {
    let RowIds::Integers(ids) = column.ids else {
        return None;
    };
    if tables.row_of_label.is_some() {
        return None;
    }
    let by_number = read(tables, data);
    tables.row_of_label = Some(ids.iter().copied().zip(0..).collect());
    let by_column = read(tables, data);
    let fits = by_column.slots > 0
        && 2 * by_column.slots >= by_number.slots
        && (by_number.slots == 0 || by_column.is_nearer_than(&by_number));
    if !fits {
        tables.row_of_label = None;
        return None;
    }
    data.labels = Some(Cow::Owned(ids));
    let column = column.name;
    Some(Note::NamedByColumn { column })
}

/// Reads the sampled slots as `tables` name rows now.
fn read(tables: &Tables, data: &Dataset<'_>) -> Reading {
    let queries = sampled_queries(data);
    let first_id = first_id(tables, data, &queries);
    Reading::of(tables, data, first_id, &queries)
}
