//! Marker segments: frame, tables, scans, and the metadata for color and orientation.
//!
//! Source: ITU-T T.81, annex B; which colors the components are: libjpeg, jdapimin.c,
//! `default_decompress_parms`.

use super::component::{Component, Process};
use super::error::{JpegError, damaged, unsupported};
use super::frame::{Frame, Tables, Work};
use super::huffman::Huffman;
use super::idct::natural;
use super::scan;
use crate::pixels::limit::PixelLimit;

/// What the components mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colors {
    Gray,
    Rgb,
    YCbCr,
    Cmyk,
    Ycck,
}

/// A file whose scans are all decoded.
pub(super) struct File {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) colors: Colors,
    pub(super) components: Vec<Component>,
    pub(super) exif: Option<Vec<u8>>,
}

#[derive(Default)]
struct Notes {
    jfif: bool,
    adobe_transform: Option<u8>,
    exif: Option<Vec<u8>>,
}

/// Reads all segments and decodes all scans.
pub(super) fn read(bytes: &[u8], limit: &PixelLimit<'_>) -> Result<File, JpegError> {
    let limits = Limits {
        pixels: limit,
        file_bytes: bytes.len(),
    };
    let (mut tables, mut notes, mut frame) = (Tables::default(), Notes::default(), None);
    let mut position = 2;
    loop {
        let Some(marker) = next_marker(bytes, &mut position) else {
            // Baseline files without their end are whole if every component is there.
            return match frame {
                Some(frame) if is_whole(&frame) && frame.process == Process::Sequential => {
                    Ok(finish(frame, notes)?)
                }
                _ => Err(JpegError::Truncated),
            };
        };
        match marker {
            0xd9 => {
                let frame = frame.filter(is_whole).ok_or(JpegError::Truncated)?;
                return finish(frame, notes);
            }
            0xd0..=0xd8 | 0x01 => continue,
            _ => {}
        }
        let segment = segment(bytes, &mut position)?;
        match marker {
            0xc0..=0xc2 if frame.is_some() => return Err(damaged("two frames")),
            0xc0 | 0xc1 => frame = Some(read_frame(segment, Process::Sequential, limits)?),
            0xc2 => frame = Some(read_frame(segment, Process::Progressive, limits)?),
            0xc4 => read_codes(segment, &mut tables)?,
            0xc3 | 0xc5..=0xc7 => return Err(unsupported("lossless or hierarchical coding")),
            0xc9..=0xcf => return Err(unsupported("arithmetic coding")),
            0xdb => read_quantizers(segment, &mut tables)?,
            0xdd => tables.restart_interval = usize::from(u16_at(segment, 0)?),
            0xda => {
                let frame = frame.as_mut().ok_or(damaged("a scan before its frame"))?;
                position = scan::decode(bytes, position, segment, frame, &tables)?;
            }
            0xe0 if segment.starts_with(b"JFIF\0") => notes.jfif = true,
            0xe1 if segment.starts_with(b"Exif\0\0") && notes.exif.is_none() => {
                notes.exif = Some(segment[6..].to_vec());
            }
            0xee if segment.starts_with(b"Adobe") => {
                notes.adobe_transform = segment.get(11).copied();
            }
            _ => {}
        }
    }
}

fn is_whole(frame: &Frame) -> bool {
    frame.components.iter().all(Component::is_scanned)
}

fn finish(frame: Frame, notes: Notes) -> Result<File, JpegError> {
    let ids: Vec<u8> = frame
        .components
        .iter()
        .map(|component| component.id)
        .collect();
    let colors = match (ids.len(), notes.jfif, notes.adobe_transform) {
        (1, ..) => Colors::Gray,
        (3, false, Some(0)) => Colors::Rgb,
        (3, false, None) if ids == *b"RGB" => Colors::Rgb,
        (3, ..) => Colors::YCbCr,
        (4, _, None | Some(0)) => Colors::Cmyk,
        (4, ..) => Colors::Ycck,
        _ => return Err(unsupported("a number of components other than 1, 3 or 4")),
    };
    let Frame {
        width,
        height,
        mut components,
        ..
    } = frame;
    for component in &mut components {
        component.finish()?;
    }
    Ok(File {
        width,
        height,
        colors,
        components,
        exif: notes.exif,
    })
}

/// The byte after the next 0xff that is followed by neither 0xff nor 0.
fn next_marker(bytes: &[u8], position: &mut usize) -> Option<u8> {
    loop {
        let start = *position
            + bytes
                .get(*position..)?
                .iter()
                .position(|&byte| byte == 0xff)?;
        *position = start + 1;
        match bytes.get(*position)? {
            0 | 0xff => {}
            &marker => {
                *position += 1;
                return Some(marker);
            }
        }
    }
}

fn segment<'a>(bytes: &'a [u8], position: &mut usize) -> Result<&'a [u8], JpegError> {
    let rest = bytes.get(*position..).ok_or(JpegError::Truncated)?;
    let length = usize::from(u16_at(rest, 0)?);
    *position += length;
    rest.get(2..length).ok_or(JpegError::Truncated)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, JpegError> {
    match bytes.get(at..at + 2) {
        Some(&[high, low]) => Ok(u16::from_be_bytes([high, low])),
        _ => Err(JpegError::Truncated),
    }
}

/// What a frame's header may claim.
#[derive(Clone, Copy)]
struct Limits<'l, 'm> {
    pixels: &'l PixelLimit<'m>,
    /// Length of the whole file.
    file_bytes: usize,
}

fn read_frame(
    segment: &[u8],
    process: Process,
    limits: Limits<'_, '_>,
) -> Result<Frame, JpegError> {
    let &[precision, _, _, _, _, count, ref rest @ ..] = segment else {
        return Err(JpegError::Truncated);
    };
    if precision != 8 {
        return Err(unsupported("samples of other than 8 bits"));
    }
    let (height, width) = (
        usize::from(u16_at(segment, 1)?),
        usize::from(u16_at(segment, 3)?),
    );
    if width == 0 || height == 0 {
        return Err(unsupported("a size that is said after the scan"));
    }
    if !matches!(count, 1 | 3 | 4) {
        return Err(unsupported("a number of components other than 1, 3 or 4"));
    }
    limits.pixels.admit(width as u64, height as u64)?;
    // The direct coefficient of a block takes one bit at least.
    if width.div_ceil(8) * height.div_ceil(8) > limits.file_bytes.saturating_mul(8) {
        return Err(JpegError::Truncated);
    }
    let parts = rest
        .as_chunks::<3>()
        .0
        .get(..usize::from(count))
        .ok_or(JpegError::Truncated)?;
    let across = parts.iter().map(|part| part[1] >> 4).max().unwrap_or(0);
    let down = parts.iter().map(|part| part[1] & 15).max().unwrap_or(0);
    let largest = (usize::from(across), usize::from(down));
    let component = |&[id, sampling, table]: &[u8; 3]| {
        let sampling = (usize::from(sampling >> 4), usize::from(sampling & 15));
        let known = (1..=4).contains(&sampling.0) && (1..=4).contains(&sampling.1) && table < 4;
        if !known {
            return Err(damaged("sampling factors or table out of range"));
        }
        if largest.0 % sampling.0 != 0 || largest.1 % sampling.1 != 0 {
            return Err(unsupported("fractional sampling"));
        }
        let place = (width, height);
        Component::new(id, sampling, largest, table.into(), place, process)
    };
    let components = parts.iter().map(component).collect::<Result<Vec<_>, _>>()?;
    let work = Work::new(&components, limits.file_bytes);
    Ok(Frame {
        width,
        height,
        process,
        components,
        work,
    })
}

fn read_codes(mut segment: &[u8], tables: &mut Tables) -> Result<(), JpegError> {
    while let Some((&kind, rest)) = segment.split_first() {
        let (lengths, rest) = rest.split_first_chunk::<16>().ok_or(JpegError::Truncated)?;
        let count = lengths.iter().map(|&length| usize::from(length)).sum();
        let (symbols, rest) = rest.split_at_checked(count).ok_or(JpegError::Truncated)?;
        let table = Some(Huffman::new(lengths, symbols)?);
        match (kind >> 4, kind & 15) {
            (0, number @ 0..=3) => tables.direct[usize::from(number)] = table,
            (1, number @ 0..=3) => tables.alternating[usize::from(number)] = table,
            _ => return Err(damaged("a table of codes with an unknown number")),
        }
        segment = rest;
    }
    Ok(())
}

fn read_quantizers(mut segment: &[u8], tables: &mut Tables) -> Result<(), JpegError> {
    while let Some((&kind, rest)) = segment.split_first() {
        let bytes = match kind >> 4 {
            0 => 1,
            1 => 2,
            _ => return Err(damaged("quantizers of unknown width")),
        };
        let (values, rest) = rest
            .split_at_checked(64 * bytes)
            .ok_or(JpegError::Truncated)?;
        let mut quantizers = [0; 64];
        for (index, value) in values.chunks_exact(bytes).enumerate() {
            quantizers[natural(index)] = value
                .iter()
                .fold(0, |value, &byte| value << 8 | u16::from(byte));
        }
        *tables
            .quantizers
            .get_mut(usize::from(kind & 15))
            .ok_or(damaged("a fifth table of quantizers"))? = Some(quantizers);
        segment = rest;
    }
    Ok(())
}
