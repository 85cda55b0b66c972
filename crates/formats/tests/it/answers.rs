//! Neighbor tables as engines and benchmarks leave them: sentinels kept, short rows filled up,
//! distances as they stand.

use std::fs;
use std::path::{Path, PathBuf};

use annatomy_formats::{
    EMPTY_SLOT, ReadError, Source, VectorFile, read_answers, read_distances, read_ids, write_ids,
    write_matrix,
};
use annatomy_vectors::{Matrix, MatrixView};
use proptest::prelude::*;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/goldens/formats")
        .join(name)
}

/// A file of these bytes under this name, in a folder that goes with it.
fn file_of(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// A new file each time: some file systems flush one that is rewritten, which costs thousands of
/// small tests minutes.
fn put(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
}

fn words(words: &[i32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn floats(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn wide(ids: &[i64]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.to_le_bytes()).collect()
}

/// A .npy of 2 rows and 2 columns.
fn array(descr: &str, content: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2, 2), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(content);
    bytes
}

fn ids_of(name: &str, bytes: &[u8]) -> Vec<i64> {
    let (_folder, path) = file_of(name, bytes);
    read_answers(path).unwrap().0.ids().to_vec()
}

fn refusal(name: &str, bytes: &[u8]) -> String {
    let (_folder, path) = file_of(name, bytes);
    read_answers(path).unwrap_err().to_string()
}

#[test]
fn arrays_of_every_integer_type_keep_their_sentinels() {
    let narrow = words(&[3, -1, -2, i32::MIN]);
    assert_eq!(
        ids_of("a.npy", &array("<i4", &narrow)),
        [3, -1, -2, i32::MIN.into()]
    );
    assert_eq!(
        ids_of("a.npy", &array("<u4", &narrow)),
        [3, 4_294_967_295, 4_294_967_294, 2_147_483_648]
    );
    let lowest = wide(&[3, -1, i64::MIN, i64::MAX]);
    assert_eq!(
        ids_of("a.npy", &array("<i8", &lowest)),
        [3, -1, i64::MIN, i64::MAX]
    );
    // All bits set is −1 written by an engine whose ids are unsigned; anything else that large is
    // no id.
    assert_eq!(
        ids_of("a.npy", &array("<u8", &wide(&[3, -1, 0, i64::MAX]))),
        [3, -1, 0, i64::MAX]
    );
    let expected = "id 9223372036854775808 at row 1, column 0 is too large";
    assert_eq!(refusal("a.npy", &array("<u8", &lowest)), expected);
    assert_eq!(
        refusal("a.npy", &array("<f4", &narrow)),
        "ids are integers, and the file holds float32"
    );
}

#[test]
fn short_rows_are_filled_up_and_counted() {
    let (_folder, path) = file_of("a.ivecs", &words(&[2, 5, 6, 0, 3, 7, -8, 9, 3, 1, 2, 3]));
    let (answers, distances) = read_answers(&path).unwrap();
    assert_eq!(
        (answers.rows(), answers.columns(), answers.short_rows()),
        (4, 3, 2)
    );
    assert_eq!(answers.row(0), [5, 6, EMPTY_SLOT]);
    assert_eq!(answers.row(1), [EMPTY_SLOT; 3]);
    assert_eq!(answers.row(2), [7, -8, 9]);
    assert_eq!(distances, None);

    let uneven = [
        words(&[1]),
        floats(&[f32::INFINITY]),
        words(&[2]),
        floats(&[f32::MAX, 0.5]),
    ]
    .concat();
    let (_folder, path) = file_of("a.fvecs", &uneven);
    let distances = read_distances(&path).unwrap();
    assert_eq!(distances.row(1), [f32::MAX, 0.5]);
    assert!(distances.row(0)[0] == f32::INFINITY && distances.row(0)[1].is_nan());
}

#[test]
fn broken_rows_are_named() {
    assert_eq!(
        refusal("a.ivecs", &words(&[2, 5, 6, -3, 1])),
        "row 1 has -3 values"
    );
    let expected = "the file ends inside row 1: 16 bytes expected, 8 found";
    assert_eq!(refusal("a.ivecs", &words(&[2, 5, 6, 3, 1])), expected);
    assert_eq!(
        refusal("a.ivecs", &words(&[0, 0, 0])),
        "3 rows have no columns"
    );
    let mut lopsided = words(&[2000]);
    lopsided.resize(lopsided.len() + 4 * 2000, 0);
    lopsided.resize(lopsided.len() + 4 * 100_000, 0);
    let expected = "2000 values in 100001 rows, the longest of 2000: too uneven for a table";
    assert_eq!(refusal("a.ivecs", &lopsided), expected);
}

#[test]
fn ground_truth_holds_ids_and_distances() {
    let (ids, values) = (
        words(&[7, 4, 9, -1, 3, 0]),
        [0.0, 0.5, 2.0, f32::MAX, f32::INFINITY, f32::NAN],
    );
    let header = words(&[2, 3]);
    for name in ["gt.bin", "gt.ibin"] {
        let (_folder, path) = file_of(
            name,
            &[header.clone(), ids.clone(), floats(&values)].concat(),
        );
        let (answers, distances) = read_answers(&path).unwrap();
        assert_eq!(
            (answers.rows(), answers.columns(), answers.short_rows()),
            (2, 3, 0)
        );
        assert_eq!(answers.ids(), [7, 4, 9, -1, 3, 0]);
        let distances = distances.unwrap();
        assert_eq!(distances.row(0), [0.0, 0.5, 2.0]);
        assert!(distances.row(1)[1] == f32::INFINITY && distances.row(1)[2].is_nan());
    }
    let (_folder, path) = file_of("ids.ibin", &[header.clone(), ids].concat());
    let (answers, distances) = read_answers(&path).unwrap();
    assert_eq!((answers.row(1), distances), (&[-1, 3, 0][..], None));

    let wide_ids = wide(&[7, 4, 4_000_000_000, -1, 3, 0]);
    let (_folder, path) = file_of("wide.ibin", &[header.clone(), wide_ids.clone()].concat());
    let (answers, distances) = read_answers(&path).unwrap();
    assert_eq!(
        (answers.ids(), distances),
        (&[7, 4, 4_000_000_000, -1, 3, 0][..], None)
    );
    let (_folder, path) = file_of("both.bin", &[header, wide_ids, floats(&values)].concat());
    let (answers, distances) = read_answers(&path).unwrap();
    assert_eq!(
        (answers.row(0)[2], distances.unwrap().row(1)[0]),
        (4_000_000_000, f32::MAX)
    );
    assert_eq!(read_distances(&path).unwrap().row(0), [0.0, 0.5, 2.0]);
}

#[test]
fn ground_truth_of_another_size_is_told_its_bytes() {
    let expected = "2 rows of 3 answers take 32 bytes (ids), 56 (with distances, or 64-bit ids) or 80 (both), the file has 36";
    assert_eq!(
        refusal("a.bin", &words(&[2, 3, 0, 0, 0, 0, 0, 0, 0])),
        expected
    );
    let expected = "4294967295 rows of 4294967295 answers take 73786976260478468108 bytes (ids), \
                    147573952520956936208 (with distances, or 64-bit ids) or 221360928781435404308 (both), the file has 8";
    assert_eq!(refusal("a.bin", &words(&[-1, -1])), expected);
    assert_eq!(refusal("a.bin", &words(&[5, 0])), "5 rows have no columns");
    let (_folder, path) = file_of("a.bin", &words(&[1, 1, 4]));
    assert!(matches!(
        VectorFile::open(&path),
        Err(ReadError::NotVectors)
    ));
    assert!(matches!(read_distances(&path), Err(ReadError::NoDistances)));
}

#[test]
fn distances_are_read_as_they_stand() {
    let values = [f32::NAN, f32::INFINITY, f32::MAX, f32::NEG_INFINITY];
    let bits = |values: &[f32]| {
        values
            .iter()
            .map(|value| value.to_bits())
            .collect::<Vec<_>>()
    };
    let folder = tempfile::tempdir().unwrap();
    for ending in ["npy", "fbin", "fvecs"] {
        let path = folder.path().join("distances").with_extension(ending);
        write_matrix(&path, MatrixView::new(2, 2, &values).unwrap()).unwrap();
        assert_eq!(
            bits(read_distances(&path).unwrap().values()),
            bits(&values),
            "{ending}"
        );
    }
    let double: Vec<u8> = [0.1, f64::NAN, f64::from(f32::MAX), 1e300]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let (_folder, path) = file_of("a.npy", &array("<f8", &double));
    let read = read_distances(path).unwrap();
    assert!(read.row(0)[0] == 0.1 && read.row(0)[1].is_nan());
    assert_eq!(read.row(1), [f32::MAX, f32::INFINITY]);
}

#[test]
fn a_member_is_named_after_two_colons() {
    let two = golden("two.npz");
    let named = |member: &str| format!("{}::{member}", two.display());
    assert_eq!(VectorFile::open(named("queries")).unwrap().rows(), 2);
    assert_eq!(VectorFile::open_queries(named("base")).unwrap().rows(), 5);
    assert!(matches!(
        VectorFile::open(named("absent")),
        Err(ReadError::NoSuchMember { .. })
    ));
    let error = VectorFile::open(format!("{}::x", golden("f4_big_C.npy").display())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no member \"x\": a .npy file holds one matrix without a name"
    );

    // A file whose own name looks like that of a member.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz::b.npy");
    write_matrix(&path, Matrix::zeros(1, 2).view()).unwrap();
    assert_eq!(VectorFile::open(&path).unwrap().columns(), 2);
    assert_eq!(Source::parse("a::b.npz::c::d").member(), Some("c::d"));
    assert_eq!(Source::parse("a::b").member(), None);
}

#[test]
fn an_archive_gives_its_ids_and_their_distances() {
    let (answers, distances) = read_answers(golden("answers.npz")).unwrap();
    assert_eq!(answers.ids(), [1, 0, -1, 2, 1, 0]);
    assert_eq!(distances.unwrap().row(1), [0.25, 0.5, f32::INFINITY]);
    let named = format!("{}::I", golden("answers.npz").display());
    assert_eq!(read_answers(named).unwrap(), (answers, None));
    assert_eq!(VectorFile::open(golden("answers.npz")).unwrap().rows(), 4);
    assert_eq!(
        VectorFile::open_queries(golden("answers.npz"))
            .unwrap()
            .rows(),
        2
    );
}

/// Small tables of every kind that holds answers, whole.
fn small_files() -> Vec<(&'static str, Vec<u8>)> {
    let ids = words(&[7, 4, 9, -1, 3, 5]);
    let distances = floats(&[0.0, 0.5, 2.0, 3.0, 4.0, 5.0]);
    let header = words(&[2, 3]);
    vec![
        ("a.npy", array("<i8", &wide(&[3, -1, 2, 5]))),
        ("a.npz", fs::read(golden("answers.npz")).unwrap()),
        ("a.ivecs", words(&[2, 5, 6, 1, 3, 3, 7, 8, 9])),
        ("a.fvecs", words(&[2, 5, 6, 1, 3, 3, 7, 8, 9])),
        ("a.ibin", [header.clone(), ids.clone()].concat()),
        ("a.bin", [header.clone(), ids, distances.clone()].concat()),
        (
            "b.bin",
            [header, wide(&[7, 4, 9, -1, 3, 5]), distances].concat(),
        ),
    ]
}

#[test]
fn a_table_cut_anywhere_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in small_files() {
        let path = folder.path().join(name);
        for kept in 0..bytes.len() {
            put(&path, &bytes[..kept]);
            let whole_rows = name.ends_with("vecs") && [12, 20].contains(&kept);
            // A size is all these have to say what they hold: cut to another that is possible, they
            // are whole tables.
            let other_kind = matches!((name, kept), ("a.bin" | "b.bin", 32) | ("b.bin", 56));
            let read = if name == "a.fvecs" {
                read_distances(&path).map(drop)
            } else {
                read_answers(&path).map(drop)
            };
            assert_eq!(
                read.is_ok(),
                whole_rows || other_kind,
                "{name} cut to {kept}"
            );
        }
    }
}

#[test]
fn no_flipped_bit_makes_a_reader_panic() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in small_files() {
        let path = folder.path().join(name);
        for place in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[place] ^= flip;
                put(&path, &bytes);
                let _ = (read_answers(&path), read_distances(&path));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn uneven_rows_come_back_with_their_ends_filled(rows in proptest::collection::vec(proptest::collection::vec(any::<i32>(), 0..6), 1..9)) {
        prop_assume!(rows.iter().any(|row| !row.is_empty()));
        let bytes: Vec<u8> = rows.iter().flat_map(|row| [words(&[row.len() as i32]), words(row)].concat()).collect();
        let (_folder, path) = file_of("a.ivecs", &bytes);
        let table = read_ids(path).unwrap();
        let columns = rows.iter().map(Vec::len).max().unwrap();
        prop_assert_eq!((table.rows(), table.columns()), (rows.len(), columns));
        prop_assert_eq!(table.short_rows(), rows.iter().filter(|row| row.len() < columns).count());
        for (index, row) in rows.iter().enumerate() {
            let expected: Vec<i64> = row.iter().map(|&id| id.into()).chain(std::iter::repeat(-1)).take(columns).collect();
            prop_assert_eq!(table.row(index), expected);
        }
    }

    #[test]
    fn written_ids_are_read_as_answers(rows in 1..6_usize, columns in 1..6_usize, first: i32) {
        let folder = tempfile::tempdir().unwrap();
        let ids: Vec<i64> = (0..rows * columns).map(|place| first.wrapping_add(place as i32).into()).collect();
        for ending in ["npy", "ibin", "ivecs"] {
            let path = folder.path().join("ids").with_extension(ending);
            write_ids(&path, rows, columns, &ids).unwrap();
            prop_assert_eq!(read_ids(&path).unwrap().ids().to_vec(), ids.clone());
        }
    }
}
