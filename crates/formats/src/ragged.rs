//! Rows that differ in length, as range searches leave them in `.ivecs`, `.fvecs` and columns of
//! lists, filled up to the longest.
//!
//! Of `.ivecs` and `.fvecs`, the first pass walks the rows' lengths and learns the shape, the
//! second decodes. Filling up may cost more memory than the file has bytes, so it is refused beyond
//! [`MOST_FILLING`] cells for each value in the file.

use std::io::{BufReader, Read as _};

#[cfg(feature = "parquet")]
use super::answers::check_unsigned;
use super::answers::{AnswerTable, EMPTY_SLOT};
use super::bytes::{Bytes, Cursor};
#[cfg(feature = "parquet")]
use super::columns::Lists;
use super::element::{ByteOrder, Element, Target};
use super::error::ReadError;
use super::layout::PREFIX_BYTES;
use annatomy_vectors::Matrix;

/// Cells allowed for each value that the file holds.
const MOST_FILLING: usize = 64;
/// Cells always allowed.
const SMALL: usize = 1 << 20;
/// `.ivecs` and `.fvecs` hold values of 32 bits.
const VALUE_BYTES: usize = 4;

/// Rows of different lengths, counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lengths {
    rows: usize,
    values: usize,
    longest: usize,
    /// Rows as long as the longest so far.
    full_rows: usize,
}

impl Lengths {
    pub(super) fn add(&mut self, length: usize) {
        self.rows += 1;
        self.values += length;
        match length.cmp(&self.longest) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => self.full_rows += 1,
            std::cmp::Ordering::Greater => (self.longest, self.full_rows) = (length, 1),
        }
    }

    pub(super) fn columns(&self) -> usize {
        self.longest
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn short_rows(&self) -> usize {
        self.rows - self.full_rows
    }

    /// The cells of a filled-up table, where the file is large enough for them.
    pub(super) fn cells(&self) -> Result<usize, ReadError> {
        let Self {
            rows,
            values,
            longest: columns,
            ..
        } = *self;
        if columns == 0 {
            return Err(ReadError::NoColumns { rows: rows as u64 });
        }
        let allowed = values.saturating_mul(MOST_FILLING).max(SMALL);
        let cells = rows.checked_mul(columns).filter(|&cells| cells <= allowed);
        cells.ok_or(ReadError::TooUneven {
            rows,
            columns,
            values,
        })
    }
}

/// The ids of an `.ivecs`.
pub(super) fn vecs_ids(bytes: &Bytes) -> Result<AnswerTable, ReadError> {
    let lengths = measure(bytes)?;
    let ids = fill_vecs(&lengths, bytes, Element::I32, EMPTY_SLOT)?;
    Ok(AnswerTable::new(
        lengths.rows(),
        lengths.columns(),
        ids,
        lengths.short_rows(),
    ))
}

/// The distances of an `.fvecs`.
pub(super) fn vecs_distances(bytes: &Bytes) -> Result<Matrix, ReadError> {
    let lengths = measure(bytes)?;
    let values = fill_vecs(&lengths, bytes, Element::F32, f32::NAN)?;
    matrix(&lengths, values)
}

/// The ids of a column of lists.
#[cfg(feature = "parquet")]
pub(super) fn list_ids(lists: &Lists) -> Result<AnswerTable, ReadError> {
    let (lengths, element) = (lists.lengths(), lists.element());
    if !element.is_integer() {
        return Err(ReadError::NotIntegers { element });
    }
    let ids = fill(
        lengths,
        lists.rows(),
        (element, ByteOrder::NATIVE),
        EMPTY_SLOT,
    )?;
    if element == Element::U64 {
        check_unsigned(&ids, lengths.columns())?;
    }
    Ok(AnswerTable::new(
        lengths.rows(),
        lengths.columns(),
        ids,
        lengths.short_rows(),
    ))
}

/// The distances of a column of lists.
#[cfg(feature = "parquet")]
pub(super) fn list_distances(lists: &Lists) -> Result<Matrix, ReadError> {
    let lengths = lists.lengths();
    matrix(
        lengths,
        fill(
            lengths,
            lists.rows(),
            (lists.element(), ByteOrder::NATIVE),
            f32::NAN,
        )?,
    )
}

fn matrix(lengths: &Lengths, values: Vec<f32>) -> Result<Matrix, ReadError> {
    let memory = |_| ReadError::Memory {
        rows: lengths.rows(),
        columns: lengths.columns(),
    };
    Matrix::new(lengths.rows(), lengths.columns(), values).map_err(memory)
}

fn measure(bytes: &Bytes) -> Result<Lengths, ReadError> {
    let mut lengths = Lengths::default();
    let mut rows = VecsRows::new(bytes);
    while let Some(row) = rows.next_row()? {
        lengths.add(row.len() / VALUE_BYTES);
    }
    Ok(lengths)
}

/// Decodes the rows of `.ivecs` and `.fvecs` into a table, and fills them up.
fn fill_vecs<T: Target>(
    lengths: &Lengths,
    bytes: &Bytes,
    element: Element,
    filling: T,
) -> Result<Vec<T>, ReadError> {
    let columns = lengths.columns();
    let mut values = filled(lengths.rows(), columns, lengths.cells()?, filling)?;
    let mut rows = VecsRows::new(bytes);
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

/// Decodes lists into a table, and fills them up.
#[cfg(feature = "parquet")]
fn fill<'a, T: Target>(
    lengths: &Lengths,
    rows: impl Iterator<Item = &'a [u8]>,
    (element, order): (Element, ByteOrder),
    filling: T,
) -> Result<Vec<T>, ReadError> {
    let columns = lengths.columns();
    let mut values = filled(lengths.rows(), columns, lengths.cells()?, filling)?;
    for (numbers, values) in rows.zip(values.chunks_exact_mut(columns)) {
        T::decode(
            element,
            order,
            numbers,
            &mut values[..numbers.len() / element.size_bytes()],
        );
    }
    Ok(values)
}

/// Asks before it takes: `vec!` aborts where memory is refused.
pub(super) fn filled<T: Clone>(
    rows: usize,
    columns: usize,
    cells: usize,
    filling: T,
) -> Result<Vec<T>, ReadError> {
    let mut values = Vec::new();
    values
        .try_reserve_exact(cells)
        .map_err(|_| ReadError::Memory { rows, columns })?;
    values.resize(cells, filling);
    Ok(values)
}

/// The rows of `.ivecs` and `.fvecs`, one after the other.
struct VecsRows {
    reader: BufReader<Cursor>,
    left: u64,
    row: usize,
    numbers: Vec<u8>,
}

impl VecsRows {
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
