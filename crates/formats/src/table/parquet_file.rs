//! `.parquet`: one row group of flat columns, packed by zstd; a real number that is missing is null.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::{Column, Values};
use crate::atomic::write_atomically;
use crate::write::WriteError;

pub(super) fn write(path: &Path, columns: &[Column]) -> Result<(), WriteError> {
    write_atomically(path, |file| {
        let schema = schema(columns).map_err(other)?;
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
        group.close().map_err(other)?;
        writer.close().map_err(other)?;
        Ok(())
    })
}

fn schema(columns: &[Column]) -> Result<TypePtr, ParquetError> {
    let field = |column: &Column| {
        let (physical, repetition, converted) = match column.values {
            Values::Integers(_) => (Physical::INT64, Repetition::REQUIRED, ConvertedType::NONE),
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
    let fields = columns
        .iter()
        .map(field)
        .collect::<Result<_, ParquetError>>()?;
    let schema = Type::group_type_builder("table")
        .with_fields(fields)
        .build()?;
    Ok(Arc::new(schema))
}

fn other(error: ParquetError) -> WriteError {
    WriteError::Io(std::io::Error::other(error))
}
