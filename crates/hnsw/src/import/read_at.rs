//! Bytes that are read piece by piece, so that an index and its file are never both in memory.

use super::cursor::reserved;
use super::error::SavedIndexError;
use annatomy_formats::Bytes;
use std::ops::Range;

/// Bytes by their places; whoever reads checks the places against the length.
pub(super) trait ReadAt: Sync {
    /// How many there are.
    fn length(&self) -> u64;

    /// Fills `buffer` with those from `start` on.
    fn read_at(&self, start: u64, buffer: &mut [u8]) -> Result<(), SavedIndexError>;

    /// Those of a range.
    fn read(&self, range: Range<u64>) -> Result<Vec<u8>, SavedIndexError> {
        let length = range.end.saturating_sub(range.start) as usize;
        let mut bytes = reserved("the file's bytes", length)?;
        bytes.resize(length, 0);
        self.read_at(range.start, &mut bytes)?;
        Ok(bytes)
    }
}

impl ReadAt for [u8] {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, start: u64, buffer: &mut [u8]) -> Result<(), SavedIndexError> {
        buffer.copy_from_slice(&self[start as usize..][..buffer.len()]);
        Ok(())
    }
}

impl ReadAt for Bytes {
    fn length(&self) -> u64 {
        self.len()
    }

    fn read_at(&self, start: u64, buffer: &mut [u8]) -> Result<(), SavedIndexError> {
        Ok(Bytes::read_at(self, start, buffer)?)
    }
}
