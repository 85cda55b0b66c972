//! What the targets `pictures`, `pickles`, `weights` and `archives` do with bytes; a test of
//! `annatomy-embed` does the same with mutations of the seeds.
#![allow(dead_code, reason = "each target uses one function")]

use annatomy_embed::pixels::{Decoding, Orientation, decode};
use annatomy_embed::source::Source;
use annatomy_embed::weights::Weights;
use std::sync::LazyLock;

/// Pixels of a fuzzed picture: enough for any path, and few enough for speed.
const MAX_PIXELS: u64 = 1 << 20;

/// Decodes a picture of any format.
pub fn picture(bytes: &[u8]) {
    let decoding = Decoding {
        orientation: Orientation::Upright,
        max_pixels: MAX_PIXELS,
    };
    let _ = decode(bytes, decoding);
}

static FOLDER: LazyLock<tempfile::TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a folder"));

/// Lists are left out: they name files of this machine.
const ENDINGS: [&str; 5] = ["zip", "tar", "tar.gz", "bin", "parquet"];

/// Reads every picture of an archive, undecoded; the first byte picks the ending.
pub fn archive(bytes: &[u8]) {
    let Some((&first, content)) = bytes.split_first() else {
        return;
    };
    let ending = ENDINGS[usize::from(first) % ENDINGS.len()];
    let path = FOLDER.path().join(format!("pictures.{ending}"));
    std::fs::write(&path, content).expect("a file");
    let Ok(mut source) = Source::open(&path) else {
        return;
    };
    while let Ok(Some(_)) = source.next() {}
}

/// Reads weights of any format, and one tensor.
pub fn weights(bytes: &[u8]) {
    if let Ok(weights) = Weights::parse(bytes.to_vec()) {
        let name = weights.names().next().map(str::to_owned);
        let _ = name.map(|name| weights.tensor(&name, &[2, 3, 4]));
    }
}

/// Reads a pickle as the list of tensors of a PyTorch checkpoint.
pub fn pickle(bytes: &[u8]) {
    let numbers = [0; 96];
    weights(&zip_of(&[
        (b"archive/data.pkl", bytes),
        (b"archive/data/0", &numbers),
    ]));
}

/// A zip of stored members, with any bytes as names, and any number of times the same.
pub fn zip_of(members: &[(&[u8], &[u8])]) -> Vec<u8> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        // Version, flags (names are UTF-8), stored, time and date, checksum, two lengths, name.
        let mut common = b"\x14\0\0\x08\0\0\0\0\x21\0".to_vec();
        common.extend(crc.sum().to_le_bytes());
        common.extend((bytes.len() as u32).to_le_bytes().repeat(2));
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        let start = (zip.len() as u32).to_le_bytes();
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(start);
        directory.extend(*name);
        zip.extend(b"PK\x03\x04");
        zip.extend(&common);
        zip.extend(*name);
        zip.extend(*bytes);
    }
    let start = zip.len() as u32;
    zip.extend(&directory);
    zip.extend(b"PK\x05\x06\0\0\0\0");
    zip.extend((members.len() as u16).to_le_bytes().repeat(2));
    zip.extend((directory.len() as u32).to_le_bytes());
    zip.extend(start.to_le_bytes());
    zip.extend([0, 0]);
    zip
}
