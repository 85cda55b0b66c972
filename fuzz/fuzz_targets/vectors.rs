//! Files of vectors: the first byte picks the ending, the rest is the file.
#![no_main]

mod allocator;
mod readers;

use libfuzzer_sys::fuzz_target;

const ENDINGS: [&str; 13] = [
    "npy", "npz", "fvecs", "bvecs", "fbin", "u8bin", "i8bin", "f16bin", "safetensors", "parquet",
    "arrow", "hdf5", "",
];

fuzz_target!(|bytes: &[u8]| readers::read(bytes, &ENDINGS, &[None]));
