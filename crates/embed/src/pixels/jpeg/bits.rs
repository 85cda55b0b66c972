//! Bit reader of entropy-coded data: stuffed zeros removed, up to the next marker.

use super::error::JpegError;

/// Reads bits, the highest of each byte first.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
    /// The bits read ahead, in the lowest `count`.
    buffer: u64,
    count: u32,
    /// Zero bits added after the end; harmless unless used.
    beyond: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], position: usize) -> Self {
        Self {
            bytes,
            position,
            buffer: 0,
            count: 0,
            beyond: 0,
        }
    }

    /// Where the next marker or unread byte stands.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Has at least 32 bits in the buffer, zeros where the scan has ended.
    fn fill(&mut self) {
        while self.count <= 56 {
            let byte = match (
                self.bytes.get(self.position),
                self.bytes.get(self.position + 1),
            ) {
                (Some(0xff), Some(0)) => {
                    self.position += 2;
                    0xff
                }
                (None | Some(0xff), _) => {
                    self.beyond += 8;
                    0
                }
                (Some(&byte), _) => {
                    self.position += 1;
                    byte
                }
            };
            self.buffer = self.buffer << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    /// The next 16 bits, which stay.
    #[inline]
    pub(super) fn peek_16(&mut self) -> u32 {
        if self.count < 16 {
            self.fill();
        }
        (self.buffer >> (self.count - 16)) as u32 & 0xffff
    }

    /// Takes bits that were peeked at.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) -> Result<(), JpegError> {
        self.count -= count;
        if self.count < self.beyond {
            Err(JpegError::Truncated)
        } else {
            Ok(())
        }
    }

    /// The next bits as a number, at most 16.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> Result<u32, JpegError> {
        if count == 0 {
            return Ok(0);
        }
        let bits = self.peek_16() >> (16 - count);
        self.skip(count)?;
        Ok(bits)
    }

    /// One bit.
    #[inline]
    pub(super) fn bit(&mut self) -> Result<bool, JpegError> {
        Ok(self.take(1)? == 1)
    }

    /// A signed number of `count` bits, as the standard's EXTEND has it.
    #[inline]
    pub(super) fn signed(&mut self, count: u32) -> Result<i32, JpegError> {
        let bits = self.take(count)? as i32;
        let negative = count > 0 && bits < 1 << (count - 1);
        Ok(if negative {
            bits - (1 << count) + 1
        } else {
            bits
        })
    }

    /// Passes a restart marker, dropping the bits before it.
    pub(super) fn restart(&mut self) -> Result<(), JpegError> {
        while self.bytes.get(self.position..self.position + 2) == Some(&[0xff, 0xff]) {
            self.position += 1;
        }
        match self.bytes.get(self.position..self.position + 2) {
            Some([0xff, 0xd0..=0xd7]) => {
                *self = Self::new(self.bytes, self.position + 2);
                Ok(())
            }
            Some(_) => Err(super::error::damaged("no restart marker where one is due")),
            None => Err(JpegError::Truncated),
        }
    }
}
