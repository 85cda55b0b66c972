//! A place in a file's bytes; every read is checked against what is left.

use super::error::SavedIndexError;
use annatomy_runtime::{check_memory, prefer_huge_pages};

/// Vectors of more bytes are compared with what is available before they are allocated.
const ASKED_FIRST_BYTES: u64 = 1 << 26;

/// A place in the bytes of a file.
#[derive(Clone, Debug)]
pub struct Cursor<'b> {
    bytes: &'b [u8],
    offset: usize,
}

impl<'b> Cursor<'b> {
    /// At the first byte.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Bytes to the end.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// The next `count` × `size` bytes.
    pub fn take(
        &mut self,
        what: &'static str,
        count: u64,
        size: usize,
    ) -> Result<&'b [u8], SavedIndexError> {
        let wanted = count.saturating_mul(size as u64);
        if wanted > self.left() as u64 {
            return Err(SavedIndexError::Truncated {
                what,
                offset: self.offset,
                wanted,
                left: self.left(),
            });
        }
        let taken = &self.bytes[self.offset..self.offset + wanted as usize];
        self.offset += taken.len();
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], SavedIndexError> {
        Ok(self
            .take(what, 1, N)?
            .try_into()
            .expect("take gives the bytes asked for"))
    }

    /// A four-letter code.
    pub fn code(&mut self, what: &'static str) -> Result<[u8; 4], SavedIndexError> {
        self.array(what)
    }

    /// A byte.
    pub fn u8(&mut self, what: &'static str) -> Result<u8, SavedIndexError> {
        self.array(what).map(|[byte]| byte)
    }

    /// A 16-bit integer.
    pub fn i16(&mut self, what: &'static str) -> Result<i16, SavedIndexError> {
        self.array(what).map(i16::from_le_bytes)
    }

    /// A 16-bit integer without sign.
    pub fn u16(&mut self, what: &'static str) -> Result<u16, SavedIndexError> {
        self.array(what).map(u16::from_le_bytes)
    }

    /// A 32-bit integer.
    pub fn i32(&mut self, what: &'static str) -> Result<i32, SavedIndexError> {
        self.array(what).map(i32::from_le_bytes)
    }

    /// A 32-bit integer without sign.
    pub fn u32(&mut self, what: &'static str) -> Result<u32, SavedIndexError> {
        self.array(what).map(u32::from_le_bytes)
    }

    /// A 64-bit integer.
    pub fn i64(&mut self, what: &'static str) -> Result<i64, SavedIndexError> {
        self.array(what).map(i64::from_le_bytes)
    }

    /// A 64-bit integer without sign.
    pub fn u64(&mut self, what: &'static str) -> Result<u64, SavedIndexError> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// A float32.
    pub fn f32(&mut self, what: &'static str) -> Result<f32, SavedIndexError> {
        self.array(what).map(f32::from_le_bytes)
    }

    /// A vector as FAISS writes it: how many, then each in `size` bytes.
    pub fn counted(
        &mut self,
        what: &'static str,
        size: usize,
    ) -> Result<&'b [u8], SavedIndexError> {
        let count = self.u64(what)?;
        self.take(what, count, size)
    }
}

/// Little-endian 32-bit integers.
pub fn integers(bytes: &[u8]) -> impl ExactSizeIterator<Item = i32> + '_ {
    bytes.as_chunks().0.iter().copied().map(i32::from_le_bytes)
}

/// Little-endian 64-bit integers.
pub fn long_integers(bytes: &[u8]) -> impl ExactSizeIterator<Item = i64> + '_ {
    bytes.as_chunks().0.iter().copied().map(i64::from_le_bytes)
}

/// Little-endian float32.
pub fn floats(bytes: &[u8]) -> impl ExactSizeIterator<Item = f32> + '_ {
    bytes.as_chunks().0.iter().copied().map(f32::from_le_bytes)
}

/// Values out of a file in a vector, or an error where they do not fit into memory.
pub fn collected<T>(
    what: &'static str,
    values: impl ExactSizeIterator<Item = T>,
) -> Result<Vec<T>, SavedIndexError> {
    let mut kept = reserved(what, values.len())?;
    kept.extend(values);
    Ok(kept)
}

/// A vector with room for `count` values.
///
/// Large ones are refused where memory has no room for them: codes decode to a thousand times their
/// bytes, and the system grants address space that it has no memory for.
pub fn reserved<T>(what: &'static str, count: usize) -> Result<Vec<T>, SavedIndexError> {
    let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
    let refused = || SavedIndexError::Memory { what, bytes };
    if bytes > ASKED_FIRST_BYTES {
        check_memory(what, bytes).map_err(|_| refused())?;
    }
    let mut kept = Vec::new();
    kept.try_reserve_exact(count).map_err(|_| refused())?;
    prefer_huge_pages(kept.spare_capacity_mut());
    Ok(kept)
}

/// As many zeros, refused as by [`reserved`]. Whoever writes them first has the system's work of it, on all
/// threads where they are written so.
pub(super) fn zeros(what: &'static str, count: usize) -> Result<Vec<f32>, SavedIndexError> {
    // Asks first, since `vec!` aborts where memory is refused; but only `vec!` gets pages that are zero already.
    drop(reserved::<f32>(what, count)?);
    let mut values = vec![0.0; count];
    prefer_huge_pages(&mut values);
    Ok(values)
}
