//! Columns of lists in Parquet and Arrow files, as Hugging Face keeps embeddings: each row one list
//! of numbers.
//!
//! Enters: the file's bytes and perhaps a column's name. Leaves: the column, decoded into memory at
//! its own number type. Taken are lists, large lists and lists of fixed size, of integers or
//! floats. A missing list or number is an error with its row.
//!
//! `parquet_file`, `arrow_file`: find the columns, decode one → `lists`: gathers rows → a layout,
//! or a table filled up (`ragged`). `ids`: the column that names the rows of a Parquet file.
//!
//! Does not: look into structs, keep the file's pages, read lists of lists.

mod arrow_file;
mod ids;
mod lists;
mod pages;
mod parquet_file;

use arrow_schema::{DataType, Fields};

use super::bytes::Bytes;
use super::element::Element;
use super::error::ReadError;
use super::format::Format;
use super::layout::Layout;
use super::source::{Role, pick};
use annatomy_runtime::guard_panics;

pub(super) use ids::read as read_ids;
pub(super) use lists::Lists;

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

/// A column that is meant, by its place among all.
#[derive(Clone, Copy, Debug)]
struct Column {
    index: usize,
    element: Element,
    /// Length of every list, where the type says so.
    fixed: Option<usize>,
}

fn pick_column(fields: &Fields, member: Option<&str>, role: Role) -> Result<Column, ReadError> {
    let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
    pick(&names, member, role, |index| {
        let data_type = fields[index].data_type();
        let not_a_list = || ReadError::Column {
            name: names[index].clone(),
            found: data_type.to_string(),
        };
        let (element, fixed) = list_of(data_type).ok_or_else(not_a_list)?;
        Ok((
            element,
            Column {
                index,
                element,
                fixed,
            },
        ))
    })
}

/// What the lists hold, and their length where it is fixed.
fn list_of(data_type: &DataType) -> Option<(Element, Option<usize>)> {
    let (item, fixed) = match data_type {
        DataType::List(item) | DataType::LargeList(item) => (item, None),
        DataType::FixedSizeList(item, length) => (item, Some(usize::try_from(*length).ok()?)),
        _ => return None,
    };
    let element = match item.data_type() {
        DataType::Float16 => Element::F16,
        DataType::Float32 => Element::F32,
        DataType::Float64 => Element::F64,
        DataType::Int8 => Element::I8,
        DataType::Int16 => Element::I16,
        DataType::Int32 => Element::I32,
        DataType::Int64 => Element::I64,
        DataType::UInt8 => Element::U8,
        DataType::UInt16 => Element::U16,
        DataType::UInt32 => Element::U32,
        DataType::UInt64 => Element::U64,
        _ => return None,
    };
    Some((element, fixed))
}
