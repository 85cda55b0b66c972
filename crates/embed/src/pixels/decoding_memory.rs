//! Memory that the decoders of all threads share: a semaphore counted in bytes.
//!
//! A header within the pixel limit may still claim 2.9 GB, and every thread may meet one at the same
//! time. So a decoder that has read its header waits here until the bytes that its pixels can take
//! are free; a picture that takes more than all of them waits until no other is decoded.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes that a pixel can take while it is decoded, before it is cropped: four components of a
/// progressive JPEG as coefficients (8) and samples (4), and RGB (3); 16-bit RGBA (8), what a decoder
/// needs for itself, and RGB.
const BYTES_PER_PIXEL: u64 = 16;

/// Bytes for all pictures that are decoded at a time.
const MOST_BYTES: u64 = 1 << 30;

/// What the decoders of all threads share.
#[derive(Debug)]
pub(crate) struct DecodingMemory {
    most: u64,
    used: Mutex<u64>,
    freed: Condvar,
}

/// Bytes taken, given back when dropped.
#[derive(Debug)]
pub(crate) struct Taken<'m> {
    memory: &'m DecodingMemory,
    bytes: u64,
}

impl DecodingMemory {
    /// 1 GiB, or half of what is available where that is less.
    pub(crate) fn new() -> Self {
        let half = annatomy_runtime::available_memory().map(|bytes| bytes / 2);
        Self::of(half.map_or(MOST_BYTES, |half| half.min(MOST_BYTES)))
    }

    fn of(most: u64) -> Self {
        Self {
            most,
            used: Mutex::new(0),
            freed: Condvar::new(),
        }
    }

    /// Waits until this many pixels can be decoded.
    pub(super) fn take(&self, pixels: u64) -> Taken<'_> {
        let bytes = pixels.saturating_mul(BYTES_PER_PIXEL);
        let full = |used: &mut u64| *used > 0 && used.saturating_add(bytes) > self.most;
        let mut used = self
            .freed
            .wait_while(self.used(), full)
            .unwrap_or_else(PoisonError::into_inner);
        *used = used.saturating_add(bytes);
        Taken {
            memory: self,
            bytes,
        }
    }

    fn used(&self) -> MutexGuard<'_, u64> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut used = self.memory.used();
        *used = used.saturating_sub(self.bytes);
        drop(used);
        self.memory.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    /// The most bytes in use at a time while every thread takes each of `pixels` in turn.
    fn most_used(memory: &DecodingMemory, pixels: &[u64]) -> u64 {
        let most = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for &pixels in pixels {
                        let _taken = memory.take(pixels);
                        most.fetch_max(*memory.used(), Ordering::SeqCst);
                        thread::yield_now();
                    }
                });
            }
        });
        assert_eq!(*memory.used(), 0);
        most.into_inner()
    }

    #[test]
    fn pictures_of_all_threads_stay_within_the_bytes() {
        let memory = DecodingMemory::of(100 * BYTES_PER_PIXEL);
        let most = most_used(&memory, &[40; 300]);
        assert!(most <= 100 * BYTES_PER_PIXEL, "{most}");
        let (_one, _another) = (memory.take(40), memory.take(60));
        assert_eq!(*memory.used(), 100 * BYTES_PER_PIXEL, "both at a time");
    }

    #[test]
    fn a_picture_larger_than_all_bytes_is_decoded_alone() {
        let memory = DecodingMemory::of(100 * BYTES_PER_PIXEL);
        let most = most_used(&memory, &[30, 1_000, 30]);
        assert_eq!(most, 1_000 * BYTES_PER_PIXEL);
    }
}
