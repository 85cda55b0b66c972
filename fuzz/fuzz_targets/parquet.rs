//! Parquet and Arrow files: the first byte picks the ending and the member, the rest is the file.
#![no_main]

mod allocator;
mod readers;

use libfuzzer_sys::fuzz_target;

const ENDINGS: [&str; 3] = ["parquet", "arrow", "feather"];
/// None, and the columns of the files that the tests keep.
const MEMBERS: [Option<&str>; 4] = [None, Some("embedding"), Some("ids"), Some("distances")];

fuzz_target!(|bytes: &[u8]| readers::read(bytes, &ENDINGS, &MEMBERS));
