//! Buffers whose size comes from a file: where memory is refused, an error with the size asked for.

use super::error::ReadError;

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
