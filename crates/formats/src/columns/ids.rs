//! The primary key of a Parquet file of vectors: a column of integers or text, with one id per row.
//!
//! Enters: the file's bytes and how many rows of vectors it has. Leaves: the first of these columns
//! whose values are all there and all different:
//!
//! 1. those with a customary name ([`CUSTOMARY_NAMES`]), integers or text, in the list's order;
//! 2. the others of integers, in the file's order.
//!
//! Cost: decoding of the columns looked at, and a set of their values. Reads the values themselves
//! and not Arrow's arrays, since an array copies a long text as often as the column repeats it.
//! Does not: look into structs or dates; read keys of several columns, or integers beyond 63 bits.

use std::collections::HashSet;
use std::hash::Hash;

use arrow_schema::DataType;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType as Physical;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::parquet_file::{check_claims, damaged};
use crate::bytes::Bytes;
use crate::error::ReadError;
use crate::id_column::{IdColumn, RowIds};
use annatomy_runtime::guard_panics;

/// Names that engines and benchmarks give a primary key, in lower case.
const CUSTOMARY_NAMES: [&str; 9] = [
    "id",
    "_id",
    "ids",
    "pk",
    "primary_key",
    "key",
    "point_id",
    "doc_id",
    "uuid",
];
/// Rows decoded at once.
const BATCH_ROWS: usize = 1024;
/// Bytes of text decoded at once, each value at most a page.
const BATCH_BYTES: u64 = 64 << 20;

/// The column that identifies the `rows` rows, if there is one.
pub(crate) fn read(bytes: &Bytes, rows: usize) -> Result<Option<IdColumn>, ReadError> {
    let refused = |problem| damaged(bytes, problem);
    guard_panics(refused, || {
        let file =
            SerializedFileReader::new(bytes.clone()).map_err(|error| refused(error.to_string()))?;
        for candidate in candidates(&file).map_err(refused)? {
            let ids = column(&file, &candidate, bytes, rows).map_err(refused)?;
            if let Some(ids) = ids {
                let name = candidate.name;
                return Ok(Some(IdColumn { name, ids }));
            }
        }
        Ok(None)
    })
}

/// A column that may hold ids.
struct Candidate {
    name: String,
    /// Place among the columns, and among the leaves of the schema.
    root: usize,
    leaf: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Signed,
    Unsigned,
    Text,
}

/// The columns to try, those with customary names first.
fn candidates(file: &SerializedFileReader<Bytes>) -> Result<Vec<Candidate>, String> {
    let schema = file.metadata().file_metadata().schema_descr();
    let fields = parquet_to_arrow_schema(schema, None).map_err(|error| error.to_string())?;
    let mut candidates = Vec::new();
    for (root, field) in fields.fields().iter().enumerate() {
        let kind = match field.data_type() {
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Kind::Signed,
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => {
                Kind::Unsigned
            }
            DataType::Utf8 => Kind::Text,
            _ => continue,
        };
        let rank = CUSTOMARY_NAMES
            .iter()
            .position(|name| field.name().eq_ignore_ascii_case(name));
        if rank.is_none() && kind == Kind::Text {
            continue;
        }
        let mut leaves = 0..schema.num_columns();
        if let Some(leaf) = leaves.find(|&leaf| schema.get_column_root_idx(leaf) == root) {
            let name = field.name().clone();
            let candidate = Candidate {
                name,
                root,
                leaf,
                kind,
            };
            candidates.push((rank.unwrap_or(CUSTOMARY_NAMES.len()), candidate));
        }
    }
    candidates.sort_by_key(|&(rank, _)| rank);
    Ok(candidates.into_iter().map(|(_, column)| column).collect())
}

/// The column's values, unless one is missing, too large or there twice.
fn column(
    file: &SerializedFileReader<Bytes>,
    candidate: &Candidate,
    bytes: &Bytes,
    rows: usize,
) -> Result<Option<RowIds>, String> {
    let largest_page = check_claims(file.metadata(), candidate.root, bytes)?;
    let mut integers = Unique::default();
    let mut texts = Unique::default();
    for group in 0..file.num_row_groups() {
        let column = file
            .get_row_group(group)
            .and_then(|group| group.get_column_reader(candidate.leaf))
            .map_err(|error| error.to_string())?;
        let all_unique = match column {
            ColumnReader::Int32ColumnReader(column) => append(
                column,
                BATCH_ROWS,
                &mut integers,
                rows,
                |value| match candidate.kind {
                    Kind::Unsigned => Some(i64::from(value.cast_unsigned())),
                    _ => Some(i64::from(value)),
                },
            )?,
            ColumnReader::Int64ColumnReader(column) => {
                append(column, BATCH_ROWS, &mut integers, rows, |value| {
                    Some(value).filter(|&value| value >= 0 || candidate.kind == Kind::Signed)
                })?
            }
            ColumnReader::ByteArrayColumnReader(column) => {
                let batch_rows = (BATCH_BYTES / largest_page.max(1)).clamp(1, BATCH_ROWS as u64);
                append(column, batch_rows as usize, &mut texts, rows, |value| {
                    value.as_utf8().map(str::to_owned).ok()
                })?
            }
            _ => false,
        };
        if !all_unique {
            return Ok(None);
        }
    }
    let found = integers.values.len() + texts.values.len();
    if found != rows {
        return Err(format!(
            "column {} has {found} values, the vectors {rows} rows",
            candidate.name
        ));
    }
    Ok(Some(match candidate.kind {
        Kind::Signed | Kind::Unsigned => RowIds::Integers(integers.values),
        Kind::Text => RowIds::Texts(texts.values),
    }))
}

/// Values in order, no two the same.
#[derive(Default)]
struct Unique<T> {
    values: Vec<T>,
    seen: HashSet<T>,
}

/// Appends a row group's values; false if one is missing, unfit or there already.
fn append<P: Physical, T: Clone + Eq + Hash>(
    mut column: ColumnReaderImpl<P>,
    batch_rows: usize,
    ids: &mut Unique<T>,
    rows: usize,
    id: impl Fn(P::T) -> Option<T>,
) -> Result<bool, String> {
    let (mut levels, mut batch) = (Vec::new(), Vec::new());
    loop {
        levels.clear();
        batch.clear();
        let (records, values, _) = column
            .read_records(batch_rows, Some(&mut levels), None, &mut batch)
            .map_err(|error| error.to_string())?;
        if records == 0 {
            return Ok(true);
        }
        if ids.values.len() + records > rows {
            return Err(format!("a column of ids has more values than {rows} rows"));
        }
        if values < records {
            return Ok(false);
        }
        for value in batch.drain(..) {
            match id(value) {
                Some(id) if ids.seen.insert(id.clone()) => ids.values.push(id),
                _ => return Ok(false),
            }
        }
    }
}
