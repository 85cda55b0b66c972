//! The fuzz targets over deterministic mutations of their seeds: no panic, no abort, no hang.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::goldens;
use crate::fuzzed;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut state = self.0;
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^ (state >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Flips, interesting values, cuts, and pieces that are repeated or removed.
fn mutated(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let length = random.below(32).min(bytes.len() - at);
        match random.below(6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 if !bytes.is_empty() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
            2 => bytes.truncate(at),
            3 => {
                let piece = bytes[at..at + length].to_vec();
                let copies = piece.repeat(1 + random.below(50));
                bytes.splice(at..at, copies);
            }
            4 => drop(bytes.drain(at..at + length)),
            _ => bytes[at..at + length].fill(0xff),
        }
    }
    bytes
}

fn run(folders: &[PathBuf], cases: usize, target: fn(&[u8])) {
    let mut random = Random(1);
    for folder in folders {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .collect();
        paths.sort();
        assert!(!paths.is_empty(), "{}", folder.display());
        for path in paths {
            let seed = fs::read(&path).unwrap();
            target(&seed);
            for _ in 0..cases {
                target(&mutated(&seed, &mut random));
            }
        }
    }
}

fn seeds(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(name)
}

#[test]
fn pictures() {
    let folders = ["pictures", "formats"].map(|name| goldens().join(name));
    run(
        &[&folders[..], &[seeds("pictures")]].concat(),
        40,
        fuzzed::picture,
    );
}

#[test]
fn pickles() {
    run(&[seeds("pickles")], 500, fuzzed::pickle);
}

#[test]
fn weights() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["weights.pth", "checkpoint.pth", "weights.safetensors"] {
        fs::copy(goldens().join(name), folder.path().join(name)).unwrap();
    }
    run(&[folder.path().to_owned()], 500, fuzzed::weights);
}

#[test]
fn archives() {
    run(&[seeds("archives")], 100, fuzzed::archive);
}
