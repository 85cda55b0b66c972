//! `.fvecs`, `.ivecs`, `.bvecs`: every row after its own length in 32 bits, little-endian.
//!
//! The format of the TEXMEX corpora (Jégou et al.: SIFT1M, GIST1M). The first row's length is the
//! matrix's; opening checks that the file is a whole number of such rows, and each further row's
//! length is checked when the row is read, since looking at all of them would mean reading the
//! whole file.
//!
//! Tables of answers may have rows of different lengths: the first pass walks the rows' lengths and
//! learns the shape, the second decodes, and shorter rows are filled up.

use std::io::{BufReader, Read as _};

use super::answer_table::{AnswerTable, EMPTY_SLOT};
use super::bytes::{Bytes, Cursor};
use super::element::{ByteOrder, Element, Target};
use super::error::ReadError;
use super::layout::{Arrangement, Claim, Layout, PREFIX_BYTES};
use super::ragged::Lengths;
use annatomy_vectors::Matrix;

/// `.ivecs` and `.fvecs` hold values of 32 bits.
const VALUE_BYTES: usize = 4;

/// The layout of a whole file.
pub(super) fn layout(bytes: &Bytes, element: Element) -> Result<Layout, ReadError> {
    let columns = row_length(bytes, 0, 0)?;
    let Some(columns) = usize::try_from(columns).ok().filter(|&columns| columns > 0) else {
        return Err(ReadError::Header {
            problem: format!("the first row has {columns} values"),
        });
    };
    let stride = (PREFIX_BYTES + columns * element.size_bytes()) as u64;
    if !bytes.len().is_multiple_of(stride) {
        return Err(first_bad_row(bytes, columns, stride));
    }
    let claim = Claim {
        element,
        byte_order: ByteOrder::Little,
        arrangement: Arrangement::PrefixedRows,
        rows: bytes.len() / stride,
        columns: columns as u64,
        singleton_axes: 0,
        start: 0,
    };
    Layout::new(claim, bytes.len())
}

/// The length that stands at `offset`, where `row` begins.
fn row_length(bytes: &Bytes, offset: u64, row: u64) -> Result<i32, ReadError> {
    let left = bytes.len().saturating_sub(offset);
    if left < PREFIX_BYTES as u64 {
        return Err(ReadError::TruncatedRow {
            row: row as usize,
            expected: PREFIX_BYTES as u64,
            found: left,
        });
    }
    let mut length = [0; PREFIX_BYTES];
    bytes.read_at(offset, &mut length)?;
    Ok(i32::from_le_bytes(length))
}

/// Which row is the reason that the file is not a whole number of rows.
fn first_bad_row(bytes: &Bytes, columns: usize, stride: u64) -> ReadError {
    let last = bytes.len() / stride;
    for row in 0..=last {
        match row_length(bytes, row * stride, row) {
            Ok(found) if i64::from(found) == columns as i64 => {}
            Ok(found) => {
                return ReadError::RowLength {
                    row: row as usize,
                    expected: columns,
                    found: found.into(),
                };
            }
            Err(error) => return error,
        }
    }
    ReadError::TruncatedRow {
        row: last as usize,
        expected: stride,
        found: bytes.len() - last * stride,
    }
}

/// The ids of an `.ivecs`, its rows filled up.
pub(super) fn ids(bytes: &Bytes) -> Result<AnswerTable, ReadError> {
    let lengths = measure(bytes)?;
    let ids = fill(&lengths, bytes, Element::I32, EMPTY_SLOT)?;
    Ok(lengths.answers(ids))
}

/// The distances of an `.fvecs`, its rows filled up.
pub(super) fn distances(bytes: &Bytes) -> Result<Matrix, ReadError> {
    let lengths = measure(bytes)?;
    let values = fill(&lengths, bytes, Element::F32, f32::NAN)?;
    lengths.matrix(values)
}

fn measure(bytes: &Bytes) -> Result<Lengths, ReadError> {
    let mut lengths = Lengths::default();
    let mut rows = Rows::new(bytes);
    while let Some(row) = rows.next_row()? {
        lengths.add(row.len() / VALUE_BYTES);
    }
    Ok(lengths)
}

/// Decodes the rows into a table, and fills them up.
fn fill<T: Target>(
    lengths: &Lengths,
    bytes: &Bytes,
    element: Element,
    filling: T,
) -> Result<Vec<T>, ReadError> {
    let columns = lengths.columns();
    let mut values = lengths.table(filling)?;
    let mut rows = Rows::new(bytes);
    for values in values.chunks_exact_mut(columns) {
        let Some(row) = rows.next_row()? else {
            break;
        };
        let count = (row.len() / VALUE_BYTES).min(columns);
        let numbers = &row[..count * VALUE_BYTES];
        T::decode(element, ByteOrder::Little, numbers, &mut values[..count]);
    }
    Ok(values)
}

/// The rows of `.ivecs` and `.fvecs`, one after the other.
struct Rows {
    reader: BufReader<Cursor>,
    left: u64,
    row: usize,
    numbers: Vec<u8>,
}

impl Rows {
    fn new(bytes: &Bytes) -> Self {
        Self {
            reader: BufReader::with_capacity(1 << 20, bytes.cursor()),
            left: bytes.len(),
            row: 0,
            numbers: Vec::new(),
        }
    }

    /// The numbers of the next row; none at the end.
    fn next_row(&mut self) -> Result<Option<&[u8]>, ReadError> {
        let (row, found) = (self.row, self.left);
        if found == 0 {
            return Ok(None);
        }
        let short = |expected| ReadError::TruncatedRow {
            row,
            expected,
            found,
        };
        if found < PREFIX_BYTES as u64 {
            return Err(short(PREFIX_BYTES as u64));
        }
        let mut prefix = [0; PREFIX_BYTES];
        self.reader.read_exact(&mut prefix)?;
        let length = i32::from_le_bytes(prefix);
        let length =
            u32::try_from(length).map_err(|_| ReadError::NegativeLength { row, found: length })?;
        let bytes = u64::from(length) * VALUE_BYTES as u64;
        if PREFIX_BYTES as u64 + bytes > found {
            return Err(short(PREFIX_BYTES as u64 + bytes));
        }
        let more = (bytes as usize).saturating_sub(self.numbers.len());
        self.numbers
            .try_reserve(more)
            .map_err(|_| ReadError::NoMemory { bytes })?;
        self.numbers.resize(bytes as usize, 0);
        self.reader.read_exact(&mut self.numbers)?;
        self.left -= PREFIX_BYTES as u64 + bytes;
        self.row += 1;
        Ok(Some(&self.numbers))
    }
}
