//! NumPy arrays of integers or text: `<U` (UTF-32) and `|S` (bytes of UTF-8), in C order.

use std::io::{self, Write};
use std::path::Path;

use crate::bytes::Bytes;
use crate::error::ReadError;
use crate::format::Format;
use crate::id_column::RowIds;
use crate::id_table::{IdTable, SlotIds};
use crate::npy::{self, Header};

/// Most bytes of a text.
const LONGEST_TEXT: usize = 1 << 20;

/// What an array of integers or text is.
pub(super) enum Numpy {
    /// On one axis, or in one column.
    Values(RowIds),
    /// Rows of several columns.
    Table { columns: usize },
}

/// The values of an array on one axis.
pub(super) fn values_of_numpy(path: &Path) -> Result<Numpy, ReadError> {
    let bytes = Bytes::open(path)?;
    let head = bytes.head(npy::HEAD_BYTES as u64)?;
    Format::Npy.check_content(&head)?;
    let header = npy::header(&head)?;
    let (_, columns) = shape(&header)?;
    if columns != 1 {
        return Ok(Numpy::Table { columns });
    }
    let values = if let Some(texts) = texts(&bytes, &header)? {
        // What NumPy holds as text is text, digits too.
        RowIds::Texts(texts)
    } else {
        integers(&bytes, &header)?
    };
    bytes.check_unchanged()?;
    Ok(Numpy::Values(values))
}

/// A table of text; `None` for an array of anything else.
pub(crate) fn texts_of_numpy(bytes: &Bytes) -> Result<Option<IdTable>, ReadError> {
    let head = bytes.head(npy::HEAD_BYTES as u64)?;
    let header = npy::header(&head)?;
    if !is_text(header.descr) {
        return Ok(None);
    }
    let (rows, columns) = shape(&header)?;
    let Some(texts) = texts(bytes, &header)? else {
        return Ok(None);
    };
    let slots = texts
        .into_iter()
        .map(|text| Some(text).filter(|text| !text.is_empty()));
    let ids = SlotIds::Texts(slots.collect());
    Ok(Some(IdTable::new(rows, columns, ids, 0)))
}

/// Writes text as `<U`, rows × columns.
pub(crate) fn write_texts<'t>(
    file: &mut impl Write,
    rows: usize,
    columns: usize,
    texts: impl Iterator<Item = &'t str> + Clone,
) -> io::Result<()> {
    let longest = texts.clone().map(|text| text.chars().count()).max();
    let longest = longest.unwrap_or(0).max(1);
    npy::write_header(file, &format!("<U{longest}"), rows, columns)?;
    let mut field = Vec::with_capacity(4 * longest);
    for text in texts {
        field.clear();
        field.extend(
            text.chars()
                .flat_map(|letter| u32::from(letter).to_le_bytes()),
        );
        field.resize(4 * longest, 0);
        file.write_all(&field)?;
    }
    Ok(())
}

fn is_text(descr: &str) -> bool {
    descr.starts_with("<U") || descr.starts_with("|S")
}

/// Rows and columns; one column where the array has one axis.
fn shape(header: &Header<'_>) -> Result<(usize, usize), ReadError> {
    let refused = || ReadError::Dimensions {
        shape: header.shape.clone(),
    };
    let (rows, columns) = match header.shape[..] {
        [rows] => (rows, 1),
        [rows, columns] => (rows, columns),
        _ => return Err(refused()),
    };
    if header.fortran_order && columns != 1 {
        let problem = "the array is in Fortran order: np.ascontiguousarray".to_owned();
        return Err(ReadError::Header { problem });
    }
    let narrow = |axis: u64| usize::try_from(axis).map_err(|_| refused());
    Ok((narrow(rows)?, narrow(columns)?))
}

/// The values as text, where that is their type.
fn texts(bytes: &Bytes, header: &Header<'_>) -> Result<Option<Vec<String>>, ReadError> {
    if !is_text(header.descr) {
        return Ok(None);
    }
    let letters: Option<usize> = header.descr[2..].parse().ok();
    let wide = header.descr.starts_with("<U");
    let width = letters.and_then(|letters| letters.checked_mul(if wide { 4 } else { 1 }));
    let width = width.filter(|&width| (1..=LONGEST_TEXT).contains(&width));
    let width = width.ok_or_else(|| ReadError::UnsupportedType {
        descr: header.descr.to_owned(),
    })?;
    let body = body(bytes, header, width)?;
    let text = |field: &[u8]| {
        if wide {
            return npy::text_of_utf32(field);
        }
        let end = field
            .iter()
            .rposition(|&byte| byte != 0)
            .map_or(0, |last| last + 1);
        String::from_utf8(field[..end].to_vec()).ok()
    };
    let texts: Option<Vec<String>> = body.chunks_exact(width).map(text).collect();
    let problem = "a text that is no Unicode".to_owned();
    texts.map(Some).ok_or(ReadError::Header { problem })
}

fn integers(bytes: &Bytes, header: &Header<'_>) -> Result<RowIds, ReadError> {
    let unsupported = || ReadError::UnsupportedType {
        descr: header.descr.to_owned(),
    };
    let (order, kind) = header.descr.split_at_checked(1).ok_or_else(unsupported)?;
    let (width, is_signed): (usize, bool) = match kind {
        "i1" => (1, true),
        "i2" => (2, true),
        "i4" => (4, true),
        "i8" => (8, true),
        "u1" => (1, false),
        "u2" => (2, false),
        "u4" => (4, false),
        "u8" => (8, false),
        _ => return Err(unsupported()),
    };
    let body = body(bytes, header, width)?;
    let words = body.chunks_exact(width).map(|field| {
        let mut field = field.to_vec();
        if order == ">" {
            field.reverse();
        }
        let negative = is_signed && field[width - 1] & 0x80 != 0;
        field.resize(8, if negative { 0xff } else { 0 });
        u64::from_le_bytes(field.try_into().expect("eight bytes"))
    });
    Ok(if is_signed {
        RowIds::Integers(words.map(u64::cast_signed).collect())
    } else {
        RowIds::of_unsigned(words.collect())
    })
}

/// The bytes of the values, as many as the shape says.
fn body(bytes: &Bytes, header: &Header<'_>, width: usize) -> Result<Vec<u8>, ReadError> {
    let count = header
        .shape
        .iter()
        .try_fold(width as u64, |bytes, &axis| bytes.checked_mul(axis));
    let found = bytes.len().saturating_sub(header.start as u64);
    if count != Some(found) {
        let shape = &header.shape;
        let problem = format!("shape {shape:?} of {width} bytes each, {found} bytes there");
        return Err(ReadError::Header { problem });
    }
    bytes.read(header.start as u64..bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(descr: &str, shape: &str, body: &[u8]) -> Result<RowIds, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ids.npy");
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16 + 1).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.push(b'\n');
        bytes.extend(body);
        std::fs::write(&path, bytes).expect("written");
        match values_of_numpy(&path).map_err(|error| error.to_string())? {
            Numpy::Values(values) => Ok(values),
            Numpy::Table { columns } => Err(format!("{columns} columns")),
        }
    }

    #[test]
    fn integers_of_every_width_keep_their_sign_and_all_their_bits() {
        let ids = RowIds::Integers(vec![-2, 5]);
        assert_eq!(values("|i1", "(2,)", &[254, 5]), Ok(ids.clone()));
        let short = [-2_i16, 5].map(i16::to_be_bytes).concat();
        assert_eq!(values(">i2", "(2, 1)", &short), Ok(ids.clone()));
        let long = [-2_i64, 5].map(i64::to_le_bytes).concat();
        assert_eq!(values("<i8", "(2,)", &long), Ok(ids));
        let wide = [u64::MAX - 1, 5].map(u64::to_le_bytes).concat();
        let ids = RowIds::Unsigned(vec![u64::MAX - 1, 5]);
        assert_eq!(values("<u8", "(2,)", &wide), Ok(ids));
    }

    #[test]
    fn text_is_read_of_both_kinds_and_stays_text() {
        let texts = RowIds::Texts(vec!["12".into(), "é".into()]);
        let letters = ['1', '2', 'é', '\0'].map(|letter| u32::from(letter).to_le_bytes());
        assert_eq!(values("<U2", "(2,)", &letters.concat()), Ok(texts.clone()));
        assert_eq!(values("|S3", "(2,)", b"12\0\xc3\xa9\0"), Ok(texts));
    }

    #[test]
    fn what_is_no_list_of_ids_is_refused_with_its_numbers() {
        for (descr, shape, words) in [
            ("<f4", "(2,)", "<f4"),
            ("<i4", "(3,)", "8 bytes there"),
            ("<i4", "(1, 2)", "2 columns"),
            ("<i4", "(1, 2, 1)", "no matrix"),
            ("<U0", "(2,)", "<U0"),
        ] {
            let error = values(descr, shape, &[0; 8]).expect_err("refused");
            assert!(error.contains(words), "{error}");
        }
    }
}
