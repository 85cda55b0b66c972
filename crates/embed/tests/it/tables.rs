//! Pictures in Parquet files, as pyarrow wrote them.

use std::fs;
use std::path::Path;

use crate::common::goldens;
use annatomy_embed::source::{Content, Source, SourceError};

/// Names, and the picture that each is or what is wrong with it.
fn items(path: &str) -> Vec<(String, Result<Vec<u8>, String>)> {
    let mut source = Source::open(goldens().join("tables").join(path)).unwrap();
    let mut items = Vec::new();
    while let Some(item) = source.next().unwrap() {
        let content =
            item.content
                .map_err(|error| error.to_string())
                .map(|content| match content {
                    Content::Encoded(bytes) => bytes,
                    Content::Picture(_) => panic!("tables hold encoded pictures"),
                });
        items.push((item.name, content));
    }
    assert_eq!(source.count(), Some(items.len() as u64));
    items
}

fn picture(name: &str) -> Vec<u8> {
    fs::read(goldens().join("pictures").join(name)).unwrap()
}

const ABSENT: &str = "a row without a picture";

fn refused(path: &str) -> String {
    Source::open(goldens().join("tables").join(path))
        .unwrap_err()
        .to_string()
}

#[test]
fn structs_of_bytes_and_path_as_hugging_face_keeps_them() {
    let expected = [
        ("gray.jpg".to_owned(), Ok(picture("gray.jpg"))),
        ("broken.jpg".to_owned(), Ok(b"no picture".to_vec())),
        ("lossy.webp".to_owned(), Ok(picture("lossy.webp"))),
        ("elsewhere.jpg".to_owned(), Err(ABSENT.to_owned())),
        (
            "hugging_face.parquet/000004".to_owned(),
            Ok(picture("sampled_2.jpg")),
        ),
    ];
    assert_eq!(items("hugging_face.parquet"), expected);
    assert_eq!(items("hugging_face.parquet::image"), expected);
}

#[test]
fn columns_of_bytes_are_named_by_their_rows() {
    let named = |row: usize, content| (format!("binary.parquet/{row:06}"), content);
    let expected = [
        named(0, Ok(picture("gray.jpg"))),
        named(1, Ok(picture("lossy.webp"))),
        named(2, Ok(picture("sampled_2.jpg"))),
        named(3, Err(ABSENT.to_owned())),
        named(4, Ok(picture("gray.jpg"))),
    ];
    assert_eq!(items("binary.parquet"), expected);
}

#[test]
fn the_column_must_be_clear() {
    let several = refused("two_columns.parquet");
    assert!(
        several.contains("name one as FILE::COLUMN")
            && several.contains("photo Binary, mask Binary"),
        "{several}"
    );
    assert_eq!(
        items("two_columns.parquet::mask")[0].1,
        Ok(b"mask".to_vec())
    );
    assert!(
        refused("no_pictures.parquet")
            .contains("no column holds bytes of pictures; its columns: label Int64")
    );
    assert!(refused("hugging_face.parquet::label").contains("\"label\" holds no bytes"));
    assert!(refused("hugging_face.parquet::picture").contains("no column \"picture\""));
}

#[test]
fn no_damage_makes_the_reader_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.parquet");
    let whole = fs::read(goldens().join("tables/hugging_face.parquet")).unwrap();
    let read = |path: &Path| -> Result<usize, SourceError> {
        let mut source = Source::open(path)?;
        let mut rows = 0;
        while source.next()?.is_some() {
            rows += 1;
        }
        Ok(rows)
    };
    let mut refused = 0;
    for at in (0..whole.len()).step_by(5) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        fs::write(&path, damaged).unwrap();
        refused += usize::from(read(&path).is_err());
    }
    assert!(refused > 0);
    for end in (0..whole.len()).step_by(31) {
        fs::write(&path, &whole[..end]).unwrap();
        assert!(
            matches!(read(&path), Err(SourceError::Table { .. })),
            "cut to {end}"
        );
    }
}
