//! Pictures of any format: headers, scans, chunks.
#![no_main]

mod allocator;
mod embed;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| embed::picture(bytes));
