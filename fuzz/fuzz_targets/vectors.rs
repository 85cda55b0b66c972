//! Files of vectors: the first byte picks the ending, the rest is the file.
#![no_main]

use annatomy_formats::VectorFile;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const ENDINGS: [&str; 12] =
    ["npy", "npz", "fvecs", "bvecs", "fbin", "u8bin", "i8bin", "f16bin", "safetensors", "parquet", "arrow", "hdf5"];
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, content)) = bytes.split_first() else { return };
    let path = FOLDER.path().join(format!("file.{}", ENDINGS[usize::from(first) % ENDINGS.len()]));
    std::fs::write(&path, content).expect("a file");
    if let Ok(file) = VectorFile::open(&path) {
        let _ = file.read_all();
    }
});
