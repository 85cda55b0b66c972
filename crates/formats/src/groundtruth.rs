//! `.ibin` and `.bin` neighbor tables: n and k in 32 bits each, then ids, then perhaps their
//! distances.
//!
//! bytes after the header     what they are
//!   4 n k                    ids of 32 bits
//!   8 n k                    ids of 32 bits, then float32 distances (Big-ANN ground truth); or ids of 64 bits
//!  12 n k                    ids of 64 bits, then float32 distances
//!
//! The size alone decides but for 8 n k. There, the words are ids of 64 bits if each upper half
//! repeats its lower half's sign, as it does for every id from −2³¹ to 2³² − 1: as ground truth
//! such a file would have 0 or −1 for every second id. Ids of 32 bits are read as signed, so that
//! −1 stays −1; no ground truth known has 2³¹ points.
//!
//! Reference: Simhadri et al., Results of the NeurIPS'21 Challenge on Billion-Scale ANN Search, and
//! its `knn_result_read`.

use super::answer_table::AnswerTable;
use super::bin;
use super::bytes::Bytes;
use super::element::{ByteOrder, Element};
use super::error::ReadError;
use super::layout::read_numbers;
use super::memory::filled;
use annatomy_vectors::Matrix;

/// The ids, and the distances where there are some.
pub(super) fn read(bytes: &Bytes) -> Result<(AnswerTable, Option<Matrix>), ReadError> {
    let [rows, columns] = bin::header(bytes)?;
    if columns == 0 {
        return Err(ReadError::NoColumns { rows: rows.into() });
    }
    let cells = u128::from(rows) * u128::from(columns);
    let sizes = [4, 8, 12].map(|size| size * cells);
    let found = u128::from(bytes.len()) - bin::HEADER_BYTES as u128;
    if !sizes.contains(&found) {
        let [ids, ids_and_distances, wide] = sizes.map(|size| size + bin::HEADER_BYTES as u128);
        return Err(ReadError::AnswersLength {
            rows,
            columns,
            ids,
            ids_and_distances,
            wide,
            found: bytes.len(),
        });
    }
    // The content holds at least four bytes for each: it fits the address space.
    let (rows, columns, cells) = (rows as usize, columns as usize, cells as usize);
    let wide = found == sizes[2] || found == sizes[1] && are_wide(bytes)?;
    let element = if wide { Element::I64 } else { Element::I32 };
    let start = bin::HEADER_BYTES as u64;
    let mut ids = filled(rows, columns, cells, 0_i64)?;
    read_numbers(bytes, start, (element, ByteOrder::Little), &mut ids)?;
    let answers = AnswerTable::new(rows, columns, ids, 0);
    let start = start + (cells * element.size_bytes()) as u64;
    if start == bytes.len() {
        return Ok((answers, None));
    }
    let mut distances = filled(rows, columns, cells, 0_f32)?;
    let float = (Element::F32, ByteOrder::Little);
    read_numbers(bytes, start, float, &mut distances)?;
    let memory = |_| ReadError::Memory { rows, columns };
    Ok((
        answers,
        Some(Matrix::new(rows, columns, distances).map_err(memory)?),
    ))
}

/// Whether a file has ids and distances by its length, or 64-bit ids: `gt100-heldout.30K.fbin`, for
/// instance, whose name says floats.
pub(super) fn has_length(bytes: &Bytes) -> Result<bool, ReadError> {
    let [rows, columns] = bin::header(bytes)?;
    let cells = u128::from(rows) * u128::from(columns);
    let found = u128::from(bytes.len()) - bin::HEADER_BYTES as u128;
    Ok(cells > 0 && (found == 8 * cells || found == 12 * cells))
}

/// Whether every second word only extends the word before it. A table without cells is not.
fn are_wide(bytes: &Bytes) -> Result<bool, ReadError> {
    let mut numbers = vec![0_i64; 8192];
    let mut start = bin::HEADER_BYTES as u64;
    let mut any = false;
    while start < bytes.len() {
        let count = ((bytes.len() - start) / 8).min(numbers.len() as u64) as usize;
        if count == 0 {
            break;
        }
        let numbers = &mut numbers[..count];
        read_numbers(bytes, start, (Element::I64, ByteOrder::Little), numbers)?;
        let extends =
            |&number: &i64| i32::try_from(number).is_ok() || u32::try_from(number).is_ok();
        if !numbers.iter().all(extends) {
            return Ok(false);
        }
        any = true;
        start += 8 * count as u64;
    }
    Ok(any)
}
