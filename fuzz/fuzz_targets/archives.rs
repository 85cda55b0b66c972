//! Archives and binaries of pictures: the first byte picks the ending, the rest is the file.
#![no_main]

mod allocator;
mod embed;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| embed::archive(bytes));
