//! `.fvecs`, `.ivecs`, `.bvecs`: every row after its own length in 32 bits, little-endian.
//!
//! The format of the TEXMEX corpora (Jégou et al.: SIFT1M, GIST1M). The first row's length is the
//! matrix's; opening checks that the file is a whole number of such rows, and each further row's
//! length is checked when the row is read, since looking at all of them would mean reading the
//! whole file.

use super::bytes::Bytes;
use super::element::{ByteOrder, Element};
use super::error::ReadError;
use super::layout::{Arrangement, Claim, Layout, PREFIX_BYTES};

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
