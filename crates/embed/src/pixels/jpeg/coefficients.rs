//! Entropy decoding of DCT coefficients: a block at once (sequential), or a band and a bit at a time
//! (progressive).
//!
//! Source: ITU-T T.81, F.2.2 (sequential), G.1.2 and G.2 (progressive).

use super::bits::Bits;
use super::error::{JpegError, damaged};
use super::huffman::Huffman;
use super::idct::{Block, natural};

/// What a scan carries of each block.
#[derive(Clone, Copy)]
pub(super) struct Band {
    pub(super) first: usize,
    pub(super) last: usize,
    /// The bit that earlier scans left off at; 0 if this is the first.
    pub(super) high: u32,
    /// The lowest bit of this scan.
    pub(super) low: u32,
}

/// A component within a scan.
pub(super) struct Part<'a> {
    pub(super) component: usize,
    pub(super) direct: Option<&'a Huffman>,
    pub(super) alternating: Option<&'a Huffman>,
    /// The component's last direct coefficient.
    pub(super) predicted: i32,
}

impl Part<'_> {
    fn next_direct(&mut self, bits: &mut Bits<'_>) -> Result<i32, JpegError> {
        let table = self.direct.ok_or(damaged("no table of codes"))?;
        let length = u32::from(table.symbol(bits)?);
        if length > 15 {
            return Err(damaged("a difference of more than 15 bits"));
        }
        self.predicted = self.predicted.wrapping_add(bits.signed(length)?);
        Ok(self.predicted)
    }

    /// All of a block at once.
    pub(super) fn whole(
        &mut self,
        bits: &mut Bits<'_>,
        block: &mut Block,
    ) -> Result<(), JpegError> {
        block[0] = self.next_direct(bits)? as i16;
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
    pub(super) fn refine(
        &mut self,
        bits: &mut Bits<'_>,
        block: &mut Block,
        band: Band,
        runs: &mut u32,
    ) -> Result<(), JpegError> {
        match (band.first, band.high) {
            (0, 0) => block[0] = self.next_direct(bits)?.wrapping_shl(band.low) as i16,
            (0, _) => block[0] |= i16::from(bits.bit()?) << band.low,
            (_, 0) => return self.first_pass(bits, block, band, runs),
            _ => return self.later_pass(bits, block, band, runs),
        }
        Ok(())
    }

    fn first_pass(
        &self,
        bits: &mut Bits<'_>,
        block: &mut Block,
        band: Band,
        runs: &mut u32,
    ) -> Result<(), JpegError> {
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
    fn later_pass(
        &self,
        bits: &mut Bits<'_>,
        block: &mut Block,
        band: Band,
        runs: &mut u32,
    ) -> Result<(), JpegError> {
        // Within a run, a block that is zero so far stays so and reads no bit.
        if *runs > 0 && block.iter().all(|&coefficient| coefficient == 0) {
            *runs -= 1;
            return Ok(());
        }
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
