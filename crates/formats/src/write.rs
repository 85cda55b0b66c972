//! Matrices and id tables into files, by ending.
//!
//! Enters: a view or a slice. Leaves: a whole file or none (see `atomic`). `.npy` takes float32,
//! int32 and int64 as they are; `.fbin` and `.fvecs` take matrices; `.ibin` and `.ivecs` take ids,
//! which must fit 32 bits there.

use std::io::{self, Write};
use std::path::Path;

use super::atomic::write_atomically;
use super::error::ReadError;
use super::format::Format;
use super::{bin, npy};
use annatomy_vectors::MatrixView;

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The operating system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// No format has this ending.
    #[error("unknown ending {ending:?}: expected {expected}")]
    UnknownEnding {
        /// What follows the last dot.
        ending: String,
        /// The endings that can be written.
        expected: &'static str,
    },
    /// A known format, which is read and not written, or which holds the other kind of numbers.
    #[error("a .{ending} file cannot take {content}: expected {expected}")]
    NotWritable {
        /// The ending.
        ending: &'static str,
        /// What was to be written.
        content: &'static str,
        /// The endings that can take it.
        expected: &'static str,
    },
    /// More rows or columns than the format's 32 bits can say.
    #[error("{rows} rows of {columns} are more than the header's 32 bits can say")]
    TooLarge {
        /// Rows given.
        rows: usize,
        /// Columns given.
        columns: usize,
    },
    /// An id outside 32 bits, in a format that has no more.
    #[error("id {id} at row {row}, column {column} does not fit 32 bits; write .npy")]
    IdTooLarge {
        /// Row of the id.
        row: usize,
        /// Column of the id.
        column: usize,
        /// The id.
        id: i64,
    },
    /// The ids are not rows × columns.
    #[error("{found} ids do not fill {rows} rows of {columns} columns")]
    Shape {
        /// Rows given.
        rows: usize,
        /// Columns given.
        columns: usize,
        /// Ids given.
        found: usize,
    },
    /// No rows, in a format that has no header to say how many columns there are.
    #[error("a .{ending} file without rows cannot say how many columns it has; write .npy")]
    NoRows {
        /// The ending.
        ending: &'static str,
    },
    /// The format needs a library that was left out.
    #[error("writing .{ending} is not built in: build with `--features {feature}`")]
    NotBuilt {
        /// The ending, without its dot.
        ending: &'static str,
        /// The feature that has it.
        feature: &'static str,
    },
    /// Rows without columns, which no reader would take.
    #[error("{rows} rows have no columns")]
    NoColumns {
        /// Rows given.
        rows: usize,
    },
}

const MATRIX_ENDINGS: &str = ".npy, .fbin or .fvecs";
const ID_ENDINGS: &str = ".npy, .ibin or .ivecs";

/// Refuses a path whose ending [`write_matrix`] cannot write: before the matrix is computed.
pub fn check_matrix_ending(path: impl AsRef<Path>) -> Result<(), WriteError> {
    match format_of(path.as_ref(), MATRIX_ENDINGS)? {
        Format::Npy | Format::Fbin | Format::Fvecs => Ok(()),
        other => Err(not_writable(other, "a matrix", MATRIX_ENDINGS)),
    }
}

/// Refuses a path whose ending [`write_ids`] cannot write: before the ids are computed.
pub fn check_ids_ending(path: impl AsRef<Path>) -> Result<(), WriteError> {
    match format_of(path.as_ref(), ID_ENDINGS)? {
        Format::Npy | Format::Ibin | Format::Ivecs => Ok(()),
        other => Err(not_writable(other, "ids", ID_ENDINGS)),
    }
}

/// Writes a matrix as float32, in the format that the ending names: `.npy`, `.fbin` or `.fvecs`.
pub fn write_matrix(path: impl AsRef<Path>, matrix: MatrixView<'_>) -> Result<(), WriteError> {
    let path = path.as_ref();
    let format = format_of(path, MATRIX_ENDINGS)?;
    let (rows, columns) = (matrix.rows(), matrix.columns());
    check_shape(format, rows, columns)?;
    match format {
        Format::Npy => write_atomically(path, |file| {
            npy::write_header(file, "<f4", rows, columns)?;
            write_numbers(file, matrix.values(), f32::to_le_bytes)
        }),
        Format::Fbin => write_bin(path, rows, columns, matrix.values(), f32::to_le_bytes),
        Format::Fvecs => write_vecs(path, rows, columns, matrix.values(), f32::to_le_bytes),
        other => Err(not_writable(other, "a matrix", MATRIX_ENDINGS)),
    }
}

/// An id type: `i32` or `i64`. Sealed.
pub trait IdValue: Copy + Into<i64> + sealed::Sealed {
    /// NumPy's name of the type.
    #[doc(hidden)]
    const DESCR: &'static str;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for i32 {}
    impl Sealed for i64 {}
}

impl IdValue for i32 {
    const DESCR: &'static str = "<i4";
}

impl IdValue for i64 {
    const DESCR: &'static str = "<i8";
}

/// Writes a table of ids, in the format that the ending names: `.npy` in the ids' own type, `.ibin`
/// and `.ivecs` in 32 bits.
pub fn write_ids<T: IdValue>(
    path: impl AsRef<Path>,
    rows: usize,
    columns: usize,
    ids: &[T],
) -> Result<(), WriteError> {
    let path = path.as_ref();
    let format = format_of(path, ID_ENDINGS)?;
    if rows.checked_mul(columns) != Some(ids.len()) {
        return Err(WriteError::Shape {
            rows,
            columns,
            found: ids.len(),
        });
    }
    check_shape(format, rows, columns)?;
    match format {
        Format::Npy => write_atomically(path, |file| {
            npy::write_header(file, T::DESCR, rows, columns)?;
            match T::DESCR {
                "<i4" => write_numbers(file, ids, |id| (id.into() as i32).to_le_bytes()),
                _ => write_numbers(file, ids, |id| id.into().to_le_bytes()),
            }
        }),
        Format::Ibin => write_bin(
            path,
            rows,
            columns,
            &narrow(columns, ids)?,
            i32::to_le_bytes,
        ),
        Format::Ivecs => write_vecs(
            path,
            rows,
            columns,
            &narrow(columns, ids)?,
            i32::to_le_bytes,
        ),
        other => Err(not_writable(other, "ids", ID_ENDINGS)),
    }
}

fn format_of(path: &Path, expected: &'static str) -> Result<Format, WriteError> {
    Format::of(path).map_err(|error| match error {
        ReadError::UnknownEnding { ending } => WriteError::UnknownEnding { ending, expected },
        other => WriteError::Io(io::Error::other(other)),
    })
}

fn not_writable(format: Format, content: &'static str, expected: &'static str) -> WriteError {
    WriteError::NotWritable {
        ending: format.ending(),
        content,
        expected,
    }
}

fn check_shape(format: Format, rows: usize, columns: usize) -> Result<(), WriteError> {
    match format {
        _ if columns == 0 => Err(WriteError::NoColumns { rows }),
        Format::Fvecs | Format::Ivecs if rows == 0 => Err(WriteError::NoRows {
            ending: format.ending(),
        }),
        _ => Ok(()),
    }
}

fn narrow<T: IdValue>(columns: usize, ids: &[T]) -> Result<Vec<i32>, WriteError> {
    let narrow_one = |(place, &id): (usize, &T)| {
        let id: i64 = id.into();
        i32::try_from(id).map_err(|_| WriteError::IdTooLarge {
            row: place / columns,
            column: place % columns,
            id,
        })
    };
    ids.iter().enumerate().map(narrow_one).collect()
}

fn write_bin<T: Copy>(
    path: &Path,
    rows: usize,
    columns: usize,
    values: &[T],
    to_bytes: impl Fn(T) -> [u8; 4],
) -> Result<(), WriteError> {
    let (Ok(n), Ok(d)) = (i32::try_from(rows), i32::try_from(columns)) else {
        return Err(WriteError::TooLarge { rows, columns });
    };
    write_atomically(path, |file| {
        bin::write_header(file, n.cast_unsigned(), d.cast_unsigned())?;
        write_numbers(file, values, to_bytes)
    })
}

fn write_vecs<T: Copy>(
    path: &Path,
    rows: usize,
    columns: usize,
    values: &[T],
    to_bytes: impl Fn(T) -> [u8; 4],
) -> Result<(), WriteError> {
    let Ok(length) = i32::try_from(columns) else {
        return Err(WriteError::TooLarge { rows, columns });
    };
    write_atomically(path, |file| {
        for row in values.chunks_exact(columns) {
            file.write_all(&length.to_le_bytes())?;
            write_numbers(file, row, &to_bytes)?;
        }
        Ok(())
    })
}

/// By way of a buffer of some thousand numbers: writing each by itself would cost more than the
/// disk does.
fn write_numbers<T: Copy, const SIZE: usize>(
    file: &mut impl Write,
    values: &[T],
    to_bytes: impl Fn(T) -> [u8; SIZE],
) -> Result<(), WriteError> {
    let mut buffer = [[0; SIZE]; 4096];
    for values in values.chunks(buffer.len()) {
        annatomy_runtime::check();
        for (bytes, &value) in buffer.iter_mut().zip(values) {
            *bytes = to_bytes(value);
        }
        file.write_all(buffer[..values.len()].as_flattened())?;
    }
    Ok(())
}
