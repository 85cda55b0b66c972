//! `.fvecs`, `.ivecs`, `.bvecs`: every row after its own length in 32 bits, little-endian.
//!
//! The format of the TEXMEX corpora (Jégou et al.: SIFT1M, GIST1M). The first row's length is the
//! matrix's; opening checks that the file is a whole number of such rows, and each further row's
//! length is checked when the row is read, since looking at all of them would mean reading the
//! whole file.

use super::element::{ByteOrder, Element};
use super::error::ReadError;
use super::layout::{Arrangement, Claim, Layout, PREFIX_BYTES};

/// The layout of a whole file.
pub(super) fn layout(bytes: &[u8], element: Element) -> Result<Layout, ReadError> {
    let columns = row_length(bytes, 0, 0)?;
    let Some(columns) = usize::try_from(columns).ok().filter(|&columns| columns > 0) else {
        return Err(ReadError::Header {
            problem: format!("the first row has {columns} values"),
        });
    };
    let stride = PREFIX_BYTES + columns * element.size_bytes();
    if !bytes.len().is_multiple_of(stride) {
        return Err(first_bad_row(bytes, columns, stride));
    }
    let claim = Claim {
        element,
        byte_order: ByteOrder::Little,
        arrangement: Arrangement::PrefixedRows,
        rows: (bytes.len() / stride) as u64,
        columns: columns as u64,
        start: 0,
    };
    Layout::new(claim, bytes.len())
}

/// The length that stands at `offset`, where `row` begins.
fn row_length(bytes: &[u8], offset: usize, row: usize) -> Result<i32, ReadError> {
    let left = &bytes[offset.min(bytes.len())..];
    let truncated = ReadError::TruncatedRow {
        row,
        expected: PREFIX_BYTES as u64,
        found: left.len() as u64,
    };
    left.first_chunk()
        .map(|&length| i32::from_le_bytes(length))
        .ok_or(truncated)
}

/// Which row is the reason that the file is not a whole number of rows.
fn first_bad_row(bytes: &[u8], columns: usize, stride: usize) -> ReadError {
    let last = bytes.len() / stride;
    for row in 0..=last {
        match row_length(bytes, row * stride, row) {
            Ok(found) if i64::from(found) == columns as i64 => {}
            Ok(found) => {
                return ReadError::RowLength {
                    row,
                    expected: columns,
                    found: found.into(),
                };
            }
            Err(error) => return error,
        }
    }
    ReadError::TruncatedRow {
        row: last,
        expected: stride as u64,
        found: (bytes.len() - last * stride) as u64,
    }
}
