//! Pickles as the list of tensors of a checkpoint.
#![no_main]

mod allocator;
mod embed;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| embed::pickle(bytes));
