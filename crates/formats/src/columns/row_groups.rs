//! `.parquet` by ranges of rows: the row groups that a range meets are decoded, and no others.

use std::ops::Range;

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use super::column::{Column, pick_column};
use super::footer::check_footer;
use super::lists::Lists;
use super::parquet_file::{BATCH_ROWS, check_groups, damaged};
use crate::bytes::Bytes;
use crate::error::ReadError;
use crate::source::Role;
use annatomy_runtime::guard_panics;
use annatomy_vectors::Matrix;

/// One column of an open file.
#[derive(Debug)]
pub(crate) struct RowGroups {
    bytes: Bytes,
    metadata: ArrowReaderMetadata,
    column: Column,
    /// The rows of each group.
    groups: Vec<Range<usize>>,
    columns: usize,
}

impl RowGroups {
    /// The named column, or the one that fits the role; reads the footer.
    pub(crate) fn open(bytes: &Bytes, member: Option<&str>, role: Role) -> Result<Self, ReadError> {
        let damaged = |problem| damaged(bytes, problem);
        guard_panics(damaged, || {
            // As where all rows are read.
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            check_footer(bytes).map_err(damaged)?;
            let metadata = ArrowReaderMetadata::load(bytes, options)
                .map_err(|error| damaged(error.to_string()))?;
            let column = pick_column(metadata.schema().fields(), member, role)?;
            let groups = row_ranges(&metadata).map_err(damaged)?;
            let columns = values_per_row(&metadata, column.index);
            Ok(Self {
                bytes: bytes.clone(),
                metadata,
                column,
                groups,
                columns,
            })
        })
    }

    pub(crate) fn rows(&self) -> usize {
        self.groups.last().map_or(0, |rows| rows.end)
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The last end of a group in `start + 1..=limit`.
    pub(crate) fn last_end(&self, start: usize, limit: usize) -> Option<usize> {
        let ends = self.groups.iter().map(|rows| rows.end);
        ends.take_while(|&end| end <= limit)
            .filter(|&end| end > start)
            .last()
    }

    /// A range of rows.
    pub(crate) fn read_rows(&self, rows: Range<usize>) -> Result<Matrix, ReadError> {
        if rows.start > rows.end || rows.end > self.rows() {
            return Err(ReadError::NoSuchRow {
                row: rows.start.max(self.rows()),
                rows: self.rows(),
            });
        }
        let damaged = |problem| damaged(&self.bytes, problem);
        guard_panics(damaged, || self.decode(&rows))
            .map_err(|error| in_whole_file(error, rows.start))
    }

    /// Decodes batch after batch into its place, so that no other copy of the rows is made.
    fn decode(&self, rows: &Range<usize>) -> Result<Matrix, ReadError> {
        let damaged = |problem| damaged(&self.bytes, problem);
        let met: Vec<usize> = (0..self.groups.len())
            .filter(|&group| {
                let of_group = &self.groups[group];
                of_group.start < rows.end && rows.start < of_group.end
            })
            .collect();
        let first = met.first().map_or(0, |&group| self.groups[group].start);
        let metadata = self.metadata.metadata();
        check_groups(
            metadata,
            self.column.index,
            &self.bytes,
            met.iter().copied(),
        )
        .map_err(damaged)?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(
            self.bytes.clone(),
            self.metadata.clone(),
        );
        let only_this = ProjectionMask::roots(reader.parquet_schema(), [self.column.index]);
        let reader = reader
            .with_projection(only_this)
            .with_row_groups(met)
            .with_offset(rows.start.saturating_sub(first))
            .with_limit(rows.len())
            .with_batch_size(BATCH_ROWS)
            .build();
        let (mut values, mut columns) = (Vec::new(), 0);
        let mut done = 0;
        for batch in reader.map_err(|error| damaged(error.to_string()))? {
            let batch = batch.map_err(|error| damaged(error.to_string()))?;
            let column = batch.columns().first();
            let column = column.ok_or_else(|| damaged("a batch without columns".to_owned()))?;
            let mut lists = Lists::new(self.column);
            let decoded = lists.append(column).and_then(|()| lists.into_matrix());
            let (bytes, layout) = decoded.map_err(|error| in_whole_file(error, done))?;
            if done == 0 {
                columns = layout.columns;
                // Room for all, of which what is written takes memory: the footer's word is not proof.
                let cells = rows.len().saturating_mul(columns);
                values
                    .try_reserve_exact(cells)
                    .map_err(|_| ReadError::Memory {
                        rows: rows.len(),
                        columns,
                    })?;
            } else if layout.columns != columns {
                return Err(ReadError::RowLength {
                    row: done,
                    expected: columns,
                    found: layout.columns as i64,
                });
            }
            let start = values.len();
            values.resize(start + layout.rows * columns, 0.0);
            layout.decode(&bytes, 0..layout.rows, &mut values[start..])?;
            done += layout.rows;
        }
        if done == 0 {
            // No rows are no matrix.
            Lists::new(self.column).into_matrix()?;
        }
        if done != rows.len() {
            return Err(damaged(format!(
                "rows {}:{} are {done} rows",
                rows.start, rows.end
            )));
        }
        Matrix::new(done, columns, values).map_err(|error| damaged(error.to_string()))
    }
}

/// The rows of each group, as the footer claims them.
fn row_ranges(metadata: &ArrowReaderMetadata) -> Result<Vec<Range<usize>>, String> {
    let mut next = 0_usize;
    let groups = metadata.metadata().row_groups().iter().enumerate();
    groups
        .map(|(group, claim)| {
            let end = usize::try_from(claim.num_rows())
                .ok()
                .and_then(|rows| next.checked_add(rows));
            let end =
                end.ok_or_else(|| format!("row group {group} claims {} rows", claim.num_rows()))?;
            let rows = next..end;
            next = end;
            Ok(rows)
        })
        .collect()
}

/// Numbers of the first group by its rows.
fn values_per_row(metadata: &ArrowReaderMetadata, root: usize) -> usize {
    let schema = metadata.metadata().file_metadata().schema_descr();
    let Some(group) = metadata.metadata().row_groups().first() else {
        return 0;
    };
    let of_root = |&leaf: &usize| schema.get_column_root_idx(leaf) == root;
    let leaf = (0..group.num_columns()).find(of_root);
    let values = leaf.map_or(0, |leaf| group.column(leaf).num_values());
    usize::try_from(values / group.num_rows().max(1)).unwrap_or(0)
}

/// The error with its row counted from the file's first.
fn in_whole_file(mut error: ReadError, start: usize) -> ReadError {
    match &mut error {
        ReadError::NullRow { row }
        | ReadError::NullNumber { row, .. }
        | ReadError::RowLength { row, .. } => *row += start,
        _ => {}
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row_ranges::RowRanges;
    use crate::source::Source;
    use crate::vector_file::VectorFile;
    use arrow_array::types::Float32Type;
    use arrow_array::{ArrayRef, FixedSizeListArray, RecordBatch};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    use std::path::PathBuf;
    use std::sync::Arc;

    /// 25 rows of 3 in groups of 10, 10 and 5; number c of row r is 3·r + c.
    fn three_groups() -> Vec<u8> {
        let rows = (0..25_u16)
            .map(|row| Some((0..3).map(move |column| Some(f32::from(3 * row + column)))));
        let rows = rows.map(|row| row.map(Iterator::collect::<Vec<_>>));
        let lists = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(rows, 3);
        let batch = RecordBatch::try_from_iter([("embedding", Arc::new(lists) as ArrayRef)]);
        let batch = batch.expect("a batch");
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(10))
            .build();
        let mut bytes = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("a schema");
        writer.write(&batch).expect("rows");
        writer.close().expect("a footer");
        bytes
    }

    fn opened(bytes: Vec<u8>) -> RowGroups {
        RowGroups::open(&Bytes::owned(bytes), None, Role::Base).expect("a column of lists")
    }

    #[test]
    fn every_range_has_its_rows() {
        let file = opened(three_groups());
        assert_eq!((file.rows(), file.columns()), (25, 3));
        for start in 0..=25 {
            for end in start..=25 {
                if start == end {
                    continue;
                }
                let rows = file.read_rows(start..end).expect("rows");
                assert_eq!((rows.rows(), rows.columns()), (end - start, 3));
                let expected: Vec<f32> =
                    (3 * start as u16..3 * end as u16).map(f32::from).collect();
                assert_eq!(rows.values(), expected, "{start}:{end}");
            }
        }
        let error = file.read_rows(20..26).expect_err("25 rows").to_string();
        assert_eq!(error, "row 25 asked for, the file has 25 rows");
        let ends = [(0, 25), (0, 9), (3, 19), (10, 12), (20, 24)];
        let ends = ends.map(|(start, limit)| file.last_end(start, limit));
        assert_eq!(ends, [Some(25), None, Some(10), None, None]);
    }

    /// What another range is damaged by is not seen.
    #[test]
    fn row_groups_outside_the_range_are_not_decoded() {
        let mut bytes = three_groups();
        let whole = opened(bytes.clone());
        let column = whole.metadata.metadata().row_group(1).column(0);
        let (start, length) = column.byte_range();
        bytes[start as usize..(start + length) as usize].fill(0xff);
        let file = opened(bytes);
        assert!(file.read_rows(0..10).is_ok() && file.read_rows(20..25).is_ok());
        for rows in [0..11, 19..25, 12..13] {
            let error = file.read_rows(rows).expect_err("damage").to_string();
            assert!(error.contains("Parquet"), "{error}");
        }
    }

    #[test]
    fn rows_of_every_golden_file_are_those_of_the_whole() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/members");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).expect("the folder") {
            let source = Source::parse(entry.expect("an entry").path());
            let Ok(whole) = VectorFile::open_source(&source, Role::Base) else {
                continue;
            };
            let ranges = RowRanges::open(&source, Role::Base).expect("the same file");
            let all = whole.read_all().expect("all rows");
            assert_eq!(ranges.rows(), all.rows(), "{source:?}");
            for start in 0..all.rows() {
                let rows = ranges.read_rows(start..all.rows()).expect("the last rows");
                let expected = all.view().row_range(start..all.rows());
                let bits = |values: &[f32]| {
                    values
                        .iter()
                        .map(|value| value.to_bits())
                        .collect::<Vec<_>>()
                };
                assert_eq!(bits(rows.values()), bits(expected.values()), "{source:?}");
            }
            assert_eq!(ranges.block_end(0, usize::MAX, all.rows()), all.rows());
            seen += 1;
        }
        assert!(seen > 12, "{seen} files");
    }

    #[test]
    fn errors_count_rows_from_the_files_first() {
        let error = in_whole_file(ReadError::NullRow { row: 3 }, 40);
        assert!(matches!(error, ReadError::NullRow { row: 43 }), "{error}");
    }
}
