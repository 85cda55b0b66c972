//! `.parquet`: one column, row group by row group, batch by batch.
//!
//! What the footer claims is checked against the file's length before anything is decoded: a page of
//! run lengths may stand for many more numbers than it has bytes, but not for more than
//! [`MOST_EXPANSION`] each. So are the `footer` itself and the sizes that `pages` have in their headers.

use std::io::{BufReader, Seek as _, SeekFrom};
use std::path::Path;

use arrow_schema::Fields;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{ChunkReader, Length};

use super::column::pick_column;
use super::footer::check_footer;
use super::lists::Lists;
use super::pages::check_pages;
use crate::bytes::{Bytes, Cursor};
use crate::error::ReadError;
use crate::source::Role;

/// Numbers that a byte of the file may stand for.
const MOST_EXPANSION: u64 = 1 << 16;
/// Rows decoded at once.
pub(super) const BATCH_ROWS: usize = 1024;

/// A column's batches, after what its pages claim was checked.
#[derive(Debug)]
pub struct ParquetColumn {
    /// Rows of the file, as its footer says.
    pub rows: Option<u64>,
    /// The column alone.
    pub batches: ParquetRecordBatchReader,
}

/// Opens the column of the file `path` that `pick` chooses among its fields, to be decoded `batch_rows`
/// rows at a time; `wrong` turns what is wrong with the file into the caller's error.
///
/// Nothing is decoded before the places and sizes that footer and pages claim are checked. The file is
/// read by position.
///
/// # Errors
/// If it is no Parquet file, claims what it cannot hold, or `pick` refuses.
pub fn open_parquet_column<E>(
    path: &Path,
    batch_rows: usize,
    wrong: impl Fn(ReadError) -> E,
    pick: impl FnOnce(&Fields) -> Result<usize, E>,
) -> Result<ParquetColumn, E> {
    let bytes = Bytes::open(path).map_err(&wrong)?;
    open_column(&bytes, batch_rows, wrong, pick)
}

fn open_column<E>(
    bytes: &Bytes,
    batch_rows: usize,
    wrong: impl Fn(ReadError) -> E,
    pick: impl FnOnce(&Fields) -> Result<usize, E>,
) -> Result<ParquetColumn, E> {
    let damaged = |problem| wrong(damaged(bytes, problem));
    check_footer(bytes).map_err(damaged)?;
    // The file's own word on Arrow types is passed over: with it lists of fixed size, and several types
    // of binary and text, would be types of their own, where the rows say enough.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes.clone(), options)
        .map_err(|error| damaged(error.to_string()))?;
    let index = pick(builder.schema().fields())?;
    check_claims(builder.metadata(), index, bytes).map_err(damaged)?;
    let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).ok();
    let only_this = ProjectionMask::roots(builder.parquet_schema(), [index]);
    let reader = builder
        .with_projection(only_this)
        .with_batch_size(batch_rows)
        .build();
    let batches = reader.map_err(|error| damaged(error.to_string()))?;
    Ok(ParquetColumn { rows, batches })
}

pub(super) fn read(bytes: &Bytes, member: Option<&str>, role: Role) -> Result<Lists, ReadError> {
    let damaged = |problem| damaged(bytes, problem);
    let mut picked = None;
    let pick = |fields: &Fields| {
        let column = pick_column(fields, member, role)?;
        Ok(picked.insert(column).index)
    };
    let opened = open_column(bytes, BATCH_ROWS, |error| error, pick)?;
    let mut lists = Lists::new(picked.expect("a column was picked"));
    for batch in opened.batches {
        let batch = batch.map_err(|error| damaged(error.to_string()))?;
        lists.append(
            batch
                .columns()
                .first()
                .ok_or_else(|| damaged("a batch without columns".to_owned()))?,
        )?;
    }
    Ok(lists)
}

/// What is wrong with the file.
pub(super) fn damaged(bytes: &Bytes, problem: String) -> ReadError {
    ReadError::Damaged {
        content: "Parquet file",
        found: bytes.len(),
        problem,
    }
}

impl Length for Bytes {
    fn len(&self) -> u64 {
        Self::len(self)
    }
}

impl ChunkReader for Bytes {
    type T = BufReader<Cursor>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        let mut cursor = self.cursor();
        cursor.seek(SeekFrom::Start(start))?;
        Ok(BufReader::new(cursor))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<::bytes::Bytes> {
        let end = start.saturating_add(length as u64);
        let bytes = self
            .read(start..end)
            .map_err(|error| ParquetError::External(Box::new(error)))?;
        Ok(bytes.into())
    }
}

/// Refuses a footer that claims places outside the file, or more numbers than its bytes could stand
/// for, and pages that claim too much. Returns what the column's largest page unpacks to.
pub(super) fn check_claims(
    metadata: &ParquetMetaData,
    root: usize,
    bytes: &Bytes,
) -> Result<u64, String> {
    check_groups(metadata, root, bytes, 0..metadata.num_row_groups())
}

/// [`check_claims`] of some row groups.
pub(super) fn check_groups(
    metadata: &ParquetMetaData,
    root: usize,
    bytes: &Bytes,
    groups: impl Iterator<Item = usize>,
) -> Result<u64, String> {
    let mut largest_page = 0;
    let schema = metadata.file_metadata().schema_descr();
    for group in groups {
        let row_group = metadata.row_group(group);
        for (leaf, column) in row_group.columns().iter().enumerate() {
            if schema.get_column_root_idx(leaf) != root {
                continue;
            }
            let start = column
                .dictionary_page_offset()
                .unwrap_or(column.data_page_offset());
            let (length, values) = (column.compressed_size(), column.num_values());
            let range = u64::try_from(start)
                .ok()
                .zip(u64::try_from(length).ok())
                .and_then(|(start, length)| Some(start..start.checked_add(length)?))
                .filter(|range| range.end <= bytes.len())
                .ok_or_else(|| format!("row group {group} claims {length} bytes at {start}"))?;
            let unpacked = check_pages(bytes, range, column.compression())
                .map_err(|problem| format!("row group {group}: {problem}"))?;
            largest_page = largest_page.max(unpacked);
            let most = length.cast_unsigned().saturating_mul(MOST_EXPANSION);
            if u64::try_from(values).map_or(true, |values| values > most) {
                return Err(format!(
                    "row group {group} claims {values} values in {length} bytes"
                ));
            }
        }
    }
    Ok(largest_page)
}
