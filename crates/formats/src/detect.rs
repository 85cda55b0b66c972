//! Format detection: the ending decides, then the name's other parts, then the content.
//!
//! 1. The ending, `x.fbin`; of `.bin`, what DiskANN writes before it: `x_dists_float.bin`.
//! 2. Another part of the name, from the right: `base.1B.fbin.crop_nb_3000`, which Big-ANN's own
//!    preparation leaves.
//! 3. A signature: NumPy, zip, HDF5, Parquet, Arrow.
//! 4. n and d in 32 bits each, and a length that fits n·d numbers (`deep-10M`). Of 4-byte numbers
//!    the first few thousand say whether they are floats or integers: small integers, read as
//!    floats, lie below 1e-15. Signed and unsigned bytes cannot be distinguished: an error lists both.

use std::path::Path;

use super::bin;
use super::bytes::Bytes;
use super::element::{ByteOrder, Element};
use super::error::ReadError;
use super::format::{Format, SIGNATURE_BYTES};
use super::layout::read_numbers;
use super::source::Source;

/// Number types that DiskANN writes before `.bin`.
const DISKANN_NAMES: [(&str, Format); 3] = [
    ("_float.bin", Format::Fbin),
    ("_uint8.bin", Format::U8bin),
    ("_int8.bin", Format::I8bin),
];

/// The file that `source` names, open, and its format.
pub(super) fn open(source: &Source) -> Result<(Format, Bytes), ReadError> {
    let path = source.path();
    let (format, bytes) = match by_name(path) {
        Ok(format) => {
            format.check_built()?;
            format.check_member(source.member())?;
            (format, Bytes::open(path)?)
        }
        Err(unknown) => {
            let bytes = Bytes::open(path)?;
            let format = by_content(&bytes)?.ok_or(unknown)?;
            format.check_built()?;
            format.check_member(source.member())?;
            (format, bytes)
        }
    };
    format.check_content(&bytes.head(SIGNATURE_BYTES)?)?;
    Ok((format, bytes))
}

/// The format that a path's ending names, or else the last part of its name that is an ending.
fn by_name(path: &Path) -> Result<Format, ReadError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    let diskann = DISKANN_NAMES
        .into_iter()
        .find(|(ending, _)| name.ends_with(ending));
    if let Some((_, format)) = diskann {
        return Ok(format);
    }
    let unknown = match Format::of(path) {
        Ok(format) => return Ok(format),
        Err(unknown) => unknown,
    };
    let parts = name.match_indices('.').map(|(at, _)| &name[..at]);
    let known = parts
        .rev()
        .find_map(|part| Format::of(Path::new(part)).ok());
    known.ok_or(unknown)
}

/// The format that the content shows; none if it shows none, an error if several fit.
fn by_content(bytes: &Bytes) -> Result<Option<Format>, ReadError> {
    if let Some(format) = Format::with_signature(&bytes.head(SIGNATURE_BYTES)?) {
        return Ok(Some(format));
    }
    if bytes.len() < bin::HEADER_BYTES as u64 {
        return Ok(None);
    }
    let [rows, columns] = bin::header(bytes)?;
    let numbers = u128::from(rows) * u128::from(columns);
    let found = u128::from(bytes.len()) - bin::HEADER_BYTES as u128;
    if numbers == 0 || !found.is_multiple_of(numbers) {
        return Ok(None);
    }
    let candidates: &[Format] = match found / numbers {
        1 => &[Format::U8bin, Format::I8bin],
        2 => &[Format::F16bin],
        4 => match of_four_bytes(bytes)? {
            Some(Format::Fbin) => &[Format::Fbin],
            Some(_) => &[Format::Ibin],
            None => &[Format::Fbin, Format::Ibin],
        },
        8 | 12 => &[Format::Bin],
        _ => &[],
    };
    match *candidates {
        [] => Ok(None),
        [format] => Ok(Some(format)),
        _ => Err(ReadError::SeveralFormats {
            rows,
            columns,
            candidates: candidates
                .iter()
                .map(|format| format!(".{}", format.ending()))
                .collect(),
        }),
    }
}

/// Whether numbers of 32 bits are floats or integers; none where the first of them do not say.
fn of_four_bytes(bytes: &Bytes) -> Result<Option<Format>, ReadError> {
    const LOOKED_AT: u64 = 8192;
    /// Its bits, as an integer, are above [`LARGEST_INTEGER`].
    const SMALLEST_FLOAT: f32 = 1e-15;
    const LARGEST_FLOAT: f32 = 1e15;
    const LARGEST_INTEGER: i64 = 1 << 29;
    /// Bits of an integer as negative as this are not a number.
    const SMALLEST_INTEGER: i64 = -(1 << 22);

    let start = bin::HEADER_BYTES as u64;
    let count = LOOKED_AT.min((bytes.len() - start) / 4) as usize;
    let mut integers = vec![0_i64; count];
    read_numbers(
        bytes,
        start,
        (Element::I32, ByteOrder::Little),
        &mut integers,
    )?;
    let mut floats = vec![0_f32; count];
    read_numbers(bytes, start, (Element::F32, ByteOrder::Little), &mut floats)?;
    let is_float =
        |value: &f32| *value == 0.0 || (SMALLEST_FLOAT..LARGEST_FLOAT).contains(&value.abs());
    let is_integer = |value: &i64| (SMALLEST_INTEGER..LARGEST_INTEGER).contains(value);
    Ok(
        match (floats.iter().all(is_float), integers.iter().all(is_integer)) {
            (true, false) => Some(Format::Fbin),
            (false, true) => Some(Format::Ibin),
            _ => None,
        },
    )
}
