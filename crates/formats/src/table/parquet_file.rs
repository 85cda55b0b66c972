//! `.parquet`: one row group of flat columns, packed by zstd; a real number that is missing is null.
//! A table of points has a last column of neighbors, `{"ids": [..], "distances": [..]}`.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use super::{Column, NeighborLists, Values};
use crate::atomic::write_atomically;
use crate::id_table::SlotIds;
use crate::write::WriteError;

pub(super) fn write(
    path: &Path,
    columns: &[Column],
    neighbors: Option<&NeighborLists>,
) -> Result<(), WriteError> {
    write_atomically(path, |file| {
        let schema = schema(columns, neighbors).map_err(other)?;
        let level = ZstdLevel::try_new(3).map_err(other)?;
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level));
        let mut writer =
            SerializedFileWriter::new(file, schema, Arc::new(properties.build())).map_err(other)?;
        let mut group = writer.next_row_group().map_err(other)?;
        for column in columns {
            annatomy_runtime::check();
            let missing = || ParquetError::General("a column too few".to_owned());
            let next = group.next_column().map_err(other)?;
            let mut into = next.ok_or_else(missing).map_err(other)?;
            match &column.values {
                Values::Integers(values) => {
                    into.typed::<Int64Type>().write_batch(values, None, None)
                }
                Values::Unsigned(values) => {
                    let values: Vec<i64> = values.iter().map(|id| id.cast_signed()).collect();
                    into.typed::<Int64Type>().write_batch(&values, None, None)
                }
                Values::Reals(values) => {
                    let levels: Vec<i16> = values
                        .iter()
                        .map(|value| i16::from(!value.is_nan()))
                        .collect();
                    let present: Vec<f64> = values
                        .iter()
                        .copied()
                        .filter(|value| !value.is_nan())
                        .collect();
                    let column = into.typed::<DoubleType>();
                    column.write_batch(&present, Some(&levels), None)
                }
                Values::Texts(values) => {
                    let texts: Vec<ByteArray> =
                        values.iter().map(|text| text.as_str().into()).collect();
                    into.typed::<ByteArrayType>()
                        .write_batch(&texts, None, None)
                }
            }
            .map_err(other)?;
            into.close().map_err(other)?;
        }
        if let Some(lists) = neighbors {
            write_lists(lists, &mut group).map_err(other)?;
        }
        group.close().map_err(other)?;
        writer.close().map_err(other)?;
        Ok(())
    })
}

/// Both lists of every row. A level of 1 says that there is an element, or that it continues its row's
/// list (Dremel's levels, Melnik et al. 2010).
fn write_lists<W: Write + Send>(
    lists: &NeighborLists,
    group: &mut SerializedRowGroupWriter<'_, W>,
) -> Result<(), ParquetError> {
    let (mut defined, mut repeated) = (Vec::new(), Vec::new());
    for &length in &lists.lengths {
        defined.extend((0..length.max(1)).map(|_| i16::from(length > 0)));
        repeated.extend((0..length.max(1)).map(|place| i16::from(place > 0)));
    }
    let missing = || ParquetError::General("a column too few".to_owned());
    let mut ids = group.next_column()?.ok_or_else(missing)?;
    let column = ids.typed::<Int64Type>();
    column.write_batch(&lists.ids, Some(&defined), Some(&repeated))?;
    ids.close()?;
    let mut distances = group.next_column()?.ok_or_else(missing)?;
    let column = distances.typed::<DoubleType>();
    column.write_batch(&lists.distances, Some(&defined), Some(&repeated))?;
    distances.close()
}

/// A list without nulls, in Parquet's three levels.
fn list(name: &str, physical: Physical) -> Result<TypePtr, ParquetError> {
    let element = Type::primitive_type_builder("element", physical)
        .with_repetition(Repetition::REQUIRED)
        .build()?;
    let repeated = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element)])
        .build()?;
    let list = Type::group_type_builder(name)
        .with_repetition(Repetition::REQUIRED)
        .with_converted_type(ConvertedType::LIST)
        .with_fields(vec![Arc::new(repeated)])
        .build()?;
    Ok(Arc::new(list))
}

fn neighbors_type() -> Result<TypePtr, ParquetError> {
    let lists = vec![
        list("ids", Physical::INT64)?,
        list("distances", Physical::DOUBLE)?,
    ];
    let both = Type::group_type_builder("neighbors")
        .with_repetition(Repetition::REQUIRED)
        .with_fields(lists)
        .build()?;
    Ok(Arc::new(both))
}

fn schema(columns: &[Column], lists: Option<&NeighborLists>) -> Result<TypePtr, ParquetError> {
    let field = |column: &Column| {
        let (physical, repetition, converted) = match column.values {
            Values::Integers(_) => (Physical::INT64, Repetition::REQUIRED, ConvertedType::NONE),
            Values::Unsigned(_) => {
                let converted = ConvertedType::UINT_64;
                (Physical::INT64, Repetition::REQUIRED, converted)
            }
            Values::Reals(_) => (Physical::DOUBLE, Repetition::OPTIONAL, ConvertedType::NONE),
            Values::Texts(_) => (
                Physical::BYTE_ARRAY,
                Repetition::REQUIRED,
                ConvertedType::UTF8,
            ),
        };
        let field = Type::primitive_type_builder(&column.name, physical)
            .with_repetition(repetition)
            .with_converted_type(converted)
            .build()?;
        Ok(Arc::new(field))
    };
    let mut fields = columns
        .iter()
        .map(field)
        .collect::<Result<Vec<_>, ParquetError>>()?;
    if lists.is_some() {
        fields.push(neighbors_type()?);
    }
    let schema = Type::group_type_builder("table")
        .with_fields(fields)
        .build()?;
    Ok(Arc::new(schema))
}

fn other(error: ParquetError) -> WriteError {
    WriteError::Io(std::io::Error::other(error))
}

/// Writes rows × `columns` ids as one column of lists, `ids`; an empty slot of text is null.
pub(crate) fn write_id_lists(path: &Path, columns: usize, ids: &SlotIds) -> Result<(), WriteError> {
    write_atomically(path, |file| {
        let schema = id_list_schema(ids).map_err(other)?;
        let level = ZstdLevel::try_new(3).map_err(other)?;
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level));
        let mut writer =
            SerializedFileWriter::new(file, schema, Arc::new(properties.build())).map_err(other)?;
        let mut group = writer.next_row_group().map_err(other)?;
        let missing = || ParquetError::General("a column too few".to_owned());
        let next = group.next_column().map_err(other)?;
        let mut into = next.ok_or_else(missing).map_err(other)?;
        // A list is always there, an element of it at level 2; a slot after the first continues the row.
        let repetitions: Vec<i16> = (0..ids.len())
            .map(|slot| i16::from(slot % columns != 0))
            .collect();
        let present = vec![2; ids.len()];
        let repetitions = Some(repetitions.as_slice());
        match ids {
            SlotIds::Integers(ids) => {
                let column = into.typed::<Int64Type>();
                column.write_batch(ids, Some(&present), repetitions)
            }
            SlotIds::Unsigned(ids) => {
                let ids: Vec<i64> = ids.iter().map(|id| id.cast_signed()).collect();
                let column = into.typed::<Int64Type>();
                column.write_batch(&ids, Some(&present), repetitions)
            }
            SlotIds::Texts(ids) => {
                let levels: Vec<i16> = ids.iter().map(|id| 1 + i16::from(id.is_some())).collect();
                let texts: Vec<ByteArray> =
                    ids.iter().flatten().map(|id| id.as_str().into()).collect();
                let column = into.typed::<ByteArrayType>();
                column.write_batch(&texts, Some(&levels), repetitions)
            }
        }
        .map_err(other)?;
        into.close().map_err(other)?;
        group.close().map_err(other)?;
        writer.close().map_err(other)?;
        Ok(())
    })
}

fn id_list_schema(ids: &SlotIds) -> Result<TypePtr, ParquetError> {
    let (physical, converted) = match ids {
        SlotIds::Integers(_) => (Physical::INT64, ConvertedType::NONE),
        SlotIds::Unsigned(_) => (Physical::INT64, ConvertedType::UINT_64),
        SlotIds::Texts(_) => (Physical::BYTE_ARRAY, ConvertedType::UTF8),
    };
    let element = Type::primitive_type_builder("element", physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_converted_type(converted)
        .build()?;
    let list = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element)])
        .build()?;
    let ids = Type::group_type_builder("ids")
        .with_repetition(Repetition::REQUIRED)
        .with_converted_type(ConvertedType::LIST)
        .with_fields(vec![Arc::new(list)])
        .build()?;
    let schema = Type::group_type_builder("table").with_fields(vec![Arc::new(ids)]);
    Ok(Arc::new(schema.build()?))
}
