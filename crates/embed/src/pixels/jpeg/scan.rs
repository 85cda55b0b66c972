//! Scan decoding: from bits to samples, or to coefficients that later scans refine.
//!
//! Sequential: each block is decoded once and transformed at once; only samples are kept.
//! Progressive: coefficients are kept, 2 bytes each, and transformed after the last scan.
//!
//! Source: ITU-T T.81, E.2 and F.2.

use super::bits::Bits;
use super::coefficients::{Band, Part};
use super::component::Process;
use super::error::{JpegError, damaged};
use super::frame::{Frame, Tables};
use super::huffman::Huffman;
use super::idct;

/// Decodes the scan that starts at `position`; where it ends.
pub(super) fn decode(
    bytes: &[u8],
    position: usize,
    header: &[u8],
    frame: &mut Frame,
    tables: &Tables,
) -> Result<usize, JpegError> {
    let (mut parts, band) = read_header(header, frame, tables)?;
    let mut bits = Bits::new(bytes, position);
    let component = &frame.components[parts[0].component];
    let alone = parts.len() == 1;
    let units = if alone {
        // Alone, a component's units are its blocks that hold pixels.
        (component.width.div_ceil(8), component.height.div_ceil(8))
    } else {
        (
            component.blocks.0 / component.sampling.0,
            component.blocks.1 / component.sampling.1,
        )
    };
    let mut blocks_per_unit = 1;
    if !alone {
        let blocks = |part: &Part| {
            let (across, down) = frame.components[part.component].sampling;
            across * down
        };
        blocks_per_unit = parts.iter().map(blocks).sum();
    }
    frame
        .work
        .add_scan((units.0 * units.1 * blocks_per_unit) as u64)?;
    let mut runs = 0;
    for unit in 0..units.0 * units.1 {
        if tables.restart_interval > 0 && unit > 0 && unit % tables.restart_interval == 0 {
            bits.restart()?;
            runs = 0;
            parts.iter_mut().for_each(|part| part.predicted = 0);
        }
        let (row, column) = (unit / units.0, unit % units.0);
        for part in &mut parts {
            let component = &mut frame.components[part.component];
            let (across, down) = if alone { (1, 1) } else { component.sampling };
            for inner in 0..across * down {
                let place = (
                    row * down + inner / across,
                    column * across + inner % across,
                );
                let index = place.0 * component.blocks.0 + place.1;
                match frame.process {
                    Process::Sequential => {
                        let mut block = [0; 64];
                        part.whole(&mut bits, &mut block)?;
                        let quantizers = component.quantizers.ok_or(damaged("no quantizers"))?;
                        component.store(index, &idct::samples(&block, &quantizers));
                    }
                    Process::Progressive => {
                        part.refine(
                            &mut bits,
                            &mut component.coefficients[index],
                            band,
                            &mut runs,
                        )?;
                    }
                }
            }
        }
    }
    Ok(bits.position())
}

fn read_header<'a>(
    header: &[u8],
    frame: &mut Frame,
    tables: &'a Tables,
) -> Result<(Vec<Part<'a>>, Band), JpegError> {
    let (&count, rest) = header.split_first().ok_or(JpegError::Truncated)?;
    let (selectors, rest) = rest
        .split_at_checked(2 * usize::from(count))
        .ok_or(JpegError::Truncated)?;
    let &[first, last, approximation, ..] = rest else {
        return Err(JpegError::Truncated);
    };
    let (high, low) = (u32::from(approximation >> 4), u32::from(approximation & 15));
    let band = Band {
        first: first.into(),
        last: last.into(),
        high,
        low,
    };
    let progressive = frame.process == Process::Progressive;
    let sound = first <= last
        && last < 64
        && low <= 13
        && (first > 0 || last == 0)
        && (first == 0 || count == 1);
    if count == 0 || (progressive && !sound) {
        return Err(damaged("a scan header out of range"));
    }
    let mut parts: Vec<Part<'a>> = Vec::new();
    for &[id, numbers] in selectors.as_chunks::<2>().0 {
        let component = frame
            .components
            .iter()
            .position(|component| component.id == id);
        let component = component.ok_or(damaged("a scan of an unknown component"))?;
        if parts.iter().any(|part| part.component == component) {
            return Err(damaged("a component twice in one scan"));
        }
        let known = &mut frame.components[component];
        if known.quantizers.is_none() {
            known.quantizers =
                Some(tables.quantizers[known.table].ok_or(damaged("no quantizers"))?);
        }
        let table = |tables: &'a [Option<Huffman>; 4], number: u8| {
            tables.get(usize::from(number)).and_then(Option::as_ref)
        };
        let direct = table(&tables.direct, numbers >> 4);
        let alternating = table(&tables.alternating, numbers & 15);
        parts.push(Part {
            component,
            direct,
            alternating,
            predicted: 0,
        });
    }
    Ok((parts, band))
}
