//! Large tables of zeros, in huge pages where the system gives them on request.
//!
//! Enters: a length. Leaves: [`Zeroed`], a slice of that many zeros. A table of all pairs is
//! written once from end to end; in pages of 4 KiB the system is asked 100,000 times for the 400 MB
//! of 10,000 rows, some twentieth of the time of their exact neighbors. Where single lines of a
//! large table are read in no order (a graph's links, blocks of columns), huge pages spare the
//! search for each line's page as well.

use bytemuck::Pod;
use memmap2::MmapMut;
use std::alloc::{Layout, handle_alloc_error};
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// The system refused memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no memory for {}", crate::bytes_in_words(*.bytes))]
pub struct NoMemory {
    /// Bytes asked for.
    pub bytes: u64,
}

/// `length` values of zero, to begin with. Like a `Vec`, it ends the process where there is no
/// memory for it.
///
/// ```
/// let mut table = annatomy_runtime::Zeroed::<f32>::new(3);
/// table[1] = 2.0;
/// assert_eq!(table[..], [0.0, 2.0, 0.0]);
/// ```
pub struct Zeroed<T> {
    bytes: MmapMut,
    values: PhantomData<T>,
}

impl<T: Pod> Zeroed<T> {
    /// That many zeros; ends the process where there is no memory for them.
    pub fn new(length: usize) -> Self {
        let layout = Layout::array::<T>(length).expect("a table that fits the address space");
        Self::try_new(length).unwrap_or_else(|_| handle_alloc_error(layout))
    }

    /// That many zeros, or an error with the number of bytes where there is no memory for them.
    pub fn try_new(length: usize) -> Result<Self, NoMemory> {
        let bytes = (length as u64).saturating_mul(size_of::<T>() as u64);
        let refused = NoMemory { bytes };
        let layout = Layout::array::<T>(length).map_err(|_| refused)?;
        let bytes = MmapMut::map_anon(layout.size()).map_err(|_| refused)?;
        // Without huge pages the table is the same.
        #[cfg(target_os = "linux")]
        let _ = bytes.advise(memmap2::Advice::HugePage);
        Ok(Self {
            bytes,
            values: PhantomData,
        })
    }
}

impl<T: Pod> Deref for Zeroed<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        bytemuck::cast_slice(&self.bytes)
    }
}

impl<T: Pod> DerefMut for Zeroed<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.bytes)
    }
}

impl<T: Pod> Clone for Zeroed<T> {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.len());
        copy.copy_from_slice(self);
        copy
    }
}

impl<T: Pod + PartialEq> PartialEq for Zeroed<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Pod + Eq> Eq for Zeroed<T> {}

impl<T> fmt::Debug for Zeroed<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a table of {} bytes", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_beyond_the_address_space_is_an_error_with_its_bytes() {
        for length in [1 << 58, usize::MAX] {
            let error = Zeroed::<u32>::try_new(length).unwrap_err();
            assert_eq!(error.bytes, (length as u64).saturating_mul(4));
        }
    }

    #[test]
    fn none_is_an_empty_slice_and_a_copy_is_its_own() {
        assert!(Zeroed::<u32>::new(0).is_empty());
        let mut table = Zeroed::<u32>::new(5);
        let copy = table.clone();
        assert!(copy == table);
        table[4] = 1;
        assert!(copy != table && copy[..] == [0; 5]);
    }
}
