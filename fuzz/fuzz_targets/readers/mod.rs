//! A file in every use that a reader has for it: vectors, queries, answers, distances.
//!
//! Enters: bytes of which the first picks an ending and a member. Leaves: nothing; what must not
//! happen is a panic outside the fence, an allocation out of proportion, or a read that does not
//! end.

use annatomy_formats::{BenchmarkRun, VectorFile, read_answers, read_distances};
use std::path::PathBuf;
use std::sync::LazyLock;

static FOLDER: LazyLock<tempfile::TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a folder"));

pub fn read(bytes: &[u8], endings: &[&str], members: &[Option<&str>]) {
    let Some((&first, content)) = bytes.split_first() else {
        return;
    };
    let choice = usize::from(first);
    let ending = endings[choice % endings.len()];
    let path = FOLDER.path().join("file").with_extension(ending);
    std::fs::write(&path, content).expect("a file");
    let source = match members[choice / endings.len() % members.len()] {
        Some(member) => PathBuf::from(format!("{}::{member}", path.display())),
        None => path,
    };
    let opened = [VectorFile::open(&source), VectorFile::open_queries(&source)];
    for file in opened.into_iter().flatten() {
        let _ = file.read_all();
        let _ = (file.ids(), file.notes(), file.metric_name());
        let _ = file.select(&[0, file.rows().saturating_sub(1), 0]);
    }
    let _ = read_answers(&source);
    let _ = read_distances(&source);
    let _ = BenchmarkRun::read(&source);
}
