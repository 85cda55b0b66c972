//! Columns of lists in Parquet and Arrow files, as Hugging Face keeps embeddings: each row one list
//! of numbers.
//!
//! Enters: the file's bytes and perhaps a column's name. Leaves: the column, decoded into memory at
//! its own number type. Taken are lists, large lists and lists of fixed size, of integers or
//! floats. A missing list or number is an error with its row.
//!
//! `parquet_file`, `arrow_file`: find the `column`, decode it → `lists`: gathers rows → a layout, or
//! a table filled up (`ragged`). `ids`: columns of single values, such as the one that names the rows
//! of a Parquet file; `text_lists`: answers that name rows by text.
//!
//! Before a Parquet file is decoded, its `footer` and its `pages` are checked, struct by struct
//! (`thrift`).
//!
//! Does not: look into structs, keep the file's pages, read lists of lists.

mod arrow_file;
mod column;
mod footer;
mod ids;
mod lists;
mod pages;
mod parquet_file;
mod row_groups;
mod text_lists;
mod thrift;

use super::bytes::Bytes;
use super::error::ReadError;
use super::format::Format;
use super::layout::Layout;
use super::source::Role;
use annatomy_runtime::guard_panics;

pub(super) use ids::{read as read_ids, read_values};
use lists::Lists;
pub use parquet_file::{ParquetColumn, open_parquet_column};
pub(super) use row_groups::RowGroups;
pub(super) use text_lists::read as read_text_lists;

/// The named column, or the one that fits the role, as a matrix.
pub(super) fn open(
    format: Format,
    bytes: &Bytes,
    member: Option<&str>,
    role: Role,
) -> Result<(Bytes, Layout), ReadError> {
    read(format, bytes, member, role)?.into_matrix()
}

/// The same column, of rows that may differ in length.
pub(super) fn read(
    format: Format,
    bytes: &Bytes,
    member: Option<&str>,
    role: Role,
) -> Result<Lists, ReadError> {
    let (content, found) = (
        if format == Format::Arrow {
            "Arrow file"
        } else {
            "Parquet file"
        },
        bytes.len(),
    );
    let damaged = |problem| ReadError::Damaged {
        content,
        found,
        problem,
    };
    guard_panics(damaged, || match format {
        Format::Arrow => arrow_file::read(bytes, member, role),
        _ => parquet_file::read(bytes, member, role),
    })
}
