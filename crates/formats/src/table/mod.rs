//! Tables of named columns, one value per row: what a measurement leaves for others to group, plot
//! and compare.
//!
//! Enters: [`Column`]s of one length. Leaves: `.csv` (RFC 4180, an empty field where a value is
//! missing), `.parquet` (with feature `parquet`, zstd, nulls where a value is missing), or `.npz`
//! (one array per column, not-a-number where a value is missing), which [`read_columns`] reads back.
//! Files are whole or absent (see `atomic`).
//!
//! Does not: hold two kinds of values in a column.

mod csv_file;
mod npz_file;
#[cfg(feature = "parquet")]
mod parquet_file;

pub use npz_file::{read_columns, write_columns};
#[cfg(feature = "parquet")]
pub(super) use parquet_file::write_id_lists;

use std::path::Path;

use super::error::ReadError;
use super::id_column::RowIds;
use super::write::WriteError;

/// A named column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// What it is called.
    pub name: String,
    /// One value per row.
    pub values: Values,
}

/// One value per row.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Integers.
    Integers(Vec<i64>),
    /// Unsigned integers, some of them beyond 63 bits.
    Unsigned(Vec<u64>),
    /// Real numbers; not-a-number where a value is missing.
    Reals(Vec<f64>),
    /// Words.
    Texts(Vec<String>),
}

impl Column {
    /// A column of integers.
    pub fn integers(name: &str, values: Vec<i64>) -> Self {
        Self::new(name, Values::Integers(values))
    }

    /// A column of real numbers.
    pub fn reals(name: &str, values: Vec<f64>) -> Self {
        Self::new(name, Values::Reals(values))
    }

    /// A column of words.
    pub fn texts(name: &str, values: Vec<String>) -> Self {
        Self::new(name, Values::Texts(values))
    }

    /// A column of ids.
    pub fn ids(name: &str, ids: RowIds) -> Self {
        let values = match ids {
            RowIds::Integers(ids) => Values::Integers(ids),
            RowIds::Unsigned(ids) => Values::Unsigned(ids),
            RowIds::Texts(ids) => Values::Texts(ids),
        };
        Self::new(name, values)
    }

    fn new(name: &str, values: Values) -> Self {
        let name = name.to_owned();
        Self { name, values }
    }
}

impl Values {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Integers(values) => values.len(),
            Self::Unsigned(values) => values.len(),
            Self::Reals(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Neighbors of every row of a table: places of rows in it, and how far they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NeighborLists {
    /// Neighbors of each row.
    pub lengths: Vec<usize>,
    /// Rows of the table, counted from zero; row after row, nearest first.
    pub ids: Vec<i64>,
    /// As many distances.
    pub distances: Vec<f64>,
}

/// Formats of tables, by ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TableFormat {
    Csv,
    #[cfg(feature = "parquet")]
    Parquet,
}

const TABLE_ENDINGS: &str = ".parquet or .csv";

/// Refuses a path whose ending [`write_table`] cannot write: before the table is made.
pub fn check_table_ending(path: impl AsRef<Path>) -> Result<(), WriteError> {
    format_of(path.as_ref()).map(|_| ())
}

/// Writes a table, in the format that the ending names: `.csv` or `.parquet`.
///
/// # Panics
/// If the columns differ in length.
pub fn write_table(path: impl AsRef<Path>, columns: &[Column]) -> Result<(), WriteError> {
    let path = path.as_ref();
    let rows = columns.first().map_or(0, |column| column.values.len());
    let equal = columns.iter().all(|column| column.values.len() == rows);
    assert!(equal, "columns of one length");
    match format_of(path)? {
        TableFormat::Csv => csv_file::write(path, columns, rows),
        #[cfg(feature = "parquet")]
        TableFormat::Parquet => parquet_file::write(path, columns, None),
    }
}

/// Refuses a path whose ending [`write_points`] cannot write: before the points are computed.
pub fn check_points_ending(path: impl AsRef<Path>) -> Result<(), WriteError> {
    let ending = path.as_ref().extension().unwrap_or_default();
    let ending = ending.to_string_lossy().to_ascii_lowercase();
    if ending != "parquet" {
        return Err(WriteError::UnknownEnding {
            ending,
            expected: ".parquet",
        });
    }
    check_table_ending(path)
}

/// Writes a table of points with their neighbors, `{"ids": [..], "distances": [..]}` in the column
/// `neighbors`, as `.parquet`: what Embedding Atlas reads.
///
/// # Panics
/// If columns and neighbors are not of as many rows.
pub fn write_points(
    path: impl AsRef<Path>,
    columns: &[Column],
    neighbors: &NeighborLists,
) -> Result<(), WriteError> {
    let path = path.as_ref();
    check_points_ending(path)?;
    let rows = neighbors.lengths.len();
    let equal = columns.iter().all(|column| column.values.len() == rows);
    let held = neighbors.lengths.iter().sum::<usize>();
    let whole = neighbors.ids.len() == held && neighbors.distances.len() == held;
    assert!(equal && whole, "columns of one length");
    #[cfg(feature = "parquet")]
    return parquet_file::write(path, columns, Some(neighbors));
    #[cfg(not(feature = "parquet"))]
    Err(not_built())
}

fn format_of(path: &Path) -> Result<TableFormat, WriteError> {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    match ending.to_ascii_lowercase().as_str() {
        "csv" => Ok(TableFormat::Csv),
        #[cfg(feature = "parquet")]
        "parquet" => Ok(TableFormat::Parquet),
        #[cfg(not(feature = "parquet"))]
        "parquet" => Err(not_built()),
        other => Err(WriteError::UnknownEnding {
            ending: other.to_owned(),
            expected: TABLE_ENDINGS,
        }),
    }
}

#[cfg(not(feature = "parquet"))]
fn not_built() -> WriteError {
    WriteError::NotBuilt {
        ending: "parquet",
        feature: "parquet",
    }
}

/// A file of columns that cannot be read.
fn malformed(problem: String) -> ReadError {
    ReadError::Header { problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Vec<Column> {
        vec![
            Column::integers("query", vec![3, -1, i64::MAX]),
            Column::ids("id", RowIds::Unsigned(vec![u64::MAX - 1, 0, 7])),
            Column::reals("overlap", vec![0.1, f64::NAN, 1.0]),
            Column::texts(
                "key",
                vec![
                    "plain".into(),
                    "comma, \"quoted\"".into(),
                    "zwölf\nLinien".into(),
                ],
            ),
        ]
    }

    #[test]
    fn comma_separated_values_quote_what_needs_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.csv");
        write_table(&path, &table()).expect("written");
        let text = std::fs::read_to_string(&path).expect("text");
        let expected = "query,id,overlap,key\n3,18446744073709551614,0.1,plain\n\
             -1,0,,\"comma, \"\"quoted\"\"\"\n\
             9223372036854775807,7,1,\"zwölf\nLinien\"\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn columns_come_back_from_npz_as_they_were() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.npz");
        write_columns(&path, &table()).expect("written");
        let read = read_columns(&path).expect("read");
        assert_eq!(read.len(), 4);
        for (read, written) in read.iter().zip(table()) {
            assert_eq!(read.name, written.name);
            match (&read.values, &written.values) {
                (Values::Reals(a), Values::Reals(b)) => {
                    assert!(a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits()));
                }
                (a, b) => assert_eq!(a, b),
            }
        }
        let empty = vec![Column::reals("none", vec![]), Column::texts("no", vec![])];
        write_columns(&path, &empty).expect("written");
        assert_eq!(read_columns(&path).expect("read")[0], empty[0]);
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn neighbors_are_lists_in_a_struct_and_a_row_may_have_none() {
        use parquet::file::reader::{FileReader as _, SerializedFileReader};
        use parquet::record::{ListAccessor as _, RowAccessor as _};
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("points.parquet");
        let columns = [Column::reals("x", vec![0.5, 1.5, f64::NAN])];
        let neighbors = NeighborLists {
            lengths: vec![2, 0, 1],
            ids: vec![1, 2, 0],
            distances: vec![0.25, 3.0, 7.5],
        };
        write_points(&path, &columns, &neighbors).expect("written");
        let file = std::fs::File::open(&path).expect("a file");
        let reader = SerializedFileReader::new(file).expect("Parquet");
        let rows = reader.get_row_iter(None).expect("rows");
        let read = |row: Result<parquet::record::Row, _>| {
            let row = row.expect("a row");
            let near = row.get_group(1).expect("neighbors");
            let (ids, far) = (
                near.get_list(0).expect("ids"),
                near.get_list(1).expect("distances"),
            );
            let pair = |place: usize| {
                let id = ids.get_long(place).expect("an id");
                (id, far.get_double(place).expect("a distance"))
            };
            (0..ids.len()).map(pair).collect::<Vec<(i64, f64)>>()
        };
        let rows: Vec<_> = rows.map(read).collect();
        assert_eq!(rows, [vec![(1, 0.25), (2, 3.0)], vec![], vec![(0, 7.5)]]);
        let error = write_points(folder.path().join("points.csv"), &columns, &neighbors);
        let said = error.expect_err("refused").to_string();
        assert!(said.contains("csv") && said.contains(".parquet"), "{said}");
    }

    #[test]
    fn damaged_files_and_other_endings_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.npz");
        write_columns(&path, &table()).expect("written");
        let whole = std::fs::read(&path).expect("bytes");
        for cut in [0, 10, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).expect("written");
            assert!(read_columns(&path).is_err(), "cut at {cut}");
        }
        let error = check_table_ending("out.xlsx")
            .expect_err("refused")
            .to_string();
        assert!(error.contains("xlsx") && error.contains(".csv"), "{error}");
    }
}
