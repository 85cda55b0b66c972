//! Huffman decoding of codes up to 16 bits: short ones by lookup table, long ones by length.

use super::bits::Bits;
use super::error::{JpegError, damaged};

const SHORT: u32 = 9;

/// A decoding table.
#[derive(Clone, Debug)]
pub(super) struct Huffman {
    /// By the next SHORT bits: length and symbol, or length 0.
    short: Vec<(u8, u8)>,
    /// By length: first code beyond those of this length, moved up to 16 bits.
    end: [u32; 17],
    /// By length: index of the first symbol less its code.
    offset: [i32; 17],
    symbols: Vec<u8>,
}

impl Huffman {
    /// From how many codes there are of each length 1..=16, and the symbols in order of code.
    pub(super) fn new(lengths: &[u8; 16], symbols: &[u8]) -> Result<Self, JpegError> {
        let mut table = Self {
            short: vec![(0, 0); 1 << SHORT],
            end: [0; 17],
            offset: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut index) = (0u32, 0usize);
        for length in 1..=16u32 {
            let count = usize::from(lengths[length as usize - 1]);
            table.offset[length as usize] = index as i32 - code as i32;
            for _ in 0..count {
                if code >= 1 << length {
                    return Err(damaged("more codes than their lengths allow"));
                }
                let symbol = *symbols.get(index).ok_or(JpegError::Truncated)?;
                if length <= SHORT {
                    let first = (code << (SHORT - length)) as usize;
                    table.short[first..first + (1 << (SHORT - length))]
                        .fill((length as u8, symbol));
                }
                code += 1;
                index += 1;
            }
            table.end[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    /// The next symbol.
    #[inline]
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u8, JpegError> {
        let next = bits.peek_16();
        let (length, symbol) = self.short[(next >> (16 - SHORT)) as usize];
        if length > 0 {
            bits.skip(length.into())?;
            return Ok(symbol);
        }
        for length in SHORT + 1..=16 {
            if next < self.end[length as usize] {
                let index = (next >> (16 - length)) as i32 + self.offset[length as usize];
                let symbol = usize::try_from(index)
                    .ok()
                    .and_then(|index| self.symbols.get(index));
                bits.skip(length)?;
                return symbol.copied().ok_or(damaged("a code without symbol"));
            }
        }
        Err(damaged("a code that no table has"))
    }
}
