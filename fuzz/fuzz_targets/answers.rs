//! Tables of ids and distances: the first byte picks the ending and the member, the rest is the
//! file.
#![no_main]

mod allocator;
mod readers;

use libfuzzer_sys::fuzz_target;

const ENDINGS: [&str; 12] = [
    "npy", "npz", "ivecs", "fvecs", "ibin", "fbin", "bin", "parquet", "arrow", "hdf5", "safetensors",
    "",
];
/// None, and the names under which benchmarks and the tests keep them.
const MEMBERS: [Option<&str>; 4] = [None, Some("neighbors"), Some("distances"), Some("ids")];

fuzz_target!(|bytes: &[u8]| readers::read(bytes, &ENDINGS, &MEMBERS));
