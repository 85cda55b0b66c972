//! `.npy`: NumPy's own format, versions 1.0, 2.0 and 3.0.
//!
//! signature · version · length of the header (16 bits in version 1, 32 after) · a Python
//! dictionary · the numbers
//!
//! The dictionary has three keys, `descr`, `fortran_order` and `shape`; this reads the literals
//! that NumPy writes for them and refuses everything else. Reference: NEP 1. Does not: read
//! structured, complex, string or object arrays.

use std::io::{self, Write};

use super::element::{ByteOrder, Element};
use super::error::ReadError;
use super::format::NPY_SIGNATURE as SIGNATURE;
use super::layout::{Arrangement, Claim, MatrixShape};

/// No header of a plain array comes near this; NumPy itself stops at 10,000.
const LONGEST_HEADER: usize = 1 << 16;
/// Bytes that surely hold the whole of an acceptable header.
pub(super) const HEAD_BYTES: usize = LONGEST_HEADER + 12;

/// What the header says of a matrix; `bytes` need hold no more than the header.
pub(super) fn claim(bytes: &[u8]) -> Result<Claim, ReadError> {
    let header = header(bytes)?;
    let (byte_order, element) = number_type(header.descr)?;
    let MatrixShape {
        rows,
        columns,
        singleton_axes,
    } = MatrixShape::of(&header.shape)?;
    let arrangement = if header.fortran_order {
        Arrangement::Columns
    } else {
        Arrangement::Rows
    };
    Ok(Claim {
        element,
        byte_order,
        arrangement,
        rows,
        columns,
        singleton_axes,
        start: header.start,
    })
}

/// What a header says of an array of any type and shape.
pub(super) struct Header<'h> {
    /// NumPy's name of the type.
    pub(super) descr: &'h str,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<u64>,
    /// Where the values start.
    pub(super) start: usize,
}

/// Reads the header; `bytes` need hold no more than it.
pub(super) fn header(bytes: &[u8]) -> Result<Header<'_>, ReadError> {
    let (dictionary, start) = dictionary(bytes)?;
    let mut text = Literal(dictionary);
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    text.expect("{")?;
    while !text.skip("}") {
        let key = text.string()?;
        text.expect(":")?;
        match key {
            "descr" if text.starts_with("[") => {
                return Err(ReadError::UnsupportedType {
                    descr: "structured".to_owned(),
                });
            }
            "descr" => descr = Some(text.string()?),
            "fortran_order" => fortran_order = Some(text.boolean()?),
            "shape" => shape = Some(text.tuple()?),
            other => return Err(malformed(format!("unknown key {other:?}"))),
        }
        text.skip(",");
    }
    let (Some(descr), Some(fortran_order), Some(shape)) = (descr, fortran_order, shape) else {
        return Err(malformed("descr, fortran_order or shape is missing"));
    };
    Ok(Header {
        descr,
        fortran_order,
        shape,
        start,
    })
}

/// The text of a `<U` value, without the zeros that fill it up; `None` where it is no Unicode.
pub(super) fn text_of_utf32(bytes: &[u8]) -> Option<String> {
    let (characters, _) = bytes.as_chunks();
    let characters = characters.iter().map(|&word| u32::from_le_bytes(word));
    let text: Option<String> = characters.map(char::from_u32).collect();
    text.map(|text| text.trim_end_matches('\0').to_owned())
}

/// The dictionary's text, and where the numbers start.
fn dictionary(bytes: &[u8]) -> Result<(&str, usize), ReadError> {
    let short = || malformed(format!("it ends after {} bytes", bytes.len()));
    let after_signature = bytes
        .strip_prefix(SIGNATURE)
        .ok_or_else(|| malformed("no signature"))?;
    let (length, length_end) = match after_signature {
        [1, _, low, high, ..] => (
            usize::from(u16::from_le_bytes([*low, *high])),
            SIGNATURE.len() + 4,
        ),
        [2 | 3, _, a, b, c, d, ..] => (
            u32::from_le_bytes([*a, *b, *c, *d]) as usize,
            SIGNATURE.len() + 6,
        ),
        [] | [1..=3, ..] => return Err(short()),
        [version, ..] => return Err(malformed(format!("version {version} is not known"))),
    };
    if length > LONGEST_HEADER {
        return Err(malformed(format!(
            "it claims {length} bytes, more than {LONGEST_HEADER}"
        )));
    }
    let start = length_end + length;
    let text = bytes.get(length_end..start).ok_or_else(short)?;
    Ok((
        std::str::from_utf8(text).map_err(|_| malformed("it is not text"))?,
        start,
    ))
}

/// `<f4` and its like.
fn number_type(descr: &str) -> Result<(ByteOrder, Element), ReadError> {
    let unsupported = || ReadError::UnsupportedType {
        descr: descr.to_owned(),
    };
    let (byte_order, code) = match descr.split_at_checked(1).ok_or_else(unsupported)? {
        // NumPy writes the order out; `=` would mean that of the machine that wrote, nowadays
        // little.
        ("<" | "|" | "=", code) => (ByteOrder::Little, code),
        (">", code) => (ByteOrder::Big, code),
        _ => (ByteOrder::Little, descr),
    };
    Ok((
        byte_order,
        Element::from_numpy(code).ok_or_else(unsupported)?,
    ))
}

fn malformed(problem: impl Into<String>) -> ReadError {
    ReadError::Header {
        problem: problem.into(),
    }
}

/// What is left of a Python literal.
struct Literal<'a>(&'a str);

impl<'a> Literal<'a> {
    fn starts_with(&mut self, token: &str) -> bool {
        self.0 = self.0.trim_start();
        self.0.starts_with(token)
    }

    fn skip(&mut self, token: &str) -> bool {
        let found = self.starts_with(token);
        if found {
            self.0 = &self.0[token.len()..];
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), ReadError> {
        if self.skip(token) {
            Ok(())
        } else {
            Err(self.unexpected(token))
        }
    }

    fn unexpected(&self, wanted: &str) -> ReadError {
        let found: String = self.0.chars().take(20).collect();
        malformed(format!("{wanted} expected, {found:?} found"))
    }

    fn string(&mut self) -> Result<&'a str, ReadError> {
        let quote = if self.starts_with("\"") { '"' } else { '\'' };
        let Some((content, rest)) = self
            .0
            .strip_prefix(quote)
            .and_then(|text| text.split_once(quote))
        else {
            return Err(self.unexpected("a string"));
        };
        self.0 = rest;
        Ok(content)
    }

    fn boolean(&mut self) -> Result<bool, ReadError> {
        if self.skip("True") {
            Ok(true)
        } else if self.skip("False") {
            Ok(false)
        } else {
            Err(self.unexpected("True or False"))
        }
    }

    fn tuple(&mut self) -> Result<Vec<u64>, ReadError> {
        let mut numbers = Vec::new();
        self.expect("(")?;
        while !self.skip(")") {
            numbers.push(self.number()?);
            // Python 2 wrote long integers with an L.
            self.skip("L");
            if !self.skip(",") && !self.starts_with(")") {
                return Err(self.unexpected(") or ,"));
            }
        }
        Ok(numbers)
    }

    fn number(&mut self) -> Result<u64, ReadError> {
        self.0 = self.0.trim_start();
        let end = self
            .0
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(self.0.len());
        let number = self.0[..end]
            .parse()
            .map_err(|_| self.unexpected("a number of 64 bits"))?;
        self.0 = &self.0[end..];
        Ok(number)
    }
}

/// Writes a version 1.0 header for a matrix in C order, padded so that the numbers start at a
/// multiple of 64.
pub(super) fn write_header(
    writer: &mut impl Write,
    descr: &str,
    rows: usize,
    columns: usize,
) -> io::Result<()> {
    write_header_of(writer, descr, &format!("({rows}, {columns})"))
}

/// The same for an array of one axis.
pub(super) fn write_vector_header(
    writer: &mut impl Write,
    descr: &str,
    length: usize,
) -> io::Result<()> {
    write_header_of(writer, descr, &format!("({length},)"))
}

fn write_header_of(writer: &mut impl Write, descr: &str, shape: &str) -> io::Result<()> {
    const ALIGNMENT: usize = 64;
    const BEFORE: usize = SIGNATURE.len() + 4;
    let dictionary = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let length = (BEFORE + dictionary.len() + 1).next_multiple_of(ALIGNMENT) - BEFORE;
    writer.write_all(SIGNATURE)?;
    writer.write_all(&[1, 0])?;
    writer.write_all(&(length as u16).to_le_bytes())?;
    writeln!(writer, "{dictionary:<width$}", width = length - 1)
}
