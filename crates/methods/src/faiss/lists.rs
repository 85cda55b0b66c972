//! Inverted lists and direct maps as FAISS saves them.

use super::refused::{same, unsupported, value};
use annatomy_hnsw::import::SavedIndexError;
use annatomy_hnsw::import::faiss_file::{Cursor, collected, long_integers, reserved};

/// The lists of an inverted file, rows in ascending order of their ids.
pub(super) struct Lists<'b> {
    /// The rows of each list.
    pub(super) rows: Vec<Vec<u32>>,
    /// The id of each row; `None` where that is its number.
    pub(super) labels: Option<Vec<i64>>,
    /// The codes of each list.
    codes: Vec<&'b [u8]>,
}

/// Skips what says where a row's code is, which follows from the lists.
pub(super) fn read_direct_map(cursor: &mut Cursor<'_>) -> Result<(), SavedIndexError> {
    let kind = cursor.u8("the kind of direct map")?;
    cursor.counted("the direct map", 8)?;
    match kind {
        0 | 1 => Ok(()),
        2 => cursor.counted("the direct map", 16).map(drop),
        kind => value("the kind of direct map", kind, "0, 1 or 2".to_owned()),
    }
}

/// The lists, of `cells` cells and `rows` rows, with codes of `size` bytes.
pub(super) fn read_lists<'b>(
    cursor: &mut Cursor<'b>,
    cells: usize,
    size: usize,
    rows: usize,
) -> Result<Lists<'b>, SavedIndexError> {
    let code = cursor.code("the code of the lists")?;
    if &code != b"ilar" {
        return unsupported(
            &format!(
                "inverted lists of code {:?}",
                String::from_utf8_lossy(&code)
            ),
            "those in memory (ArrayInvertedLists) are read",
        );
    }
    let own_cells = cursor.u64("the number of lists")?;
    let own_size = cursor.u64("the bytes of a code")?;
    same(
        "the number of lists",
        usize::try_from(own_cells).unwrap_or(0),
        cells,
    )?;
    same(
        "the bytes of a code",
        usize::try_from(own_size).unwrap_or(0),
        size,
    )?;
    let sizes = read_sizes(cursor, cells)?;
    let total: u128 = sizes.iter().map(|&size| u128::from(size)).sum();
    if total != rows as u128 {
        return value("the rows in lists", total as i128, rows.to_string());
    }
    let mut codes = reserved("the lists", cells)?;
    let mut ids = reserved("the ids of the rows", rows)?;
    for &count in &sizes {
        codes.push(cursor.take("the codes of a list", count, size)?);
        let own = cursor.take("the ids of a list", count, 8)?;
        ids.extend(long_integers(own));
    }
    place(&sizes, &ids, codes)
}

/// How many rows each list has.
fn read_sizes(cursor: &mut Cursor<'_>, cells: usize) -> Result<Vec<u64>, SavedIndexError> {
    let kind = cursor.code("how sizes are saved")?;
    let sizes = cursor.counted("the sizes of lists", 8)?;
    let sizes = collected("the sizes of lists", long_integers(sizes))?;
    match &kind {
        b"full" => {
            same("the number of sizes", sizes.len(), cells)?;
            Ok(sizes.into_iter().map(|size| size as u64).collect())
        }
        b"sprs" => {
            let mut all = reserved("the sizes of lists", cells)?;
            all.resize(cells, 0);
            let (pairs, rest) = sizes.as_chunks();
            same("sizes without a list", rest.len(), 0)?;
            let mut least = 0;
            for &[list, size] in pairs {
                let place = usize::try_from(list).ok().filter(|&list| list < cells);
                let Some(place) = place.filter(|&place| place >= least) else {
                    return value("the number of a list", list, format!("{least} to {cells}"));
                };
                least = place + 1;
                all[place] = size as u64;
            }
            Ok(all)
        }
        kind => unsupported(
            &format!("list sizes saved as {:?}", String::from_utf8_lossy(kind)),
            "sizes are saved full or sparse",
        ),
    }
}

/// Numbers the rows by their ids.
fn place<'b>(
    sizes: &[u64],
    ids: &[i64],
    codes: Vec<&'b [u8]>,
) -> Result<Lists<'b>, SavedIndexError> {
    let mut order = collected("the order of the rows", 0..ids.len() as u32)?;
    order.sort_by_key(|&scanned| ids[scanned as usize]);
    let mut place_of = reserved("the places of the rows", ids.len())?;
    place_of.resize(ids.len(), 0);
    for (place, &scanned) in order.iter().enumerate() {
        place_of[scanned as usize] = place as u32;
    }
    let labels: Vec<i64> = order.iter().map(|&scanned| ids[scanned as usize]).collect();
    let mut rows = Vec::with_capacity(sizes.len());
    let mut first = 0;
    for &size in sizes {
        let last = first + size as usize;
        rows.push(place_of[first..last].to_vec());
        first = last;
    }
    let numbered = labels.iter().zip(0..).all(|(&label, row)| label == row);
    Ok(Lists {
        rows,
        labels: (!numbered).then_some(labels),
        codes,
    })
}

impl Lists<'_> {
    /// The codes in the order of the rows.
    pub(super) fn codes_in_order(&self, size: usize) -> Result<Vec<u8>, SavedIndexError> {
        let total = self.codes.iter().map(|codes| codes.len()).sum();
        let mut bytes: Vec<u8> = reserved("the codes", total)?;
        bytes.resize(total, 0);
        for (rows, codes) in self.rows.iter().zip(&self.codes) {
            for (&row, code) in rows.iter().zip(codes.chunks_exact(size)) {
                bytes[row as usize * size..(row as usize + 1) * size].copy_from_slice(code);
            }
        }
        Ok(bytes)
    }
}
