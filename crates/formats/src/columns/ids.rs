//! Columns of a Parquet file with one integer or text per row; above all its primary key.
//!
//! [`read`]: the first of these columns whose values are all there and all different, as many as the
//! file has rows of vectors:
//!
//! 1. those with a customary name ([`CUSTOMARY_NAMES`]), integers or text, in the list's order;
//! 2. the others of integers, in the file's order.
//!
//! [`read_values`]: the column named, else the only one or the one with a customary name; values may
//! repeat, and none may be missing.
//!
//! Cost: decoding of the columns looked at, and a set of their values. Reads the values themselves
//! and not Arrow's arrays, since an array copies a long text as often as the column repeats it.
//! Does not: look into structs or dates; read keys of several columns.

use std::collections::HashSet;
use std::hash::Hash;

use arrow_schema::DataType;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType as Physical;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::footer::check_footer;
use super::parquet_file::{check_claims, damaged};
use crate::bytes::Bytes;
use crate::error::ReadError;
use crate::id_column::{CUSTOMARY_NAMES, IdColumn, RowIds};
use annatomy_runtime::guard_panics;

/// Rows decoded at once.
const BATCH_ROWS: usize = 1024;
/// Bytes of text decoded at once, each value at most a page.
const BATCH_BYTES: u64 = 64 << 20;

/// The column that identifies the `rows` rows, if there is one.
pub(crate) fn read(bytes: &Bytes, rows: usize) -> Result<Option<IdColumn>, ReadError> {
    let refused = |problem| damaged(bytes, problem);
    guard_panics(refused, || {
        check_footer(bytes).map_err(refused)?;
        let file =
            SerializedFileReader::new(bytes.clone()).map_err(|error| refused(error.to_string()))?;
        for candidate in candidates(&file).map_err(refused)? {
            if candidate.rank == CUSTOMARY_NAMES.len() && candidate.kind == Kind::Text {
                continue;
            }
            let unique = Wanted::Unique { rows };
            let found = column(&file, &candidate, bytes, unique).map_err(refused)?;
            // Ids that no answer can name, such as −1, which stands for an empty slot, name no rows.
            if let Ok(ids) = found
                && ids.check().is_ok()
            {
                let name = candidate.name;
                return Ok(Some(IdColumn { name, ids }));
            }
        }
        Ok(None)
    })
}

/// The values of the column that is meant.
pub(crate) fn read_values(bytes: &Bytes, wanted: Option<&str>) -> Result<RowIds, ReadError> {
    let refused = |problem| damaged(bytes, problem);
    guard_panics(refused, || {
        check_footer(bytes).map_err(refused)?;
        let file =
            SerializedFileReader::new(bytes.clone()).map_err(|error| refused(error.to_string()))?;
        let mut columns = candidates(&file).map_err(refused)?;
        let place = match wanted {
            Some(name) => columns.iter().position(|column| column.name == name),
            None if columns.len() == 1 => Some(0),
            None => columns
                .iter()
                .position(|column| column.rank < CUSTOMARY_NAMES.len()),
        };
        let Some(place) = place else {
            return Err(which(wanted, &columns));
        };
        let chosen = columns.swap_remove(place);
        let found = column(&file, &chosen, bytes, Wanted::All).map_err(refused)?;
        found.map_err(|Unfit { row }| ReadError::Header {
            problem: format!("row {row} has no value in column {}", chosen.name),
        })
    })
}

fn which(wanted: Option<&str>, columns: &[Candidate]) -> ReadError {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let names = names.join(", ");
    let problem = match wanted {
        Some(name) => {
            format!("no column {name} of integers or text; there is {names}")
        }
        None => format!("which column of {names}? Name it as FILE.parquet::COLUMN"),
    };
    ReadError::Header { problem }
}

/// A column that may hold ids.
struct Candidate {
    name: String,
    /// Place among the customary names, or how many there are.
    rank: usize,
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

/// What a column must hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// As many values as there are rows, no two the same.
    Unique { rows: usize },
    /// A value in every row.
    All,
}

/// A column that does not hold what is wanted, seen at this row.
struct Unfit {
    row: usize,
}

/// The columns of integers and text, those with customary names first.
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
        let mut leaves = 0..schema.num_columns();
        if let Some(leaf) = leaves.find(|&leaf| schema.get_column_root_idx(leaf) == root) {
            candidates.push(Candidate {
                name: field.name().clone(),
                rank: rank.unwrap_or(CUSTOMARY_NAMES.len()),
                root,
                leaf,
                kind,
            });
        }
    }
    candidates.sort_by_key(|column| column.rank);
    Ok(candidates)
}

/// The column's values, unless they are not what is wanted.
fn column(
    file: &SerializedFileReader<Bytes>,
    candidate: &Candidate,
    bytes: &Bytes,
    wanted: Wanted,
) -> Result<Result<RowIds, Unfit>, String> {
    let largest_page = check_claims(file.metadata(), candidate.root, bytes)?;
    let mut integers = Gathered::new(wanted);
    let mut texts = Gathered::new(wanted);
    for group in 0..file.num_row_groups() {
        let column = file
            .get_row_group(group)
            .and_then(|group| group.get_column_reader(candidate.leaf))
            .map_err(|error| error.to_string())?;
        let appended = match column {
            ColumnReader::Int32ColumnReader(column) => {
                integers.append(column, BATCH_ROWS, |value| match candidate.kind {
                    Kind::Unsigned => Some(i64::from(value.cast_unsigned())),
                    _ => Some(i64::from(value)),
                })?
            }
            ColumnReader::Int64ColumnReader(column) => integers.append(column, BATCH_ROWS, Some)?,
            ColumnReader::ByteArrayColumnReader(column) => {
                let batch_rows = (BATCH_BYTES / largest_page.max(1)).clamp(1, BATCH_ROWS as u64);
                texts.append(column, batch_rows as usize, |value| {
                    value.as_utf8().map(str::to_owned).ok()
                })?
            }
            _ => Err(Unfit { row: 0 }),
        };
        if let Err(unfit) = appended {
            return Ok(Err(unfit));
        }
    }
    let found = integers.values.len() + texts.values.len();
    if let Wanted::Unique { rows } = wanted
        && found != rows
    {
        return Err(format!(
            "column {} has {found} values, the vectors {rows} rows",
            candidate.name
        ));
    }
    Ok(Ok(match candidate.kind {
        Kind::Signed => RowIds::Integers(integers.values),
        Kind::Unsigned => {
            let ids = integers.values.iter().map(|id| id.cast_unsigned());
            RowIds::of_unsigned(ids.collect())
        }
        Kind::Text => RowIds::Texts(texts.values),
    }))
}

/// Values in order.
struct Gathered<T> {
    wanted: Wanted,
    values: Vec<T>,
    /// Where they must be unique.
    seen: HashSet<T>,
}

impl<T: Clone + Eq + Hash> Gathered<T> {
    fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            values: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// Appends a row group's values, up to one that is missing, unfit or there already.
    fn append<P: Physical>(
        &mut self,
        mut column: ColumnReaderImpl<P>,
        batch_rows: usize,
        id: impl Fn(P::T) -> Option<T>,
    ) -> Result<Result<(), Unfit>, String> {
        let (mut levels, mut batch) = (Vec::new(), Vec::new());
        loop {
            levels.clear();
            batch.clear();
            let (records, values, _) = column
                .read_records(batch_rows, Some(&mut levels), None, &mut batch)
                .map_err(|error| error.to_string())?;
            if records == 0 {
                return Ok(Ok(()));
            }
            let start = self.values.len();
            if let Wanted::Unique { rows } = self.wanted
                && start + records > rows
            {
                return Err(format!("a column of ids has more values than {rows} rows"));
            }
            if values < records {
                // A required column has no levels, and misses nothing.
                let missing = levels.iter().position(|&level| level == 0);
                let row = start + missing.unwrap_or(0);
                return Ok(Err(Unfit { row }));
            }
            for (place, value) in batch.drain(..).enumerate() {
                match id(value) {
                    Some(id) if self.wanted == Wanted::All || self.seen.insert(id.clone()) => {
                        self.values.push(id);
                    }
                    _ => return Ok(Err(Unfit { row: start + place })),
                }
            }
        }
    }
}
