//! Rows gathered from batches of lists: one run of numbers, and where each row ends in it.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, GenericListArray, OffsetSizeTrait};

use super::column::Column;
use crate::answer_table::EMPTY_SLOT;
use crate::bytes::Bytes;
use crate::element::{ByteOrder, Element, Target};
use crate::error::ReadError;
use crate::id_table::IdTable;
use crate::layout::{Arrangement, Claim, Layout};
use crate::ragged::Lengths;
use annatomy_vectors::Matrix;

/// Lists of numbers, one after the other.
#[derive(Debug)]
pub(crate) struct Lists {
    column: Column,
    lengths: Lengths,
    /// The first row of another length than the first, and that length.
    uneven: Option<(usize, usize)>,
    row_lengths: Vec<u32>,
    numbers: Vec<u8>,
}

impl Lists {
    pub(super) fn new(column: Column) -> Self {
        let (lengths, row_lengths, numbers) = (Lengths::default(), Vec::new(), Vec::new());
        Self {
            column,
            lengths,
            uneven: None,
            row_lengths,
            numbers,
        }
    }

    /// The rows as ids, filled up.
    pub(crate) fn ids(&self) -> Result<IdTable, ReadError> {
        let element = self.column.element;
        if !element.is_integer() {
            return Err(ReadError::NotIntegers { element });
        }
        let ids = self.lengths.answers(self.table(EMPTY_SLOT)?);
        if element == Element::U64 {
            return Ok(IdTable::of_unsigned(ids));
        }
        Ok(ids.into())
    }

    /// The rows as distances, filled up.
    pub(crate) fn distances(&self) -> Result<Matrix, ReadError> {
        self.lengths.matrix(self.table(f32::NAN)?)
    }

    /// Decodes the rows into a table, and fills them up.
    fn table<T: Target>(&self, filling: T) -> Result<Vec<T>, ReadError> {
        let element = self.column.element;
        let mut table = self.lengths.table(filling)?;
        let mut left = self.numbers.as_slice();
        let rows = table.chunks_exact_mut(self.lengths.columns());
        for (values, &length) in rows.zip(&self.row_lengths) {
            let length = length as usize;
            let (numbers, rest) = left.split_at(length * element.size_bytes());
            T::decode(element, ByteOrder::NATIVE, numbers, &mut values[..length]);
            left = rest;
        }
        Ok(table)
    }

    /// The rows as a matrix, which they must be.
    pub(super) fn into_matrix(self) -> Result<(Bytes, Layout), ReadError> {
        let first = self.row_lengths.first().copied();
        if let (Some(expected), Some((row, found))) = (first, self.uneven) {
            return Err(ReadError::RowLength {
                row,
                expected: expected as usize,
                found: found as i64,
            });
        }
        let claim = Claim {
            element: self.column.element,
            byte_order: ByteOrder::NATIVE,
            arrangement: Arrangement::Rows,
            rows: self.row_lengths.len() as u64,
            columns: first.map_or(self.column.fixed.unwrap_or(0) as u64, u64::from),
            singleton_axes: 0,
            start: 0,
        };
        let layout = Layout::new(claim, self.numbers.len() as u64)?;
        Ok((Bytes::owned(self.numbers), layout))
    }

    /// Appends a batch of the column.
    pub(super) fn append(&mut self, batch: &ArrayRef) -> Result<(), ReadError> {
        if let Some(lists) = batch.as_list_opt::<i32>() {
            self.append_lists(lists)
        } else if let Some(lists) = batch.as_list_opt::<i64>() {
            self.append_lists(lists)
        } else if let Some(lists) = batch.as_fixed_size_list_opt() {
            self.check_present(lists)?;
            let length = lists.value_length().max(0) as usize;
            let ends = (1..=lists.len()).map(|row| row * length);
            self.append_rows(0, ends, lists.values())
        } else {
            Err(self.other_type(batch))
        }
    }

    fn append_lists<O: OffsetSizeTrait>(
        &mut self,
        lists: &GenericListArray<O>,
    ) -> Result<(), ReadError> {
        self.check_present(lists)?;
        let mut ends = lists.value_offsets().iter().map(|offset| offset.as_usize());
        let start = ends.next().unwrap_or(0);
        self.append_rows(start, ends, lists.values())
    }

    /// Appends the rows between `start` and each of `ends`, which ascend and lie within `values`.
    fn append_rows(
        &mut self,
        start: usize,
        ends: impl Iterator<Item = usize>,
        values: &ArrayRef,
    ) -> Result<(), ReadError> {
        let mut row_start = start;
        for end in ends {
            let length = end - row_start;
            if let Some(column) = first_null(values, row_start, length) {
                return Err(ReadError::NullNumber {
                    row: self.row_lengths.len(),
                    column,
                });
            }
            self.append_length(length)?;
            row_start = end;
        }
        let size = self.column.element.size_bytes();
        let bytes =
            number_bytes(self.column.element, values).ok_or_else(|| self.other_type(values))?;
        let bytes = bytes
            .get(start * size..row_start * size)
            .ok_or_else(|| self.other_type(values))?;
        let refused = ReadError::Memory {
            rows: self.row_lengths.len(),
            columns: self.lengths.columns(),
        };
        self.numbers.try_reserve(bytes.len()).map_err(|_| refused)?;
        self.numbers.extend_from_slice(bytes);
        Ok(())
    }

    fn append_length(&mut self, length: usize) -> Result<(), ReadError> {
        let row = self.row_lengths.len();
        let expected = self
            .row_lengths
            .first()
            .map_or(length, |&first| first as usize);
        let narrow = u32::try_from(length);
        let narrow = narrow.map_err(|_| ReadError::RowLength {
            row,
            expected,
            found: length as i64,
        })?;
        if length != expected && self.uneven.is_none() {
            self.uneven = Some((row, length));
        }
        self.row_lengths.push(narrow);
        self.lengths.add(length);
        Ok(())
    }

    fn check_present(&self, lists: &dyn Array) -> Result<(), ReadError> {
        match (0..lists.len())
            .find(|&row| lists.is_null(row))
            .filter(|_| lists.null_count() > 0)
        {
            Some(row) => Err(ReadError::NullRow {
                row: self.row_lengths.len() + row,
            }),
            None => Ok(()),
        }
    }

    fn other_type(&self, found: &dyn Array) -> ReadError {
        ReadError::Column {
            name: format!("#{}", self.column.index),
            found: found.data_type().to_string(),
        }
    }
}

/// The first missing number of a row, by its column.
fn first_null(values: &dyn Array, start: usize, length: usize) -> Option<usize> {
    if values.null_count() == 0 {
        return None;
    }
    (0..length).find(|&column| values.is_null(start + column))
}

/// The numbers' bytes in the machine's own order, where they are of the expected type.
fn number_bytes(element: Element, values: &ArrayRef) -> Option<&[u8]> {
    macro_rules! bytes_of {
        ($($element:ident: $type:ty),*) => {
            match element {
                $(Element::$element => values.as_primitive_opt::<$type>()?.values().inner().as_slice(),)*
                Element::BF16 => return None,
            }
        };
    }
    Some(bytes_of!(
        F16: Float16Type, F32: Float32Type, F64: Float64Type, I8: Int8Type, I16: Int16Type, I32: Int32Type, I64: Int64Type,
        U8: UInt8Type, U16: UInt16Type, U32: UInt32Type, U64: UInt64Type
    ))
}
