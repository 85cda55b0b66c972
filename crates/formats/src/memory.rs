//! Buffers whose size comes from a file: where memory is refused, an error with the size asked for.

use super::error::ReadError;
use annatomy_runtime::check_memory;

/// Of a `String`, and of the least piece that an allocator gives for its text.
const TEXT_BYTES: u64 = 24 + 32;

/// Zeros, or an error where memory is refused.
pub(super) fn zeroed_bytes(length: u64) -> Result<Vec<u8>, ReadError> {
    let refused = || ReadError::NoMemory { bytes: length };
    let length = usize::try_from(length).map_err(|_| refused())?;
    // `vec!` gets pages that are zero already, but ends the process where memory is refused.
    Vec::<u8>::new()
        .try_reserve_exact(length)
        .map_err(|_| refused())?;
    Ok(vec![0; length])
}

/// Asks before it takes: `vec!` aborts where memory is refused.
pub(super) fn filled<T: Clone>(
    rows: usize,
    columns: usize,
    cells: usize,
    filling: T,
) -> Result<Vec<T>, ReadError> {
    let mut values = Vec::new();
    values
        .try_reserve_exact(cells)
        .map_err(|_| ReadError::Memory { rows, columns })?;
    values.resize(cells, filling);
    Ok(values)
}

/// All of `items`, or an error where memory is refused.
pub(super) fn collected<T>(items: impl ExactSizeIterator<Item = T>) -> Result<Vec<T>, ReadError> {
    let mut values = Vec::new();
    let bytes = items.len() as u64 * size_of::<T>() as u64;
    values
        .try_reserve_exact(items.len())
        .map_err(|_| ReadError::NoMemory { bytes })?;
    values.extend(items);
    Ok(values)
}

/// A list with room for `count` texts of `length` bytes together, or an error where there is not
/// memory enough for all of them: each is allocated by itself, which ends the process when refused.
pub(super) fn list_of_texts(count: usize, length: u64) -> Result<Vec<String>, ReadError> {
    let bytes = (count as u64)
        .saturating_mul(TEXT_BYTES)
        .saturating_add(length);
    check_memory("texts", bytes).map_err(|_| ReadError::NoMemory { bytes })?;
    let mut texts = Vec::new();
    texts
        .try_reserve_exact(count)
        .map_err(|_| ReadError::NoMemory { bytes })?;
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_memory_holds_is_an_error_with_the_bytes() {
        assert_eq!(collected(0..3_u8).expect("three"), [0, 1, 2]);
        assert!(list_of_texts(3, 10).expect("three").capacity() >= 3);
        let many = std::iter::repeat_n(0_u64, usize::MAX / 16);
        let error = collected(many).expect_err("too many").to_string();
        assert_eq!(error, format!("no memory for {} bytes", u64::MAX / 16 * 8));
        #[cfg(target_os = "linux")]
        {
            let error = list_of_texts(1 << 50, 7).expect_err("too many").to_string();
            assert_eq!(
                error,
                format!("no memory for {} bytes", 56 * (1_u64 << 50) + 7)
            );
        }
    }
}
