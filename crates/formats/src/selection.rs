//! Which rows are meant: a mask over them, or their ids.
//!
//! Enters: `.npy` of booleans or bytes, one value per row, or one row of them per query: a mask;
//! `.npy` of wider integers on one axis: ids; any table that [`read_id_table`](crate::read_id_table)
//! reads: ids per query, filled up with −1. Leaves: [`Selection`].

use std::path::Path;

use super::answer_table::AnswerTable;
use super::answers::read_id_table;
use super::bytes::Bytes;
use super::error::ReadError;
use super::id_table::IdTable;
use super::memory::collected;
use super::npy::{self, Header};

/// Rows that are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Whether each of `columns` rows is meant, once for all or once per query.
    Mask {
        /// Rows that the mask speaks of.
        columns: usize,
        /// 1 or as many as there are queries, times `columns`.
        values: Vec<bool>,
    },
    /// Ids, a row for all or a row per query; −1 fills rows up.
    Ids(IdTable),
}

/// Reads a mask or a table of ids.
pub fn read_selection(path: impl AsRef<Path>) -> Result<Selection, ReadError> {
    let path = path.as_ref();
    let is_npy = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("npy"));
    if is_npy {
        let bytes = Bytes::open(path)?;
        let head = bytes.head(npy::HEAD_BYTES as u64)?;
        if let Some(selection) = of_npy(&bytes, &npy::header(&head)?)? {
            return Ok(selection);
        }
    }
    Ok(Selection::Ids(read_id_table(path)?.0))
}

/// A mask, or ids on one axis; `None` for a matrix of ids.
fn of_npy(bytes: &Bytes, header: &Header<'_>) -> Result<Option<Selection>, ReadError> {
    let width = match header.descr.trim_start_matches(['<', '|', '=']) {
        "b1" | "?" | "u1" | "i1" => 1,
        "i2" | "u2" => 2,
        "i4" | "u4" => 4,
        "i8" | "u8" => 8,
        _ => return Ok(None),
    };
    if width > 1 && header.shape.len() != 1 || header.shape.is_empty() || header.fortran_order {
        return Ok(None);
    }
    let count = header
        .shape
        .iter()
        .try_fold(1_u64, |count, &axis| count.checked_mul(axis));
    let found = bytes.len() - header.start as u64;
    let expected = count.and_then(|count| count.checked_mul(width));
    if expected != Some(found) {
        let problem = format!(
            "shape {:?} of {width} bytes each, {found} bytes there",
            header.shape
        );
        return Err(ReadError::Header { problem });
    }
    let body = bytes.read(header.start as u64..bytes.len())?;
    if width == 1 {
        let columns = header.shape.last().copied().unwrap_or(0) as usize;
        let values = collected(body.iter().map(|&byte| byte != 0))?;
        return Ok(Some(Selection::Mask { columns, values }));
    }
    let is_signed = header.descr.contains('i');
    let words = body.chunks_exact(width as usize);
    let ids = collected(words.map(|bytes| integer(bytes, is_signed)))?;
    let ids = AnswerTable::from_ids(ids.len(), ids);
    Ok(Some(Selection::Ids(if is_signed {
        ids.into()
    } else {
        IdTable::of_unsigned(ids)
    })))
}

/// Little-endian; what does not fit 63 bits is negative.
fn integer(bytes: &[u8], is_signed: bool) -> i64 {
    let negative = is_signed && bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut word = [if negative { 0xff } else { 0 }; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    i64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id_table::SlotIds;

    fn npy(descr: &str, shape: &str, body: &[u8]) -> Result<Selection, ReadError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("allowed.npy");
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16 + 1).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.push(b'\n');
        bytes.extend(body);
        std::fs::write(&path, bytes).expect("written");
        read_selection(&path)
    }

    #[test]
    fn booleans_and_bytes_are_masks_and_wider_integers_are_ids() {
        let mask = |columns, values: &[bool]| Selection::Mask {
            columns,
            values: values.to_vec(),
        };
        assert_eq!(
            npy("|b1", "(3,)", &[1, 0, 1]).expect("a mask"),
            mask(3, &[true, false, true])
        );
        assert_eq!(
            npy("|u1", "(2, 1)", &[0, 7]).expect("masks"),
            mask(1, &[false, true])
        );
        let ids =
            |ids: &[i64]| Selection::Ids(AnswerTable::from_ids(ids.len(), ids.to_vec()).into());
        let short = [5_i16, -1].map(i16::to_le_bytes).concat();
        assert_eq!(npy("<i2", "(2,)", &short).expect("ids"), ids(&[5, -1]));
        let long = [7_u64, u64::MAX].map(u64::to_le_bytes).concat();
        assert_eq!(npy("<u8", "(2,)", &long).expect("ids"), ids(&[7, -1]));
        let table = [1_i64, 2, 3, -1].map(i64::to_le_bytes).concat();
        let Selection::Ids(table) = npy("<i8", "(2, 2)", &table).expect("a table") else {
            panic!("ids per query");
        };
        assert_eq!(table.rows(), 2);
        assert_eq!(table.ids(), &SlotIds::Integers(vec![1, 2, 3, -1]));
        assert!(
            npy("|b1", "(4,)", &[1, 0]).is_err(),
            "two values for four rows"
        );
    }
}
