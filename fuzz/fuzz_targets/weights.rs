//! Files of weights: zips of PyTorch and safetensors.
#![no_main]

mod allocator;
mod embed;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| embed::weights(bytes));
