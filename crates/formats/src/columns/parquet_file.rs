//! `.parquet`: one column, row group by row group, batch by batch.
//!
//! What the footer claims is held against the file's length before anything is decoded: a page of
//! run lengths may stand for many more numbers than it has bytes, but not for more than
//! [`MOST_EXPANSION`] each. So are the sizes that `pages` find in their headers.

use std::sync::Arc;

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::ParquetMetaData;

use super::lists::Lists;
use super::pages::check_pages;
use super::pick_column;
use crate::bytes::Bytes;
use crate::error::ReadError;
use crate::source::Role;

/// Numbers that a byte of the file may stand for.
const MOST_EXPANSION: u64 = 1 << 16;
/// Rows decoded at once.
const BATCH_ROWS: usize = 1024;

pub(super) fn read(bytes: Bytes, member: Option<&str>, role: Role) -> Result<Lists, ReadError> {
    let found = bytes.as_slice().len() as u64;
    let damaged = |problem: String| ReadError::Damaged {
        content: "Parquet file",
        found,
        problem,
    };
    let bytes = ::bytes::Bytes::from_owner(bytes);
    // The file's own word on Arrow types is passed over: it tells lists of fixed size from others,
    // which the rows do too.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes.clone(), options);
    let reader = reader.map_err(|error| damaged(error.to_string()))?;
    let column = pick_column(reader.schema().fields(), member, role)?;
    check_claims(reader.metadata(), column.index, &bytes).map_err(damaged)?;

    let only_this = ProjectionMask::roots(reader.parquet_schema(), [column.index]);
    let reader = reader
        .with_projection(only_this)
        .with_batch_size(BATCH_ROWS)
        .build();
    let mut lists = Lists::new(column);
    for batch in reader.map_err(|error| damaged(error.to_string()))? {
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

/// Refuses a footer that claims places outside the file, or more numbers than its bytes could stand
/// for, and pages that claim too much.
fn check_claims(metadata: &Arc<ParquetMetaData>, root: usize, bytes: &[u8]) -> Result<(), String> {
    let schema = metadata.file_metadata().schema_descr();
    for (group, row_group) in metadata.row_groups().iter().enumerate() {
        for (leaf, column) in row_group.columns().iter().enumerate() {
            if schema.get_column_root_idx(leaf) != root {
                continue;
            }
            let start = column
                .dictionary_page_offset()
                .unwrap_or(column.data_page_offset());
            let (length, values) = (column.compressed_size(), column.num_values());
            let range = usize::try_from(start)
                .ok()
                .zip(usize::try_from(length).ok());
            let range = range.and_then(|(start, length)| Some(start..start.checked_add(length)?));
            let chunk = range.and_then(|range| bytes.get(range));
            let chunk = chunk
                .ok_or_else(|| format!("row group {group} claims {length} bytes at {start}"))?;
            check_pages(chunk, column.compression())
                .map_err(|problem| format!("row group {group}: {problem}"))?;
            let most = length.cast_unsigned().saturating_mul(MOST_EXPANSION);
            if u64::try_from(values).map_or(true, |values| values > most) {
                return Err(format!(
                    "row group {group} claims {values} values in {length} bytes"
                ));
            }
        }
    }
    Ok(())
}
