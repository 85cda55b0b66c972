//! A file in every use that a reader has for it: vectors, queries, answers, distances.
//!
//! Enters: bytes of which the first picks an ending and a member. Leaves: nothing; what must not
//! happen is a panic outside the fence, an allocation out of proportion, or a read that does not
//! end.

use annatomy_formats::{VectorFile, read_answers, read_distances};
use std::path::PathBuf;
use std::sync::LazyLock;

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

pub fn read(bytes: &[u8], endings: &[&str], members: &[Option<&str>]) {
    let Some((&first, content)) = bytes.split_first() else { return };
    let choice = usize::from(first);
    let path = FOLDER.path().join(format!("file.{}", endings[choice % endings.len()]));
    std::fs::write(&path, content).expect("a file");
    let source = match members[choice / endings.len() % members.len()] {
        Some(member) => PathBuf::from(format!("{}::{member}", path.display())),
        None => path,
    };
    for file in [VectorFile::open(&source), VectorFile::open_queries(&source)].into_iter().flatten() {
        let _ = file.read_all();
    }
    let _ = read_answers(&source);
    let _ = read_distances(&source);
}
