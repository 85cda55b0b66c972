//! Where the numbers of a matrix lie within a file's bytes: all that the formats differ in, once
//! headers are read.
//!
//! Enters: bytes and a row range. Leaves: decoded values. A [`Layout`] is made by [`Layout::new`]
//! alone, which checks it against the bytes' length, so that every offset computed from it lies
//! within them.

use rayon::prelude::*;
use std::ops::Range;

use super::bytes::Bytes;
use super::element::{ByteOrder, Element, Target};
use super::error::ReadError;
use super::memory::{filled, zeroed_bytes};

/// How rows follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrangement {
    /// Row after row (C order).
    Rows,
    /// Column after column (Fortran order).
    Columns,
    /// Row after row, each behind its length in 32 bits.
    PrefixedRows,
}

/// Bytes read at once: cancellation is looked at between blocks.
const BLOCK_BYTES: usize = 8 << 20;
/// Bytes decoded at once, few enough to stay in a cache.
const DECODED_BYTES: usize = 256 << 10;

/// Bytes of a row's own length.
pub(super) const PREFIX_BYTES: usize = 4;

/// A matrix within bytes, its counts of type `N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers<N> {
    pub(super) element: Element,
    pub(super) byte_order: ByteOrder,
    pub(super) arrangement: Arrangement,
    pub(super) rows: N,
    pub(super) columns: N,
    /// Trailing axes of length 1 that were dropped.
    pub(super) singleton_axes: usize,
    /// Offset of the first byte after the header.
    pub(super) start: usize,
}

/// A matrix within bytes.
pub(super) type Layout = Numbers<usize>;

/// What a header says, not yet believed.
pub(super) type Claim = Numbers<u64>;

/// An array's shape as a matrix: trailing axes of length 1 dropped, as pooled features of
/// convolutional networks have them, (N, 2048, 1, 1).
#[derive(Clone, Copy, Debug)]
pub(super) struct MatrixShape {
    pub(super) rows: u64,
    pub(super) columns: u64,
    pub(super) singleton_axes: usize,
}

impl MatrixShape {
    pub(super) fn of(shape: &[u64]) -> Result<Self, ReadError> {
        match *shape {
            [rows, columns, ref rest @ ..] if rest.iter().all(|&length| length == 1) => Ok(Self {
                rows,
                columns,
                singleton_axes: rest.len(),
            }),
            _ => Err(ReadError::Dimensions {
                shape: shape.to_vec(),
            }),
        }
    }
}

impl Claim {
    /// Bytes that the whole file should have; saturated where no file could.
    pub(super) fn expected_bytes(&self) -> u128 {
        let prefix = if self.arrangement == Arrangement::PrefixedRows {
            PREFIX_BYTES as u128
        } else {
            0
        };
        let row = u128::from(self.columns) * self.element.size_bytes() as u128 + prefix;
        row.saturating_mul(u128::from(self.rows))
            .saturating_add(self.start as u128)
    }
}

impl Layout {
    /// The claim, checked against the length of the bytes.
    pub(super) fn new(claim: Claim, found: u64) -> Result<Self, ReadError> {
        let Claim {
            element,
            byte_order,
            arrangement,
            rows,
            columns,
            singleton_axes,
            start,
        } = claim;
        if columns == 0 {
            return Err(ReadError::NoColumns { rows });
        }
        let expected = claim.expected_bytes();
        if expected != u128::from(found) {
            return Err(ReadError::Length {
                rows,
                columns,
                expected,
                found,
            });
        }
        let [rows, columns] = if rows == 0 {
            // Without rows the length says nothing about the columns.
            let narrow = u32::try_from(columns);
            [
                0,
                narrow.map_err(|_| ReadError::Header {
                    problem: format!("{columns} columns"),
                })? as usize,
            ]
        } else {
            [rows as usize, columns as usize]
        };
        Ok(Self {
            element,
            byte_order,
            arrangement,
            rows,
            columns,
            singleton_axes,
            start,
        })
    }

    fn row_bytes(&self) -> usize {
        self.columns * self.element.size_bytes()
    }

    /// Offsets of the bytes that a range of rows takes. Fortran order scatters them over all of the
    /// file: empty.
    pub(super) fn extent(&self, rows: Range<usize>) -> Range<usize> {
        let stride = match self.arrangement {
            Arrangement::Columns => return 0..0,
            Arrangement::Rows => self.row_bytes(),
            Arrangement::PrefixedRows => self.row_bytes() + PREFIX_BYTES,
        };
        self.start + rows.start * stride..self.start + rows.end * stride
    }

    /// Decodes a range of rows that exist into `values`, row after row.
    pub(super) fn decode<T: Target>(
        &self,
        bytes: &Bytes,
        rows: Range<usize>,
        values: &mut [T],
    ) -> Result<(), ReadError> {
        match self.arrangement {
            Arrangement::Rows => {
                let start = self.extent(rows).start as u64;
                read_numbers(bytes, start, (self.element, self.byte_order), values)
            }
            Arrangement::PrefixedRows => self.decode_prefixed(bytes, rows, values),
            Arrangement::Columns => self.decode_columns(bytes, rows, values),
        }
    }

    /// [`Layout::decode`] of many rows, piece by piece on all threads of the current rayon pool.
    pub(super) fn decode_all<T: Target>(
        &self,
        bytes: &Bytes,
        rows: Range<usize>,
        values: &mut [T],
    ) -> Result<(), ReadError> {
        const PIECE_BYTES: usize = 8 << 20;
        // In Fortran order each piece would read every column.
        let piece = match self.arrangement {
            Arrangement::Columns => rows.len(),
            Arrangement::Rows | Arrangement::PrefixedRows => PIECE_BYTES / self.row_bytes().max(1),
        };
        let piece = piece.max(1);
        if rows.len() <= piece {
            return self.decode(bytes, rows, values);
        }
        let pieces = values
            .par_chunks_mut((piece * self.columns).max(1))
            .enumerate();
        let decoded: Vec<_> = pieces
            .map(|(number, values)| {
                let first = rows.start + number * piece;
                self.decode(bytes, first..first + values.len() / self.columns, values)
            })
            .collect();
        // What is wrong with the first rows is said first.
        decoded.into_iter().collect()
    }

    /// As many rows at once as fit a block.
    fn decode_prefixed<T: Target>(
        &self,
        bytes: &Bytes,
        rows: Range<usize>,
        values: &mut [T],
    ) -> Result<(), ReadError> {
        let stride = self.row_bytes() + PREFIX_BYTES;
        let block_rows = (BLOCK_BYTES / stride).clamp(1, rows.len().max(1));
        let mut block = zeroed_bytes((block_rows * stride) as u64)?;
        for (first, values) in rows
            .clone()
            .step_by(block_rows)
            .zip(values.chunks_mut(block_rows * self.columns))
        {
            annatomy_runtime::check();
            let count = values.len() / self.columns;
            let block = &mut block[..count * stride];
            bytes.read_at(self.extent(first..first + count).start as u64, block)?;
            let rows = block.chunks_exact(stride);
            for (place, (row, values)) in
                rows.zip(values.chunks_exact_mut(self.columns)).enumerate()
            {
                let (length, numbers) = row.split_at(PREFIX_BYTES);
                self.check_prefix(first + place, length)?;
                T::decode(self.element, self.byte_order, numbers, values);
            }
        }
        Ok(())
    }

    fn check_prefix(&self, row: usize, length: &[u8]) -> Result<(), ReadError> {
        let found = length
            .try_into()
            .map_or(-1, |length| i64::from(i32::from_le_bytes(length)));
        if found == self.columns as i64 {
            Ok(())
        } else {
            Err(ReadError::RowLength {
                row,
                expected: self.columns,
                found,
            })
        }
    }

    /// Column by column, a few thousand rows at a time, each column's run decoded and then copied
    /// to its rows.
    fn decode_columns<T: Target>(
        &self,
        bytes: &Bytes,
        rows: Range<usize>,
        values: &mut [T],
    ) -> Result<(), ReadError> {
        const RUN: usize = 4096;
        let mut run = vec![T::default(); rows.len().min(RUN)];
        for (block, first) in rows.clone().step_by(RUN).enumerate() {
            annatomy_runtime::check();
            let run = &mut run[..RUN.min(rows.end - first)];
            let block = &mut values[block * RUN * self.columns..];
            for column in 0..self.columns {
                let start = self.place_in_column(column, first);
                read_numbers(bytes, start, (self.element, self.byte_order), run)?;
                for (row, &value) in run.iter().enumerate() {
                    block[row * self.columns + column] = value;
                }
            }
        }
        Ok(())
    }

    /// Offset of a number in Fortran order.
    fn place_in_column(&self, column: usize, row: usize) -> u64 {
        (self.start + (column * self.rows + row) * self.element.size_bytes()) as u64
    }

    /// Decodes chosen rows that exist. In Fortran order, where many are chosen each column is read
    /// as a whole.
    pub(super) fn gather(
        &self,
        bytes: &Bytes,
        rows: &[usize],
        values: &mut [f32],
    ) -> Result<(), ReadError> {
        /// A read of one number costs as much as one of this many bytes.
        const SINGLE_READ_BYTES: usize = 4096;
        let column_bytes = self.rows.saturating_mul(self.element.size_bytes());
        if self.arrangement != Arrangement::Columns
            || rows.len().saturating_mul(SINGLE_READ_BYTES) < column_bytes
        {
            for (&row, values) in rows.iter().zip(values.chunks_exact_mut(self.columns)) {
                self.decode(bytes, row..row + 1, values)?;
            }
            return Ok(());
        }
        let mut numbers = filled(self.rows, 1, self.rows, 0.0_f32)?;
        for column in 0..self.columns {
            annatomy_runtime::check();
            let start = self.place_in_column(column, 0);
            read_numbers(bytes, start, (self.element, self.byte_order), &mut numbers)?;
            for (&row, values) in rows.iter().zip(values.chunks_exact_mut(self.columns)) {
                values[column] = numbers[row];
            }
        }
        Ok(())
    }
}

/// Reads numbers that lie one after the other from `start` on, and decodes them.
pub(super) fn read_numbers<T: Target>(
    bytes: &Bytes,
    start: u64,
    (element, order): (Element, ByteOrder),
    values: &mut [T],
) -> Result<(), ReadError> {
    let size = element.size_bytes();
    if element == T::ELEMENT && order == ByteOrder::NATIVE {
        let mut start = start;
        for values in values.chunks_mut(BLOCK_BYTES / size) {
            annatomy_runtime::check();
            bytes.read_at(start, bytemuck::cast_slice_mut(values))?;
            start += (values.len() * size) as u64;
        }
        return Ok(());
    }
    let block_values = (DECODED_BYTES / size).min(values.len());
    let mut block = zeroed_bytes((block_values * size) as u64)?;
    let mut start = start;
    for values in values.chunks_mut(block_values.max(1)) {
        annatomy_runtime::check();
        let block = &mut block[..values.len() * size];
        bytes.read_at(start, block)?;
        T::decode(element, order, block, values);
        start += block.len() as u64;
    }
    Ok(())
}
