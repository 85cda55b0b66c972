//! Which column of a schema is meant, and what its lists hold.

use arrow_schema::{DataType, Fields};

use crate::element::Element;
use crate::error::ReadError;
use crate::source::{Role, pick};

/// A column that is meant, by its place among all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) index: usize,
    pub(super) element: Element,
    /// Length of every list, where the type says so.
    pub(super) fixed: Option<usize>,
}

/// The named column, or the one of lists that fits the role.
pub(super) fn pick_column(
    fields: &Fields,
    member: Option<&str>,
    role: Role,
) -> Result<Column, ReadError> {
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
