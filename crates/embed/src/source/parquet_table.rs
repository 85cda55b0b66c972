//! Pictures in a column of a Parquet file, as Hugging Face's `datasets` keeps them.
//!
//! Enters: a file, perhaps a column's name. Leaves: the column's bytes, a picture per row, named by
//! its `path` where the row has one.
//!
//! | column | bytes | name |
//! |---|---|---|
//! | struct with `bytes` (and `path`) | its `bytes` | its `path`, or file and row |
//! | binary | itself | file and row |
//!
//! Rows are decoded a few at a time, so a file is never in memory as a whole. A row without bytes
//! is a picture that cannot be read; damage to the table itself ends the source, since what follows
//! it cannot be found. Does not: fetch what a `path` alone points to.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use annatomy_formats::{ReadError, open_parquet_column};
use annatomy_runtime::{guard_panics, printable, printable_bytes};
use arrow_array::cast::AsArray as _;
use arrow_array::{Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Fields};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::{Content, Item, ItemError, Source, SourceError};

/// Rows decoded at once.
const BATCH_ROWS: usize = 8;

/// Where a row's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// In the column itself.
    Plain,
    /// In the field `bytes` of a struct.
    InStruct,
}

pub(super) fn open(path: &Path, column: Option<&str>) -> Result<Source, SourceError> {
    guard_panics(
        |problem| damaged(path, problem),
        || {
            let mut shape = Shape::Plain;
            let wrong = |error| match error {
                ReadError::Io(error) => SourceError::io(path, error),
                error => damaged(path, error.to_string()),
            };
            let opened = open_parquet_column(path, BATCH_ROWS, wrong, |fields| {
                let (index, found) = pick(path, fields, column)?;
                shape = found;
                Ok(index)
            })?;
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            let name = printable_bytes(name).into_owned();
            let rows = Rows {
                path: path.to_owned(),
                name,
                reader: Some(opened.batches),
                shape,
                next: 0,
                ready: VecDeque::new(),
            };
            Ok(Source::new(opened.rows, rows))
        },
    )
}

fn damaged(path: &Path, problem: String) -> SourceError {
    SourceError::Table {
        path: path.to_owned(),
        problem,
    }
}

/// The named column, or the only one that may hold pictures, or among several the one that is
/// called `image`.
fn pick(path: &Path, fields: &Fields, wanted: Option<&str>) -> Result<(usize, Shape), SourceError> {
    let refused = |problem: String| {
        let columns = fields
            .iter()
            .map(|field| format!("{} {}", field.name(), field.data_type()));
        SourceError::Column {
            path: path.to_owned(),
            problem,
            columns: columns.collect::<Vec<_>>().join(", "),
        }
    };
    let fits = |index: usize| shape(fields[index].data_type()).map(|shape| (index, shape));
    let called = |name: &str| fields.iter().position(|field| field.name() == name);
    if let Some(name) = wanted {
        let index = called(name).ok_or_else(|| refused(format!("no column {name:?}")))?;
        return fits(index).ok_or_else(|| refused(format!("column {name:?} holds no bytes")));
    }
    let fitting: Vec<(usize, Shape)> = (0..fields.len()).filter_map(fits).collect();
    match (&fitting[..], called("image").and_then(fits)) {
        (&[only], _) => Ok(only),
        (&[], _) => Err(refused("no column holds bytes of pictures".to_owned())),
        (_, Some(image)) => Ok(image),
        (_, None) => Err(refused(
            "several columns hold bytes; name one as FILE::COLUMN".to_owned(),
        )),
    }
}

fn shape(data_type: &DataType) -> Option<Shape> {
    match data_type {
        DataType::Binary => Some(Shape::Plain),
        DataType::Struct(fields) => {
            let bytes = fields.iter().find(|field| field.name() == "bytes")?;
            (*bytes.data_type() == DataType::Binary).then_some(Shape::InStruct)
        }
        _ => None,
    }
}

/// The rows, in order.
struct Rows {
    path: PathBuf,
    name: String,
    /// None after its end or an error.
    reader: Option<ParquetRecordBatchReader>,
    shape: Shape,
    next: usize,
    ready: VecDeque<Item>,
}

impl Iterator for Rows {
    type Item = Result<Item, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            let mut reader = self.reader.take()?;
            let batch = guard_panics(
                |problem| damaged(&self.path, problem),
                || {
                    reader
                        .next()
                        .transpose()
                        .map_err(|error| damaged(&self.path, error.to_string()))
                },
            );
            match batch.and_then(|batch| {
                batch.map_or(Ok(()), |batch| {
                    self.append(&batch).map(|()| self.reader = Some(reader))
                })
            }) {
                Ok(()) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

impl Rows {
    fn append(&mut self, batch: &RecordBatch) -> Result<(), SourceError> {
        let unexpected = || {
            damaged(
                &self.path,
                "a batch of another type than the file's schema says".to_owned(),
            )
        };
        let column = batch.columns().first().ok_or_else(unexpected)?;
        let (bytes, paths) = match self.shape {
            Shape::Plain => (Some(column), None),
            Shape::InStruct => {
                let fields = column.as_struct_opt().ok_or_else(unexpected)?;
                (
                    fields.column_by_name("bytes"),
                    fields.column_by_name("path"),
                )
            }
        };
        let bytes = bytes
            .and_then(|bytes| bytes.as_binary_opt::<i32>())
            .ok_or_else(unexpected)?;
        let paths = paths.and_then(|paths| paths.as_string_opt::<i32>());
        for row in 0..batch.num_rows() {
            let missing = column.is_null(row) || bytes.is_null(row);
            let content = if missing {
                Err(ItemError::Null)
            } else {
                Ok(Content::Encoded(bytes.value(row).to_vec()))
            };
            let name =
                named(paths, row).unwrap_or_else(|| format!("{}/{:06}", self.name, self.next));
            self.ready.push_back(Item { name, content });
            self.next += 1;
        }
        Ok(())
    }
}

fn named(paths: Option<&StringArray>, row: usize) -> Option<String> {
    let paths = paths.filter(|paths| paths.is_valid(row))?;
    Some(printable(paths.value(row)).into_owned()).filter(|path| !path.is_empty())
}
