//! Columns of lists of text in Parquet files: answers that name rows by text keys.
//!
//! Enters: the file's bytes and perhaps a column's name. Leaves: a table of rows × slots, short rows
//! filled up; a null within a list is an empty slot. Reads values and levels themselves: an element
//! at the largest definition level is there, a repetition level of 0 begins a row.

use arrow_schema::DataType;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::ByteArrayType;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::footer::check_footer;
use super::parquet_file::{check_claims, damaged};
use crate::bytes::Bytes;
use crate::error::ReadError;
use crate::id_table::{IdTable, SlotIds};
use crate::ragged::Lengths;
use crate::source::Role;
use annatomy_runtime::guard_panics;

/// Rows decoded at once.
const BATCH_ROWS: usize = 256;

/// The lists of text in the column that is meant; `None` where no such column holds any.
pub(crate) fn read(bytes: &Bytes, wanted: Option<&str>) -> Result<Option<IdTable>, ReadError> {
    let refused = |problem| damaged(bytes, problem);
    guard_panics(refused, || {
        check_footer(bytes).map_err(refused)?;
        let file =
            SerializedFileReader::new(bytes.clone()).map_err(|error| refused(error.to_string()))?;
        let Some(column) = text_column(&file, wanted).map_err(refused)? else {
            return Ok(None);
        };
        check_claims(file.metadata(), column.root, bytes).map_err(refused)?;
        let mut rows = TextRows::default();
        for group in 0..file.num_row_groups() {
            let group = file.get_row_group(group);
            let reader = group.and_then(|group| group.get_column_reader(column.leaf));
            match reader.map_err(|error| refused(error.to_string()))? {
                ColumnReader::ByteArrayColumnReader(reader) => {
                    rows.append(reader, column.levels).map_err(refused)?;
                }
                _ => return Ok(None),
            }
        }
        rows.table().map(Some)
    })
}

#[derive(Clone, Copy)]
struct TextColumn {
    root: usize,
    leaf: usize,
    /// The definition level of an element that is there, and whether one may be null.
    levels: (i16, bool),
}

/// The named column of lists of text, the customary one, or the only one.
fn text_column(
    file: &SerializedFileReader<Bytes>,
    wanted: Option<&str>,
) -> Result<Option<TextColumn>, String> {
    let schema = file.metadata().file_metadata().schema_descr();
    let fields = parquet_to_arrow_schema(schema, None).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    for (root, field) in fields.fields().iter().enumerate() {
        let (DataType::List(item) | DataType::LargeList(item)) = field.data_type() else {
            continue;
        };
        if *item.data_type() != DataType::Utf8 {
            continue;
        }
        let mut leaves = 0..schema.num_columns();
        if let Some(leaf) = leaves.find(|&leaf| schema.get_column_root_idx(leaf) == root) {
            let levels = (schema.column(leaf).max_def_level(), item.is_nullable());
            found.push((field.name().as_str(), TextColumn { root, leaf, levels }));
        }
    }
    let named = |wanted: &str| found.iter().find(|(name, _)| *name == wanted);
    let column = match wanted {
        Some(wanted) => named(wanted),
        None if found.len() == 1 => found.first(),
        None => named(Role::Neighbors.customary_name()),
    };
    Ok(column.map(|(_, column)| *column))
}

#[derive(Default)]
struct TextRows {
    lengths: Lengths,
    row_lengths: Vec<usize>,
    texts: Vec<Option<String>>,
}

impl TextRows {
    fn append(
        &mut self,
        mut reader: ColumnReaderImpl<ByteArrayType>,
        (present, nullable): (i16, bool),
    ) -> Result<(), String> {
        let (mut definitions, mut repetitions) = (Vec::new(), Vec::new());
        let mut values = Vec::new();
        loop {
            definitions.clear();
            repetitions.clear();
            values.clear();
            let (records, ..) = reader
                .read_records(
                    BATCH_ROWS,
                    Some(&mut definitions),
                    Some(&mut repetitions),
                    &mut values,
                )
                .map_err(|error| error.to_string())?;
            if records == 0 {
                return Ok(());
            }
            let mut texts = values.drain(..);
            for (&definition, &repetition) in definitions.iter().zip(&repetitions) {
                if repetition == 0 {
                    self.row_lengths.push(0);
                }
                let slot = if definition == present {
                    let text = texts.next().ok_or("a text is missing")?;
                    let text = text.as_utf8().map_err(|error| error.to_string())?;
                    Some(text.to_owned()).filter(|text| !text.is_empty())
                } else if nullable && definition == present - 1 {
                    None
                } else {
                    // A list without elements, or no list.
                    continue;
                };
                let row = self.row_lengths.len();
                *self.row_lengths.last_mut().ok_or("no row begins")? += 1;
                if self.row_lengths[row - 1] > u32::MAX as usize {
                    return Err(format!("row {row} is too long"));
                }
                self.texts.push(slot);
            }
        }
    }

    fn table(mut self) -> Result<IdTable, ReadError> {
        for &length in &self.row_lengths {
            self.lengths.add(length);
        }
        let mut table: Vec<Option<String>> = self.lengths.table(None)?;
        let columns = self.lengths.columns();
        let mut texts = self.texts.into_iter();
        for (row, &length) in self.row_lengths.iter().enumerate() {
            let slots = &mut table[row * columns..][..length];
            for (slot, text) in slots.iter_mut().zip(&mut texts) {
                *slot = text;
            }
        }
        let (rows, short) = (self.row_lengths.len(), self.lengths.short_rows());
        Ok(IdTable::new(rows, columns, SlotIds::Texts(table), short))
    }
}
