//! The pixel limit, and buffers whose length a file's header decides.
//!
//! A header of a hundred bytes can claim 65,535 × 65,535 pixels. So the number of pixels is checked
//! as soon as the header is read, and memory for them is reserved in a way that can fail.

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

/// Checks a header's width and height.
pub(super) fn check(width: u64, height: u64, most: u64) -> Result<(), TooManyPixels> {
    match width.checked_mul(height) {
        Some(pixels) if pixels <= most => Ok(()),
        _ => Err(TooManyPixels {
            width,
            height,
            most,
        }),
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
        assert!(check(178_956_970, 1, MAX_PIXELS).is_ok());
        let error = check(65_535, 65_535, MAX_PIXELS).unwrap_err();
        assert_eq!(
            error.to_string(),
            "65535 × 65535 pixels are more than the limit of 178956970"
        );
        assert!(check(u64::MAX, u64::MAX, u64::MAX).is_err());
    }

    #[test]
    fn memory_that_no_machine_has_is_an_error_with_the_number_of_bytes() {
        assert_eq!(zeros::<u32>(1 << 62), Err(NoMemory { bytes: usize::MAX }));
        assert_eq!(zeros::<u8>(2), Ok(vec![0, 0]));
    }
}
