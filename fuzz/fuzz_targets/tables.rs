//! Allowed rows, columns of a report, labels, ids: the first byte picks the ending, the rest is the
//! file.
#![no_main]

mod allocator;

use annatomy_formats::{Selection, read_columns, read_id_table, read_labels, read_selection};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Masks and ids; columns of `per_query.npz`; labels and ids, three times.
const ENDINGS: [&str; 5] = ["npy", "npz", "csv", "txt", "jsonl"];
static FOLDER: LazyLock<tempfile::TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a folder"));

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, content)) = bytes.split_first() else {
        return;
    };
    let ending = ENDINGS[usize::from(first) % ENDINGS.len()];
    let path = FOLDER.path().join(format!("table.{ending}"));
    std::fs::write(&path, content).expect("a file");
    match ending {
        "npy" => {
            if let Ok(Selection::Ids(table)) = read_selection(&path) {
                assert_eq!(table.ids().len(), table.rows() * table.columns());
            }
            drop(read_labels(&path));
        }
        "npz" => drop(read_columns(&path)),
        _ => {
            drop(read_labels(&path));
            if let Ok((table, _)) = read_id_table(&path) {
                assert_eq!(table.ids().len(), table.rows() * table.columns());
            }
        }
    }
});
