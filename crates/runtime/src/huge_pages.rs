//! Huge pages for a table that is not [`Zeroed`](crate::Zeroed): a `Vec` of vectors, say.

/// Tables of fewer bytes are not worth the call.
const MIN_BYTES: usize = 4 << 20;

/// Asks the system for huge pages under `table`, whose values stay as they are: best before they are first
/// written. Where rows are read in no order, that spares the search for each row's page. Without huge pages, or
/// on another system than Linux, nothing changes.
pub fn prefer_huge_pages<T>(table: &mut [T]) {
    if size_of_val(table) >= MIN_BYTES {
        advise(table);
    }
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "advice is about addresses")]
fn advise<T>(table: &mut [T]) {
    use rustix::mm::{Advice, madvise};
    let page = rustix::param::page_size();
    let begin = table.as_mut_ptr().cast::<u8>();
    // Whole pages only: what is before and behind belongs to others.
    let skipped = begin.align_offset(page);
    let length = size_of_val(table).saturating_sub(skipped) / page * page;
    // SAFETY: the pages lie within `table`, and the advice changes no value.
    let _ = unsafe {
        madvise(
            begin.wrapping_add(skipped).cast(),
            length,
            Advice::LinuxHugepage,
        )
    };
}

#[cfg(not(target_os = "linux"))]
fn advise<T>(_table: &mut [T]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_as_they_are() {
        for length in [0, 1, MIN_BYTES / 4, MIN_BYTES / 4 + 4321] {
            let mut values: Vec<u32> = (0..length as u32).collect();
            prefer_huge_pages(&mut values);
            let from = length.min(1);
            prefer_huge_pages(&mut values[from..]);
            assert!(values.iter().copied().eq(0..length as u32));
        }
    }
}
