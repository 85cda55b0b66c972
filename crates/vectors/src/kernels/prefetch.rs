//! Hints that values will be read soon.
//!
//! Of a row that is wanted at once only the first lines are asked for, 512 bytes: a 128-column row
//! whole. The processor's own stream prefetcher carries on from there, and asking for more would
//! crowd out its queue of outstanding misses (10 to 24 lines). Where there is other work to do
//! meanwhile, all lines can be.

/// Bytes per cache line on every x86-64 and on most aarch64.
const LINE_BYTES: usize = 64;
const FIRST_BYTES: usize = 8 * LINE_BYTES;

/// Asks the processor to bring the start of `row` into its nearest cache. Changes no result, and
/// never faults.
#[inline]
pub fn prefetch<S>(row: &[S]) {
    prefetch_whole(&row[..row.len().min(FIRST_BYTES / size_of::<S>())]);
}

/// Whether [`prefetch`] covers a whole row of that many columns.
#[inline]
pub fn prefetches_whole<S>(columns: usize) -> bool {
    columns * size_of::<S>() <= FIRST_BYTES
}

/// [`prefetch`], of all of `values`.
#[inline]
pub fn prefetch_whole<S>(values: &[S]) {
    let begin = values.as_ptr().cast::<u8>();
    for offset in (0..size_of_val(values)).step_by(LINE_BYTES) {
        prefetch_line(begin.wrapping_add(offset));
    }
    // Begun within a line, they may end in one more.
    if begin.addr() % LINE_BYTES != 0 {
        prefetch_line(begin.wrapping_add(size_of_val(values).saturating_sub(1)));
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the intrinsic takes a raw pointer")]
#[inline]
fn prefetch_line(line: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch reads nothing the program can see and cannot fault; SSE is in the x86-64
    // baseline.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) };
}

#[cfg(target_arch = "aarch64")]
#[expect(
    unsafe_code,
    reason = "the prefetch intrinsic is not stable on aarch64, the instruction is"
)]
#[inline]
fn prefetch_line(line: *const u8) {
    // SAFETY: a prefetch reads nothing the program can see and cannot fault.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{line}]", line = in(reg) line, options(nostack, readonly, preserves_flags));
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline]
fn prefetch_line(_line: *const u8) {}
