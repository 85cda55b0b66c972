//! Why a file cannot be read, with the numbers. The caller knows the path and adds it.

use super::element::Element;
use annatomy_runtime::printable;

/// Why a file of vectors or ids cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system refused, or a packed member is damaged.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The zip archive is damaged or uses a method that is not supported.
    #[error("damaged or unsupported zip archive: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// No format has this ending.
    #[error(
        "unknown ending {ending:?}: expected .npy, .npz, .fvecs, .ivecs, .bvecs, .fbin, .ibin, .u8bin, .i8bin, .f16bin, .bin, \
         .safetensors, .parquet, .arrow, .feather, .hdf5 or .h5"
    )]
    UnknownEnding {
        /// What follows the last dot; empty where there is none.
        ending: String,
    },
    /// The name says no format, and the content fits several.
    #[error(
        "the name does not say the number type, and {rows} rows of {columns} fit {}: rename or link the file with one of these endings",
        candidates.join(" and ")
    )]
    SeveralFormats {
        /// Rows according to the header.
        rows: u32,
        /// Columns according to the header.
        columns: u32,
        /// Endings of what it may be, each with its dot.
        candidates: Vec<String>,
    },
    /// The content is another format's, or none that is known.
    #[error("the ending is .{ending} but the content is {content}")]
    WrongContent {
        /// The ending, without its dot.
        ending: &'static str,
        /// What the content looks like.
        content: &'static str,
    },
    /// The header contradicts itself or cannot be understood.
    #[error("malformed header: {}", printable(problem))]
    Header {
        /// What is wrong with it.
        problem: String,
    },
    /// The file is shorter or longer than its header says.
    #[error(
        "the header asks for {expected} bytes ({rows} rows of {columns}), the file has {found}"
    )]
    Length {
        /// Rows according to the header.
        rows: u64,
        /// Columns according to the header.
        columns: u64,
        /// Bytes that the whole file should have.
        expected: u128,
        /// Bytes that it has.
        found: u64,
    },
    /// The array is not a matrix.
    #[error("an array of shape {shape:?} is no matrix: a matrix has 2 dimensions")]
    Dimensions {
        /// The array's shape.
        shape: Vec<u64>,
    },
    /// Another process cut the file.
    #[error(
        "the file shrank while it was read: it had {opened} bytes when it was opened, now {found}"
    )]
    Shrank {
        /// Bytes when it was opened.
        opened: u64,
        /// Bytes now.
        found: u64,
    },
    /// Another process wrote to the file.
    #[error(
        "the file changed while it was read: it had {opened} bytes when it was opened, now {found}"
    )]
    Changed {
        /// Bytes when it was opened.
        opened: u64,
        /// Bytes now.
        found: u64,
    },
    /// The system refused memory.
    #[error("no memory for {bytes} bytes")]
    NoMemory {
        /// Bytes asked for.
        bytes: u64,
    },
    /// Rows without columns.
    #[error("{rows} rows have no columns")]
    NoColumns {
        /// Rows according to the header.
        rows: u64,
    },
    /// Numbers of a type that cannot be read as vectors.
    #[error(
        "numbers of type {} are not supported: expected integers, or floats of 16, 32 or 64 bits",
        printable(descr)
    )]
    UnsupportedType {
        /// The type as the file names it.
        descr: String,
    },
    /// Ids were asked for, and the file holds something else.
    #[error("ids are integers, and the file holds {element}")]
    NotIntegers {
        /// The file's number type.
        element: Element,
    },
    /// A line of a text file.
    #[error("line {line}: {}", printable(problem))]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Numbers of rows were asked for, and the file names rows by text.
    #[error("ids are text, such as {first:?}, which is the number of no row")]
    TextIds {
        /// The first of them.
        first: String,
    },
    /// Ids that do not name rows.
    #[error(transparent)]
    RowIds(#[from] super::id_column::RowIdError),
    /// An unsigned id that does not fit 63 bits.
    #[error("id {id} at row {row}, column {column} is too large")]
    IdTooLarge {
        /// Row of the id.
        row: usize,
        /// Column of the id.
        column: usize,
        /// The id itself.
        id: u64,
    },
    /// A row says that it has another length than the first.
    #[error("row {row} has {found} values, the rows before it have {expected}")]
    RowLength {
        /// The row.
        row: usize,
        /// Length of the first row.
        expected: usize,
        /// Length of this one, as it says.
        found: i64,
    },
    /// The file ends inside a row.
    #[error("the file ends inside row {row}: {expected} bytes expected, {found} found")]
    TruncatedRow {
        /// The row.
        row: usize,
        /// Bytes the row needs, its length included.
        expected: u64,
        /// Bytes that are left.
        found: u64,
    },
    /// Rows were asked for that the file does not have.
    #[error("row {row} asked for, the file has {rows} rows")]
    NoSuchRow {
        /// The first row that is not there.
        row: usize,
        /// Rows in the file.
        rows: usize,
    },
    /// The buffer is not rows × columns.
    #[error("a buffer of {found} values cannot take {rows} rows of {columns}")]
    Buffer {
        /// Rows asked for.
        rows: usize,
        /// Columns in the file.
        columns: usize,
        /// Values that the buffer holds.
        found: usize,
    },
    /// A member was named in a file that has none.
    #[error("no member {name:?}: a .{ending} file holds one matrix without a name")]
    NoMembers {
        /// The ending, without its dot.
        ending: &'static str,
        /// The name asked for.
        name: String,
    },
    /// The file has no member of that name.
    #[error("no member {name:?} in the file; it has {}", listed(members))]
    NoSuchMember {
        /// The name asked for.
        name: String,
        /// The names there are.
        members: Vec<String>,
    },
    /// Nothing says which member is meant.
    #[error("{} matrices in the file, name one as FILE::NAME: {}", matrices.len(), listed(matrices))]
    WhichMember {
        /// The members that may be meant.
        matrices: Vec<String>,
    },
    /// No member is a matrix that may be meant: of numbers, or of integers where ids are asked for.
    #[error("no {wanted} among the file's {} members: {}", members.len(), listed(members))]
    NoMatrix {
        /// What was looked for.
        wanted: &'static str,
        /// The names there are.
        members: Vec<String>,
    },
    /// The format needs a library that was left out.
    #[error("reading .{ending} is not built in: build with `--features {feature}`")]
    NotBuilt {
        /// The ending, without its dot.
        ending: &'static str,
        /// The feature that has it.
        feature: &'static str,
    },
    /// A library that reads the format found the file damaged, cut, or of a kind that it does not
    /// know.
    #[error(
        "damaged or unsupported {content} of {found} bytes: {}",
        printable(first_line(problem))
    )]
    Damaged {
        /// What kind of file it is.
        content: &'static str,
        /// Bytes that the file has.
        found: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The column is there and holds something else than lists of numbers.
    #[error(
        "column {} holds {found}: a matrix is a column of lists of numbers",
        printable(name)
    )]
    Column {
        /// The column.
        name: String,
        /// Its type, as Arrow names it.
        found: String,
    },
    /// A list is missing.
    #[error("row {row} is missing (null)")]
    NullRow {
        /// The row.
        row: usize,
    },
    /// A number is missing.
    #[error("the number at row {row}, column {column} is missing (null)")]
    NullNumber {
        /// Row of the number.
        row: usize,
        /// Place in its list.
        column: usize,
    },
    /// Vectors were asked for, and the format holds answers.
    #[error(
        "a .bin file does not say what numbers it holds: vectors are read from .fbin, .u8bin, .i8bin or .f16bin, neighbor ids from .bin too"
    )]
    NotVectors,
    /// Distances were asked for, and the file holds ids alone.
    #[error("the file holds ids without distances")]
    NoDistances,
    /// The file's size is none that its header allows.
    #[error(
        "{rows} rows of {columns} answers take {ids} bytes (ids), {ids_and_distances} (with distances, or 64-bit ids) or {wide} (both), \
         the file has {found}"
    )]
    AnswersLength {
        /// Rows according to the header.
        rows: u32,
        /// Columns according to the header.
        columns: u32,
        /// Bytes of a file of 32-bit ids.
        ids: u128,
        /// Bytes of a file of 32-bit ids and distances, or of 64-bit ids.
        ids_and_distances: u128,
        /// Bytes of a file of 64-bit ids and distances.
        wide: u128,
        /// Bytes that the file has.
        found: u64,
    },
    /// A row says that it has less than no values.
    #[error("row {row} has {found} values")]
    NegativeLength {
        /// The row.
        row: usize,
        /// Its length, as it says.
        found: i32,
    },
    /// Rows so uneven that filling them up would take memory out of proportion to the file.
    #[error("{values} values in {rows} rows, the longest of {columns}: too uneven for a table")]
    TooUneven {
        /// Rows in the file.
        rows: usize,
        /// Length of the longest.
        columns: usize,
        /// Values in the file.
        values: usize,
    },
    /// The matrix does not fit into memory.
    #[error("no memory for {rows} rows of {columns}")]
    Memory {
        /// Rows asked for.
        rows: usize,
        /// Columns in the file.
        columns: usize,
    },
}

/// Names in one line, the first of them where there are many.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<_> = names
        .iter()
        .take(SHOWN)
        .map(|name| printable(name))
        .collect();
    let shown = shown.join(", ");
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

/// Some libraries trace their way down to a problem, line after line below it.
fn first_line(problem: &str) -> &str {
    problem.lines().next().unwrap_or("no reason given")
}
