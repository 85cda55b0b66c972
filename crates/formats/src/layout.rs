//! Where the numbers of a matrix lie within a file's bytes: all that the formats differ in, once
//! headers are read.
//!
//! Enters: bytes and a row range. Leaves: decoded values. A [`Layout`] is made by [`Layout::new`]
//! alone, which checks it against the bytes' length, so that every offset computed from it lies
//! within them.

use std::ops::Range;

use super::element::{ByteOrder, Element, Target};
use super::error::ReadError;

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

/// Bytes of a row's own length.
pub(super) const PREFIX_BYTES: usize = 4;

/// A matrix within bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) element: Element,
    pub(super) byte_order: ByteOrder,
    pub(super) arrangement: Arrangement,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Offset of the first byte after the header.
    pub(super) start: usize,
}

/// What a header says, not yet believed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) element: Element,
    pub(super) byte_order: ByteOrder,
    pub(super) arrangement: Arrangement,
    pub(super) rows: u64,
    pub(super) columns: u64,
    pub(super) start: usize,
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
    /// The claim, held against the length of the bytes.
    pub(super) fn new(claim: Claim, found: usize) -> Result<Self, ReadError> {
        let Claim {
            element,
            byte_order,
            arrangement,
            rows,
            columns,
            start,
        } = claim;
        if columns == 0 {
            return Err(ReadError::NoColumns { rows });
        }
        let expected = claim.expected_bytes();
        if expected != found as u128 {
            return Err(ReadError::Length {
                rows,
                columns,
                expected,
                found: found as u64,
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
        bytes: &[u8],
        rows: Range<usize>,
        values: &mut [T],
    ) -> Result<(), ReadError> {
        match self.arrangement {
            Arrangement::Rows => {
                T::decode(
                    self.element,
                    self.byte_order,
                    &bytes[self.extent(rows)],
                    values,
                );
            }
            Arrangement::PrefixedRows => {
                for (row, values) in rows.zip(values.chunks_exact_mut(self.columns)) {
                    let (length, numbers) = bytes[self.extent(row..row + 1)].split_at(PREFIX_BYTES);
                    self.check_prefix(row, length)?;
                    T::decode(self.element, self.byte_order, numbers, values);
                }
            }
            Arrangement::Columns => self.decode_columns(bytes, rows, values),
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

    /// Column by column, a few thousand rows at a time, each column's run decoded and then dealt
    /// out to its rows.
    fn decode_columns<T: Target>(&self, bytes: &[u8], rows: Range<usize>, values: &mut [T]) {
        const RUN: usize = 4096;
        let size = self.element.size_bytes();
        let mut run = vec![T::default(); rows.len().min(RUN)];
        for (block, first) in rows.clone().step_by(RUN).enumerate() {
            let run = &mut run[..RUN.min(rows.end - first)];
            let block = &mut values[block * RUN * self.columns..];
            for column in 0..self.columns {
                let offset = self.start + (column * self.rows + first) * size;
                T::decode(
                    self.element,
                    self.byte_order,
                    &bytes[offset..offset + run.len() * size],
                    run,
                );
                for (row, &value) in run.iter().enumerate() {
                    block[row * self.columns + column] = value;
                }
            }
        }
    }
}
