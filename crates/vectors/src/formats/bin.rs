//! `.fbin`, `.ibin`, `.u8bin`, `.i8bin`, `.f16bin`: n and d in 32 bits each, little-endian, then n·d values row after row.
//!
//! The format of the Big-ANN benchmarks (Simhadri et al., NeurIPS 2021).

use std::io::{self, Write};

use super::element::{ByteOrder, Element};
use super::error::ReadError;
use super::layout::{Arrangement, Claim, Layout};

const HEADER_BYTES: usize = 8;

/// The layout of a whole file.
pub(super) fn layout(bytes: &[u8], element: Element) -> Result<Layout, ReadError> {
    let Some((header, _)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return Err(ReadError::Header { problem: format!("{HEADER_BYTES} bytes expected, {} found", bytes.len()) });
    };
    let [r0, r1, r2, r3, c0, c1, c2, c3] = *header;
    let claim = Claim {
        element,
        byte_order: ByteOrder::Little,
        arrangement: Arrangement::Rows,
        rows: u32::from_le_bytes([r0, r1, r2, r3]).into(),
        columns: u32::from_le_bytes([c0, c1, c2, c3]).into(),
        start: HEADER_BYTES,
    };
    Layout::new(claim, bytes.len())
}

/// Writes n and d.
pub(super) fn write_header(writer: &mut impl Write, rows: u32, columns: u32) -> io::Result<()> {
    writer.write_all(&rows.to_le_bytes())?;
    writer.write_all(&columns.to_le_bytes())
}
