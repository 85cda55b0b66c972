//! The ids that an `IndexIDMap` or hnswlib gives to rows, and when they are row numbers.

use super::cursor::{Cursor, collected, long_integers};
use super::error::SavedIndexError;

/// The ids behind an index of `rows` rows, one a row.
///
/// `inner`: the ids that the index gives already, which are places in the list of ids around it.
pub fn read_row_ids(
    cursor: &mut Cursor<'_>,
    rows: usize,
    inner: Option<&[i64]>,
) -> Result<Vec<i64>, SavedIndexError> {
    let ids = cursor.counted("the ids of the rows", 8)?;
    let ids = collected("the ids of the rows", long_integers(ids))?;
    if ids.len() != rows {
        return Err(SavedIndexError::Value {
            what: "the number of ids",
            found: ids.len() as i128,
            expected: format!("{rows}, the number of rows"),
        });
    }
    let Some(inner) = inner else {
        return Ok(ids);
    };
    let mut named = Vec::with_capacity(rows);
    for (node, &place) in inner.iter().enumerate() {
        let id = usize::try_from(place).ok().and_then(|place| ids.get(place));
        let Some(&id) = id else {
            return Err(SavedIndexError::Node {
                what: "the id",
                node,
                found: place.into(),
                expected: format!("below {rows}, the number of ids around it"),
            });
        };
        named.push(id);
    }
    Ok(named)
}

/// The ids as row numbers, if each row number occurs once.
pub fn as_row_numbers(ids: &[i64]) -> Option<Vec<u32>> {
    let mut taken = vec![false; ids.len()];
    ids.iter()
        .map(|&id| {
            let row = usize::try_from(id).ok().filter(|&row| row < taken.len())?;
            (!std::mem::replace(&mut taken[row], true)).then_some(row as u32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_numbers_occur_once_each() {
        assert_eq!(as_row_numbers(&[2, 0, 1]), Some(vec![2, 0, 1]));
        assert_eq!(as_row_numbers(&[2, 0, 2]), None);
        assert_eq!(as_row_numbers(&[3, 0, 1]), None);
        assert_eq!(as_row_numbers(&[-1, 0, 1]), None);
    }
}
