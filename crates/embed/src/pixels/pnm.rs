//! PBM, PGM and PPM (netpbm P1 to P6), as Pillow decodes them.
//!
//! | magic | pixels | samples |
//! |---|---|---|
//! | P1, P4 | bits, 1 is black | text, packed |
//! | P2, P5 | gray | text, 1 or 2 bytes |
//! | P3, P6 | RGB | text, 1 or 2 bytes |
//!
//! Samples of another maximum than 255 are scaled and rounded half to even, as Python's `round`
//! does; gray above 8 bits is scaled to 16 bits and cut off at 255, as Pillow's mode `I` is. Source:
//! Pillow, PpmImagePlugin.py. (The `image` crate rounds otherwise.) Does not: PAM (P7), PFM.

use super::convert::gray_16;
use super::decoded::Decoded;
use super::error::{DecodeError, PnmError};
use super::limit::{self, PixelLimit};
use super::picture::Picture;

/// Digits of one number in a header, as many as Pillow reads.
const LONGEST_NUMBER: usize = 10;

/// What each pixel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bits,
    Gray,
    Rgb,
}

/// How samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Text,
    Binary,
}

/// Whether the bytes begin as a netpbm file that is read.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    kind(bytes).is_some()
}

fn kind(bytes: &[u8]) -> Option<(Kind, Coding)> {
    let (&[b'P', digit, space], _) = bytes.split_first_chunk()? else {
        return None;
    };
    if !space.is_ascii_whitespace() && space != b'#' {
        return None;
    }
    match digit {
        b'1' => Some((Kind::Bits, Coding::Text)),
        b'2' => Some((Kind::Gray, Coding::Text)),
        b'3' => Some((Kind::Rgb, Coding::Text)),
        b'4' => Some((Kind::Bits, Coding::Binary)),
        b'5' => Some((Kind::Gray, Coding::Binary)),
        b'6' => Some((Kind::Rgb, Coding::Binary)),
        _ => None,
    }
}

/// Decodes a whole file.
pub(super) fn decode(bytes: &[u8], limit: &PixelLimit<'_>) -> Result<Decoded, DecodeError> {
    let (kind, coding) = kind(bytes).ok_or(PnmError::Truncated)?;
    let mut text = Text { bytes, position: 2 };
    let (width, height) = (text.number()?, text.number()?);
    limit.admit(width.into(), height.into())?;
    let (width, height) = (width as usize, height as usize);
    let maximum = match kind {
        Kind::Bits => 1,
        Kind::Gray | Kind::Rgb => text.number()?,
    };
    if maximum == 0 || maximum > 65_535 {
        return Err(damaged("a maximum that is not in 1..=65535").into());
    }
    let scale = Scale::new(kind, maximum);
    let mut rgb = limit::reserved(width * height * 3)?;
    let samples = width * height * if kind == Kind::Rgb { 3 } else { 1 };
    let mut push = |value: u8| match kind {
        Kind::Rgb => rgb.push(value),
        Kind::Bits | Kind::Gray => rgb.extend([value; 3]),
    };
    match (kind, coding) {
        (Kind::Bits, Coding::Text) => {
            for _ in 0..samples {
                push(if text.bit()? { 0 } else { 255 });
            }
        }
        (Kind::Bits, Coding::Binary) => {
            let rows = text.rest(width.div_ceil(8) * height)?;
            for row in rows.chunks_exact(width.div_ceil(8).max(1)) {
                for column in 0..width {
                    let is_black = row[column / 8] << (column % 8) & 0x80 != 0;
                    push(if is_black { 0 } else { 255 });
                }
            }
        }
        (_, Coding::Text) => {
            for _ in 0..samples {
                let sample = text.number()?;
                if sample > maximum {
                    return Err(damaged("a sample above the maximum").into());
                }
                push(scale.of(sample));
            }
        }
        (_, Coding::Binary) if maximum < 256 => {
            for &sample in text.rest(samples)? {
                push(scale.of(sample.into()));
            }
        }
        (_, Coding::Binary) => {
            for &sample in text.rest(2 * samples)?.as_chunks().0 {
                push(scale.of(u16::from_be_bytes(sample).into()));
            }
        }
    }
    Ok(Decoded {
        picture: Picture::new(width, height, rgb)?,
        turn: None,
    })
}

/// What a sample becomes.
struct Scale {
    maximum: u32,
    /// What the maximum becomes, before gray of 16 bits is cut off.
    full: u32,
}

impl Scale {
    fn new(kind: Kind, maximum: u32) -> Self {
        let full = if kind == Kind::Gray && maximum > 255 {
            65_535
        } else {
            255
        };
        Self { maximum, full }
    }

    fn of(&self, sample: u32) -> u8 {
        let scaled = f64::from(sample) / f64::from(self.maximum) * f64::from(self.full);
        let scaled = scaled.round_ties_even().min(f64::from(self.full));
        gray_16(scaled as u16)
    }
}

/// The header, and samples that are written out as text.
struct Text<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Text<'a> {
    fn byte(&mut self) -> Result<u8, PnmError> {
        let byte = self.bytes.get(self.position).ok_or(PnmError::Truncated)?;
        self.position += 1;
        Ok(*byte)
    }

    /// The next byte outside of comments, which run from `#` to the end of the line.
    fn uncommented(&mut self) -> Result<u8, PnmError> {
        let byte = self.byte()?;
        if byte != b'#' {
            return Ok(byte);
        }
        while !matches!(self.byte()?, b'\n' | b'\r') {}
        Ok(b' ')
    }

    /// The next number, and the one byte of white space after it.
    fn number(&mut self) -> Result<u32, PnmError> {
        let mut byte = self.uncommented()?;
        while byte.is_ascii_whitespace() {
            byte = self.uncommented()?;
        }
        let (mut number, mut digits) = (0u64, 0);
        loop {
            if !byte.is_ascii_digit() || digits == LONGEST_NUMBER {
                return Err(damaged("no number where one is due"));
            }
            number = number * 10 + u64::from(byte - b'0');
            digits += 1;
            byte = match self.uncommented() {
                // The last sample may be the last byte.
                Err(PnmError::Truncated) => b' ',
                other => other?,
            };
            if byte.is_ascii_whitespace() {
                return number
                    .try_into()
                    .map_err(|_| damaged("a number above 32 bits"));
            }
        }
    }

    fn bit(&mut self) -> Result<bool, PnmError> {
        loop {
            match self.uncommented()? {
                b'0' => return Ok(false),
                b'1' => return Ok(true),
                space if space.is_ascii_whitespace() => {}
                _ => return Err(damaged("a bit that is neither 0 nor 1")),
            }
        }
    }

    /// The binary samples.
    fn rest(&self, length: usize) -> Result<&'a [u8], PnmError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        rest.get(..length).ok_or(PnmError::Truncated)
    }
}

fn damaged(problem: &'static str) -> PnmError {
    PnmError::Damaged { problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::MAX_PIXELS;

    fn values(bytes: &[u8]) -> Vec<u8> {
        let decoded = decode(bytes, &PixelLimit::new(MAX_PIXELS, None)).unwrap();
        decoded.picture.values().to_vec()
    }

    #[test]
    fn halves_round_to_even_as_pythons_do() {
        // round(3 / 10 * 255) = round(76.5) = 76; round(1 / 10 * 255) = round(25.5) = 26.
        assert_eq!(values(b"P6 1 1 10\n\x03\x01\x0a"), [76, 26, 255]);
        assert_eq!(values(b"P3 1 1 10 3 1 10"), [76, 26, 255]);
    }

    #[test]
    fn gray_of_16_bits_is_cut_off_and_bits_are_black() {
        assert_eq!(
            values(b"P5 2 1 65535\n\0\x07\x01\0"),
            [7, 7, 7, 255, 255, 255]
        );
        assert_eq!(values(b"P4 2 1\n\x40"), [255, 255, 255, 0, 0, 0]);
        assert_eq!(values(b"P1 2 1\n01"), [255, 255, 255, 0, 0, 0]);
    }

    #[test]
    fn comments_are_skipped_and_sizes_are_bounded() {
        assert_eq!(values(b"P5#a\n1 # b\n 1\n255 \x09"), [9, 9, 9]);
        assert!(matches!(
            decode(b"P5 65535 65535 255\n", &PixelLimit::new(MAX_PIXELS, None)),
            Err(DecodeError::TooManyPixels(_))
        ));
        for wrong in [
            "P5 1 1",
            "P5 1 x 255\n",
            "P5 1 1 0\n",
            "P5 0 1 255\n",
            "P5 1 1 99999999999\n",
            "P2 1 1 7 8",
        ] {
            assert!(
                decode(wrong.as_bytes(), &PixelLimit::new(MAX_PIXELS, None)).is_err(),
                "{wrong}"
            );
        }
    }
}
