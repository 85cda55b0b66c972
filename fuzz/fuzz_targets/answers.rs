//! Tables of ids and distances: the first byte picks the ending, the rest is the file.
#![no_main]

use annatomy_formats::{read_answers, read_distances};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const ENDINGS: [&str; 9] = ["npy", "npz", "ivecs", "fvecs", "ibin", "bin", "parquet", "arrow", "hdf5"];
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, content)) = bytes.split_first() else { return };
    let path = FOLDER.path().join(format!("file.{}", ENDINGS[usize::from(first) % ENDINGS.len()]));
    std::fs::write(&path, content).expect("a file");
    let _ = read_answers(&path);
    let _ = read_distances(&path);
});
