//! Rows kept as they come: broken off at any point, the work goes on where it was and ends in the
//! same bytes.

use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::common::drawn_embedder;
use annatomy_embed::{Job, KeptError, KeptRows};
use annatomy_formats::VectorFile;

const PICTURES: usize = 6;

fn binary(path: &Path) {
    let value = |place: usize| (place.wrapping_mul(place + 13) >> 7) as u8;
    fs::write(path, (0..PICTURES * 27_648).map(value).collect::<Vec<u8>>()).unwrap();
}

#[test]
fn rows_come_in_any_order_and_in_several_goes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (pictures, kept, whole) = (at("train_X.bin"), at("kept.npy"), at("whole.npy"));
    binary(&pictures);
    let embedder = drawn_embedder();
    Job::new(&pictures, &whole).run(&embedder).unwrap();

    // Four rows stand before these pictures in the set.
    let open = || KeptRows::open(&kept, 4 + PICTURES, 2048);
    let mut rows = open().unwrap();
    assert_eq!(rows.missing(&[9, 4, 9]).unwrap(), [4, 9]);
    rows.fill((&pictures, 4), vec![5, 0], &embedder, 2).unwrap();
    assert_eq!(rows.missing(&[4, 5, 9]).unwrap(), [5]);
    assert!(matches!(
        rows.missing(&[10]),
        Err(KeptError::NoRow { row: 10, rows: 10 })
    ));
    assert!(matches!(open(), Err(KeptError::Busy { .. })));
    drop(rows);

    // A row cut in the middle: its end is as it was in the beginning.
    let mut file = OpenOptions::new().write(true).open(&kept).unwrap();
    file.seek(SeekFrom::Start(128 + 4 * 8192 + 8188)).unwrap();
    file.write_all(&f32::NAN.to_le_bytes()).unwrap();
    drop(file);
    let mut rows = open().unwrap();
    let missing = rows.missing(&[4, 5, 6, 7, 8, 9]).unwrap();
    assert_eq!(missing, [4, 5, 6, 7, 8]);
    rows.fill(
        (&pictures, 4),
        missing.iter().map(|row| row - 4).collect(),
        &embedder,
        1,
    )
    .unwrap();
    drop(rows);
    let read = |path: &Path| VectorFile::open(path).unwrap().read_all().unwrap();
    let (kept, whole) = (read(&kept), read(&whole));
    assert!((0..PICTURES).all(|row| kept.row(4 + row) == whole.row(row)));
    assert!(
        kept.row(3).iter().all(|value| value.is_nan()),
        "it was not wanted"
    );
}

#[test]
fn foreign_files_and_rows_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.npy");
    drop(KeptRows::open(&path, 3, 2048).unwrap());
    assert!(matches!(
        KeptRows::open(&path, 4, 2048),
        Err(KeptError::Foreign { rows: 4, .. })
    ));
    drop(KeptRows::open(&path, 3, 2048).unwrap());
    fs::write(&path, b"mine").unwrap();
    assert!(matches!(
        KeptRows::open(&path, 3, 2048),
        Err(KeptError::Foreign { found: 4, .. })
    ));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
}
