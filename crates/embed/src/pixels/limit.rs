//! The pixel limit, and buffers whose length a file's header decides.
//!
//! A header of a hundred bytes can claim 65,535 × 65,535 pixels. So the number of pixels is checked
//! as soon as the header is read, their share of the memory of all threads is waited for, and
//! memory for them is reserved in a way that can fail.

use super::decoding_memory::{DecodingMemory, Taken};
use std::cell::OnceCell;

/// Most pixels of one picture by default: what Pillow refuses to go beyond (twice its
/// `MAX_IMAGE_PIXELS`, 1 GiB / 4 / 3).
pub const MAX_PIXELS: u64 = 178_956_970;

/// A header that claims more pixels than are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{width} × {height} pixels are more than the limit of {most}")]
pub struct TooManyPixels {
    /// Pixels across.
    pub width: u64,
    /// Pixels down.
    pub height: u64,
    /// Pixels allowed.
    pub most: u64,
}

/// Memory that the system does not give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no memory for {bytes} bytes of pixels")]
pub struct NoMemory {
    /// Bytes asked for.
    pub bytes: usize,
}

/// The limit of one picture, and the memory that it shares with others.
#[derive(Debug)]
pub(super) struct PixelLimit<'m> {
    /// Pixels allowed.
    pub(super) most: u64,
    memory: Option<&'m DecodingMemory>,
    taken: OnceCell<Taken<'m>>,
}

impl<'m> PixelLimit<'m> {
    /// Of a picture that shares `memory`, if it shares any.
    pub(super) fn new(most: u64, memory: Option<&'m DecodingMemory>) -> Self {
        let taken = OnceCell::new();
        Self {
            most,
            memory,
            taken,
        }
    }

    /// Checks a header's width and height, then waits until there is memory for them.
    pub(super) fn admit(&self, width: u64, height: u64) -> Result<(), TooManyPixels> {
        let most = self.most;
        let pixels = width.checked_mul(height).filter(|&pixels| pixels <= most);
        let Some(pixels) = pixels else {
            return Err(TooManyPixels {
                width,
                height,
                most,
            });
        };
        if let Some(memory) = self.memory {
            self.taken.get_or_init(|| memory.take(pixels));
        }
        Ok(())
    }

    /// What was taken; to be kept until the pixels are gone.
    pub(super) fn into_taken(self) -> Option<Taken<'m>> {
        self.taken.into_inner()
    }
}

/// `length` zeros.
pub(super) fn zeros<T: Clone + Default>(length: usize) -> Result<Vec<T>, NoMemory> {
    let mut values = reserved(length)?;
    values.resize(length, T::default());
    Ok(values)
}

/// An empty vector with room for `length` values.
pub(super) fn reserved<T>(length: usize) -> Result<Vec<T>, NoMemory> {
    let mut values = Vec::new();
    match values.try_reserve_exact(length) {
        Ok(()) => Ok(values),
        Err(_) => Err(NoMemory {
            bytes: length.saturating_mul(size_of::<T>()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_up_to_the_limit_and_products_that_overflow() {
        let limit = PixelLimit::new(MAX_PIXELS, None);
        assert!(limit.admit(178_956_970, 1).is_ok());
        let error = limit.admit(65_535, 65_535).unwrap_err();
        assert_eq!(
            error.to_string(),
            "65535 × 65535 pixels are more than the limit of 178956970"
        );
        let endless = PixelLimit::new(u64::MAX, None);
        assert!(endless.admit(u64::MAX, u64::MAX).is_err());
    }

    #[test]
    fn memory_that_no_machine_has_is_an_error_with_the_number_of_bytes() {
        assert_eq!(zeros::<u32>(1 << 62), Err(NoMemory { bytes: usize::MAX }));
        assert_eq!(zeros::<u8>(2), Ok(vec![0, 0]));
    }
}
