//! Scans: from bits to samples, or to coefficients that later scans make more exact.
//!
//! Sequential: each block is decoded once and transformed at once; only samples are kept.
//! Progressive: coefficients are kept, 2 bytes each, and transformed after the last scan.
//!
//! Source: ITU-T T.81, F.2 and G.2.

use super::JpegError;
use super::bits::Bits;
use super::error::damaged;
use super::huffman::Huffman;
use super::idct::{self, Block};
use super::markers::{Frame, Tables, natural};

/// How blocks are spread over scans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    Sequential,
    Progressive,
}

/// One component of the frame.
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks per unit, across and down.
    sampling: (usize, usize),
    /// Pixels per sample, across and down.
    pub(super) spacing: (usize, usize),
    table: usize,
    /// Samples that count, without what fills up the last block.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Blocks kept, across and down, filled up to whole units.
    blocks: (usize, usize),
    /// Kept at the first scan.
    quantizers: Option<[u16; 64]>,
    coefficients: Vec<Block>,
    /// Rows of `stride()` samples.
    pub(super) samples: Vec<u8>,
}

impl Component {
    pub(super) fn new(
        id: u8,
        sampling: (usize, usize),
        largest: (usize, usize),
        table: usize,
        (width, height): (usize, usize),
        process: Process,
    ) -> Self {
        let units = (width.div_ceil(8 * largest.0), height.div_ceil(8 * largest.1));
        let blocks = (units.0 * sampling.0, units.1 * sampling.1);
        let count = blocks.0 * blocks.1;
        let (coefficients, samples) = match process {
            Process::Sequential => (Vec::new(), vec![0; 64 * count]),
            Process::Progressive => (vec![[0; 64]; count], Vec::new()),
        };
        Self {
            id,
            sampling,
            spacing: (largest.0 / sampling.0, largest.1 / sampling.1),
            table,
            width: (width * sampling.0).div_ceil(largest.0),
            height: (height * sampling.1).div_ceil(largest.1),
            blocks,
            quantizers: None,
            coefficients,
            samples,
        }
    }

    /// Samples from one row to the next.
    pub(super) fn stride(&self) -> usize {
        8 * self.blocks.0
    }

    /// Whether any scan had it.
    pub(super) fn is_scanned(&self) -> bool {
        self.quantizers.is_some()
    }

    /// Transforms what progressive scans have gathered.
    pub(super) fn finish(&mut self) {
        let coefficients = std::mem::take(&mut self.coefficients);
        if let (Some(quantizers), false) = (self.quantizers, coefficients.is_empty()) {
            self.samples = vec![0; 64 * coefficients.len()];
            for (index, block) in coefficients.iter().enumerate() {
                self.store(index, &idct::samples(block, &quantizers));
            }
        }
    }

    fn store(&mut self, block: usize, samples: &[u8; 64]) {
        let stride = self.stride();
        let (row, column) = (block / self.blocks.0, block % self.blocks.0);
        for (line, samples) in samples.as_chunks::<8>().0.iter().enumerate() {
            self.samples[(8 * row + line) * stride + 8 * column..][..8].copy_from_slice(samples);
        }
    }
}

/// What a scan carries of each block.
#[derive(Clone, Copy)]
struct Band {
    first: usize,
    last: usize,
    /// The bit that earlier scans left off at; 0 if this is the first.
    high: u32,
    /// The lowest bit of this scan.
    low: u32,
}

/// A component within a scan.
struct Part<'a> {
    component: usize,
    direct: Option<&'a Huffman>,
    alternating: Option<&'a Huffman>,
    /// The component's last direct coefficient.
    predicted: i32,
}

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
        (component.blocks.0 / component.sampling.0, component.blocks.1 / component.sampling.1)
    };
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
                let place = (row * down + inner / across, column * across + inner % across);
                let index = place.0 * component.blocks.0 + place.1;
                match frame.process {
                    Process::Sequential => {
                        let mut block = [0; 64];
                        part.whole(&mut bits, &mut block)?;
                        let quantizers = component.quantizers.ok_or(damaged("no quantizers"))?;
                        component.store(index, &idct::samples(&block, &quantizers));
                    }
                    Process::Progressive => {
                        part.refine(&mut bits, &mut component.coefficients[index], band, &mut runs)?;
                    }
                }
            }
        }
    }
    Ok(bits.position())
}

fn read_header<'a>(header: &[u8], frame: &mut Frame, tables: &'a Tables) -> Result<(Vec<Part<'a>>, Band), JpegError> {
    let (&count, rest) = header.split_first().ok_or(JpegError::Truncated)?;
    let (selectors, rest) = rest.split_at_checked(2 * usize::from(count)).ok_or(JpegError::Truncated)?;
    let &[first, last, approximation, ..] = rest else { return Err(JpegError::Truncated) };
    let (high, low) = (u32::from(approximation >> 4), u32::from(approximation & 15));
    let band = Band { first: first.into(), last: last.into(), high, low };
    let progressive = frame.process == Process::Progressive;
    let sound = first <= last && last < 64 && low <= 13 && (first > 0 || last == 0) && (first == 0 || count == 1);
    if count == 0 || (progressive && !sound) {
        return Err(damaged("a scan header out of range"));
    }
    let mut parts: Vec<Part<'a>> = Vec::new();
    for &[id, numbers] in selectors.as_chunks::<2>().0 {
        let component = frame.components.iter().position(|component| component.id == id);
        let component = component.ok_or(damaged("a scan of an unknown component"))?;
        if parts.iter().any(|part| part.component == component) {
            return Err(damaged("a component twice in one scan"));
        }
        let known = &mut frame.components[component];
        if known.quantizers.is_none() {
            known.quantizers = Some(tables.quantizers[known.table].ok_or(damaged("no quantizers"))?);
        }
        let table =
            |tables: &'a [Option<Huffman>; 4], number: u8| tables.get(usize::from(number)).and_then(Option::as_ref);
        let direct = table(&tables.direct, numbers >> 4);
        let alternating = table(&tables.alternating, numbers & 15);
        parts.push(Part { component, direct, alternating, predicted: 0 });
    }
    Ok((parts, band))
}

impl Part<'_> {
    fn direct(&mut self, bits: &mut Bits<'_>) -> Result<i32, JpegError> {
        let table = self.direct.ok_or(damaged("no table of codes"))?;
        let length = u32::from(table.symbol(bits)?);
        if length > 15 {
            return Err(damaged("a difference of more than 15 bits"));
        }
        self.predicted = self.predicted.wrapping_add(bits.signed(length)?);
        Ok(self.predicted)
    }

    /// All of a block at once.
    fn whole(&mut self, bits: &mut Bits<'_>, block: &mut Block) -> Result<(), JpegError> {
        block[0] = self.direct(bits)? as i16;
        let table = self.alternating.ok_or(damaged("no table of codes"))?;
        let mut index = 1;
        while index < 64 {
            let symbol = table.symbol(bits)?;
            let (zeros, length) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            match (zeros, length) {
                (15, 0) => index += 16,
                (_, 0) => break,
                _ => {
                    index += zeros;
                    if index > 63 {
                        return Err(damaged("a block of more than 64 coefficients"));
                    }
                    block[natural(index)] = bits.signed(length)? as i16;
                    index += 1;
                }
            }
        }
        Ok(())
    }

    /// What one progressive scan adds to a block; `runs` blocks more end here.
    fn refine(&mut self, bits: &mut Bits<'_>, block: &mut Block, band: Band, runs: &mut u32) -> Result<(), JpegError> {
        match (band.first, band.high) {
            (0, 0) => block[0] = self.direct(bits)?.wrapping_shl(band.low) as i16,
            (0, _) => block[0] |= i16::from(bits.bit()?) << band.low,
            (_, 0) => return self.first_pass(bits, block, band, runs),
            _ => return self.later_pass(bits, block, band, runs),
        }
        Ok(())
    }

    fn first_pass(&self, bits: &mut Bits<'_>, block: &mut Block, band: Band, runs: &mut u32) -> Result<(), JpegError> {
        if *runs > 0 {
            *runs -= 1;
            return Ok(());
        }
        let table = self.alternating.ok_or(damaged("no table of codes"))?;
        let mut index = band.first;
        while index <= band.last {
            let symbol = table.symbol(bits)?;
            let (zeros, length) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if length > 0 {
                index += zeros as usize;
                if index > band.last {
                    return Err(damaged("a coefficient beyond its scan"));
                }
                block[natural(index)] = bits.signed(length)?.wrapping_shl(band.low) as i16;
                index += 1;
            } else if zeros == 15 {
                index += 16;
            } else {
                *runs = (1 << zeros) - 1 + bits.take(zeros)?;
                break;
            }
        }
        Ok(())
    }

    /// One bit more of each coefficient that is known, and new ones in between.
    fn later_pass(&self, bits: &mut Bits<'_>, block: &mut Block, band: Band, runs: &mut u32) -> Result<(), JpegError> {
        let table = self.alternating.ok_or(damaged("no table of codes"))?;
        let step = 1i16 << band.low;
        let mut index = band.first;
        while *runs == 0 && index <= band.last {
            let symbol = table.symbol(bits)?;
            let (mut zeros, length) = (u32::from(symbol >> 4), symbol & 15);
            let new = match length {
                0 if zeros == 15 => 0,
                0 => {
                    *runs = (1 << zeros) + bits.take(zeros)?;
                    break;
                }
                1 if bits.bit()? => step,
                1 => -step,
                _ => return Err(damaged("a new coefficient of more than one bit")),
            };
            while index <= band.last {
                let coefficient = &mut block[natural(index)];
                index += 1;
                if *coefficient != 0 {
                    correct(bits, coefficient, step)?;
                } else if zeros == 0 {
                    *coefficient = new;
                    break;
                } else {
                    zeros -= 1;
                }
            }
        }
        if *runs > 0 {
            for index in index..=band.last {
                let coefficient = &mut block[natural(index)];
                if *coefficient != 0 {
                    correct(bits, coefficient, step)?;
                }
            }
            *runs -= 1;
        }
        Ok(())
    }
}

fn correct(bits: &mut Bits<'_>, coefficient: &mut i16, step: i16) -> Result<(), JpegError> {
    if bits.bit()? && *coefficient & step == 0 {
        *coefficient = coefficient.wrapping_add(if *coefficient > 0 { step } else { -step });
    }
    Ok(())
}
