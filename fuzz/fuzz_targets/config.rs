//! Settings: the first byte picks the study's TOML or YAML, the rest is the file.
#![no_main]

mod allocator;

use annatomy_study::config::{check, defaults, read};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const ENDINGS: [&str; 2] = ["toml", "yaml"];
static FOLDER: LazyLock<tempfile::TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a folder"));

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, content)) = bytes.split_first() else {
        return;
    };
    let ending = ENDINGS[usize::from(first) % ENDINGS.len()];
    let path = FOLDER.path().join(format!("study.{ending}"));
    std::fs::write(&path, content).expect("a file");
    let Ok(file) = read(&path) else { return };
    let settings = file.overrides.over(defaults());
    for key in &file.unread {
        let _ = key.difference(&settings);
    }
    let _ = check(&settings);
});
