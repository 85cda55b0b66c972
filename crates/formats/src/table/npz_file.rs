//! `.npz`: one array of one axis per column, packed; `numpy.load` reads it.
//!
//! Integers are `<i8` or `<u8`, reals `<f8`, texts `<U` of their longest. Reading takes what this writes and
//! no more: the sizes that a header claims are those of the member, or it is refused.

use std::io::{self, Read, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{Column, Values, malformed};
use crate::atomic::write_atomically;
use crate::bytes::Bytes;
use crate::error::ReadError;
use crate::memory::{collected, list_of_texts};
use crate::npy;
use crate::write::WriteError;

/// Most bytes that a member may unpack to.
const MOST_BYTES: u64 = 1 << 33;

/// Writes columns of any lengths into an `.npz` file.
pub fn write_columns(path: impl AsRef<Path>, columns: &[Column]) -> Result<(), WriteError> {
    write_atomically(path.as_ref(), |file| {
        // Written by way of memory: a zip archive seeks, and the file does not.
        let mut archive = ZipWriter::new(io::Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default());
        for column in columns {
            archive
                .start_file(format!("{}.npy", column.name), options)
                .map_err(io::Error::other)?;
            let bytes = array(&column.values)?;
            archive.write_all(&bytes)?;
        }
        let bytes = archive.finish().map_err(io::Error::other)?.into_inner();
        file.write_all(&bytes)?;
        Ok(())
    })
}

fn array(values: &Values) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match values {
        Values::Integers(values) => {
            npy::write_vector_header(&mut bytes, "<i8", values.len())?;
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        Values::Unsigned(values) => {
            npy::write_vector_header(&mut bytes, "<u8", values.len())?;
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        Values::Reals(values) => {
            npy::write_vector_header(&mut bytes, "<f8", values.len())?;
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        Values::Texts(values) => {
            let longest = values.iter().map(|text| text.chars().count()).max();
            let longest = longest.unwrap_or(0).max(1);
            npy::write_vector_header(&mut bytes, &format!("<U{longest}"), values.len())?;
            for text in values {
                let characters = text.chars().map(u32::from);
                let padded = characters.chain(std::iter::repeat(0)).take(longest);
                bytes.extend(padded.flat_map(u32::to_le_bytes));
            }
        }
    }
    Ok(bytes)
}

/// The columns of an `.npz` file that [`write_columns`] wrote, in their order.
pub fn read_columns(path: impl AsRef<Path>) -> Result<Vec<Column>, ReadError> {
    let bytes = Bytes::open(path.as_ref())?;
    let mut archive = ZipArchive::new(bytes.cursor())?;
    let mut columns = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let member = archive.by_index(index)?;
        let name = member.name()?.into_owned();
        let mut unpacked = Vec::new();
        // Grows with what is there, not with what is claimed.
        let most = MOST_BYTES + 1;
        if member.take(most).read_to_end(&mut unpacked)? as u64 == most {
            return Err(malformed(format!(
                "{name} unpacks to more than {MOST_BYTES} bytes"
            )));
        }
        let values = values(&unpacked)?;
        let name = name.strip_suffix(".npy").unwrap_or(&name).to_owned();
        columns.push(Column { name, values });
    }
    Ok(columns)
}

fn values(bytes: &[u8]) -> Result<Values, ReadError> {
    let header = npy::header(bytes)?;
    let [rows] = header.shape[..] else {
        return Err(malformed(format!("shape {:?} is no column", header.shape)));
    };
    let body = &bytes[header.start..];
    let width = |width: usize| {
        let expected = (width as u128) * u128::from(rows);
        if expected == body.len() as u128 {
            Ok(())
        } else {
            let found = body.len();
            Err(malformed(format!(
                "{rows} values of {width} bytes, {found} bytes there"
            )))
        }
    };
    match header.descr {
        "<i8" => {
            width(8)?;
            let (words, _) = body.as_chunks();
            let words = words.iter().map(|&word| i64::from_le_bytes(word));
            Ok(Values::Integers(collected(words)?))
        }
        "<u8" => {
            width(8)?;
            let (words, _) = body.as_chunks();
            Ok(Values::Unsigned(
                words.iter().map(|&word| u64::from_le_bytes(word)).collect(),
            ))
        }
        "<f8" => {
            width(8)?;
            let (words, _) = body.as_chunks();
            let words = words.iter().map(|&word| f64::from_le_bytes(word));
            Ok(Values::Reals(collected(words)?))
        }
        descr => {
            let longest = descr
                .strip_prefix("<U")
                .and_then(|digits| digits.parse().ok());
            let unsupported = || ReadError::UnsupportedType {
                descr: descr.to_owned(),
            };
            let longest: usize = longest
                .filter(|&longest| longest > 0)
                .ok_or_else(unsupported)?;
            width(longest.checked_mul(4).ok_or_else(unsupported)?)?;
            let mut texts = list_of_texts(body.len() / (4 * longest), body.len() as u64)?;
            for text in body.chunks_exact(4 * longest) {
                let text = npy::text_of_utf32(text);
                texts.push(text.ok_or_else(|| malformed("a text that is no Unicode".to_owned()))?);
            }
            Ok(Values::Texts(texts))
        }
    }
}
