//! HDF5 files: the first byte picks the member, the rest is the file.
#![no_main]

mod allocator;
mod readers;

use libfuzzer_sys::fuzz_target;

const ENDINGS: [&str; 1] = ["hdf5"];
/// None, and the data sets of ann-benchmarks.
const MEMBERS: [Option<&str>; 5] = [None, Some("train"), Some("test"), Some("neighbors"), Some("distances")];

fuzz_target!(|bytes: &[u8]| readers::read(bytes, &ENDINGS, &MEMBERS));
