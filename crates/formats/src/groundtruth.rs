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

use super::answers::AnswerTable;
use super::bin;
use super::element::{ByteOrder, Element, Target};
use super::error::ReadError;
use super::ragged::filled;
use annatomy_vectors::Matrix;

/// The ids, and the distances where there are some.
pub(super) fn read(bytes: &[u8]) -> Result<(AnswerTable, Option<Matrix>), ReadError> {
    let ([rows, columns], content) = bin::header(bytes)?;
    if columns == 0 {
        return Err(ReadError::NoColumns { rows: rows.into() });
    }
    let cells = u128::from(rows) * u128::from(columns);
    let sizes = [4, 8, 12].map(|size| size * cells);
    let found = content.len() as u128;
    if !sizes.contains(&found) {
        let [ids, ids_and_distances, wide] = sizes.map(|size| size + bin::HEADER_BYTES as u128);
        return Err(ReadError::AnswersLength {
            rows,
            columns,
            ids,
            ids_and_distances,
            wide,
            found: bytes.len() as u64,
        });
    }
    // The content holds at least four bytes for each: it fits the address space.
    let (rows, columns, cells) = (rows as usize, columns as usize, cells as usize);
    let wide = found == sizes[2] || found == sizes[1] && are_wide(content);
    let element = if wide { Element::I64 } else { Element::I32 };
    let (ids, distances) = content.split_at(cells * element.size_bytes());
    let answers = AnswerTable::new(rows, columns, decode(element, rows, columns, ids)?, 0);
    if distances.is_empty() {
        return Ok((answers, None));
    }
    let distances = decode(Element::F32, rows, columns, distances)?;
    let memory = |_| ReadError::Memory { rows, columns };
    Ok((
        answers,
        Some(Matrix::new(rows, columns, distances).map_err(memory)?),
    ))
}

/// Whether every second word only extends the word before it. A table without cells is not.
fn are_wide(content: &[u8]) -> bool {
    let (pairs, _) = content.as_chunks::<8>();
    let extends = |pair: &[u8; 8]| {
        let number = i64::from_le_bytes(*pair);
        i32::try_from(number).is_ok() || u32::try_from(number).is_ok()
    };
    !pairs.is_empty() && pairs.iter().all(extends)
}

fn decode<T: Target>(
    element: Element,
    rows: usize,
    columns: usize,
    bytes: &[u8],
) -> Result<Vec<T>, ReadError> {
    let mut values = filled(rows, columns, rows * columns, T::default())?;
    T::decode(element, ByteOrder::Little, bytes, &mut values);
    Ok(values)
}
