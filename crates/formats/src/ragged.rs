//! Rows that differ in length, as range searches leave them in `.ivecs`, `.fvecs` and columns of
//! lists, filled up to the longest.
//!
//! Of `.ivecs` and `.fvecs`, the first pass walks the rows' lengths and learns the shape, the
//! second decodes. Filling up may cost more memory than the file has bytes, so it is refused beyond
//! [`MOST_FILLING`] cells for each value in the file.

#[cfg(feature = "parquet")]
use super::answers::check_unsigned;
use super::answers::{AnswerTable, EMPTY_SLOT};
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

    /// The cells of a filled-up table, where the file justifies so many.
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
pub(super) fn vecs_ids(bytes: &[u8]) -> Result<AnswerTable, ReadError> {
    let lengths = measure(bytes)?;
    let ids = fill(
        &lengths,
        rows(bytes),
        (Element::I32, ByteOrder::Little),
        EMPTY_SLOT,
    )?;
    Ok(AnswerTable::new(
        lengths.rows(),
        lengths.columns(),
        ids,
        lengths.short_rows(),
    ))
}

/// The distances of an `.fvecs`.
pub(super) fn vecs_distances(bytes: &[u8]) -> Result<Matrix, ReadError> {
    let lengths = measure(bytes)?;
    matrix(
        &lengths,
        fill(
            &lengths,
            rows(bytes),
            (Element::F32, ByteOrder::Little),
            f32::NAN,
        )?,
    )
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
        lists.rows().map(Ok),
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
            lists.rows().map(Ok),
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

fn measure(bytes: &[u8]) -> Result<Lengths, ReadError> {
    let mut lengths = Lengths::default();
    for row in rows(bytes) {
        lengths.add(row?.len() / VALUE_BYTES);
    }
    Ok(lengths)
}

/// Decodes rows whose lengths are known into a table, and fills them up.
fn fill<'a, T: Target>(
    lengths: &Lengths,
    rows: impl Iterator<Item = Result<&'a [u8], ReadError>>,
    (element, order): (Element, ByteOrder),
    filling: T,
) -> Result<Vec<T>, ReadError> {
    let columns = lengths.columns();
    let mut values = filled(lengths.rows(), columns, lengths.cells()?, filling)?;
    for (row, values) in rows.zip(values.chunks_exact_mut(columns)) {
        let numbers = row?;
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

/// The numbers of each row, until the file ends or breaks.
fn rows(bytes: &[u8]) -> impl Iterator<Item = Result<&[u8], ReadError>> {
    let mut left = bytes;
    let mut row = 0;
    std::iter::from_fn(move || {
        if left.is_empty() {
            return None;
        }
        let numbers = first_row(left, row);
        left = numbers
            .as_ref()
            .map_or(&[], |numbers| &left[PREFIX_BYTES + numbers.len()..]);
        row += 1;
        Some(numbers)
    })
}

fn first_row(bytes: &[u8], row: usize) -> Result<&[u8], ReadError> {
    let found = bytes.len() as u64;
    let short = |expected| ReadError::TruncatedRow {
        row,
        expected,
        found,
    };
    let (&prefix, numbers) = bytes
        .split_first_chunk()
        .ok_or_else(|| short(PREFIX_BYTES as u64))?;
    let length = i32::from_le_bytes(prefix);
    let length =
        u32::try_from(length).map_err(|_| ReadError::NegativeLength { row, found: length })?;
    let expected = PREFIX_BYTES as u64 + u64::from(length) * VALUE_BYTES as u64;
    if expected > found {
        return Err(short(expected));
    }
    Ok(&numbers[..length as usize * VALUE_BYTES])
}
