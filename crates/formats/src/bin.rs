//! `.fbin`, `.ibin`, `.u8bin`, `.i8bin`, `.f16bin`: n and d in 32 bits each, little-endian, then
//! n·d values row after row.
//!
//! The format of the Big-ANN benchmarks (Simhadri et al., NeurIPS 2021).

use std::io::{self, Write};

use super::bytes::Bytes;
use super::element::{ByteOrder, Element};
use super::error::ReadError;
use super::layout::{Arrangement, Claim, Layout};

/// Bytes before the values.
pub(super) const HEADER_BYTES: usize = 8;

/// The layout of a whole file.
pub(super) fn layout(bytes: &Bytes, element: Element) -> Result<Layout, ReadError> {
    let [rows, columns] = header(bytes)?;
    let claim = Claim {
        element,
        byte_order: ByteOrder::Little,
        arrangement: Arrangement::Rows,
        rows: rows.into(),
        columns: columns.into(),
        singleton_axes: 0,
        start: HEADER_BYTES,
    };
    Layout::new(claim, bytes.len())
}

/// n and d.
pub(super) fn header(bytes: &Bytes) -> Result<[u32; 2], ReadError> {
    if bytes.len() < HEADER_BYTES as u64 {
        return Err(ReadError::Header {
            problem: format!("{HEADER_BYTES} bytes expected, {} found", bytes.len()),
        });
    }
    let mut header = [0; HEADER_BYTES];
    bytes.read_at(0, &mut header)?;
    let [r0, r1, r2, r3, c0, c1, c2, c3] = header;
    Ok([
        u32::from_le_bytes([r0, r1, r2, r3]),
        u32::from_le_bytes([c0, c1, c2, c3]),
    ])
}

/// Writes n and d.
pub(super) fn write_header(writer: &mut impl Write, rows: u32, columns: u32) -> io::Result<()> {
    writer.write_all(&rows.to_le_bytes())?;
    writer.write_all(&columns.to_le_bytes())
}
