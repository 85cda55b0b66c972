//! Files that NumPy wrote, and files that lie about themselves. `goldens/formats/make.py` wrote the
//! former.

use std::fs;
use std::path::{Path, PathBuf};

use annatomy_formats::{
    Element, ReadError, VectorFile, WriteError, read_ids, write_atomically, write_ids, write_matrix,
};
use annatomy_vectors::Matrix;

const ROWS: usize = 5;
const COLUMNS: usize = 3;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/goldens/formats")
        .join(name)
}

/// What make.py put into the array of this NumPy type code.
fn expected(code: &str) -> Vec<f32> {
    let numbers = (0..ROWS * COLUMNS).map(|index| index as f32);
    match code.as_bytes()[0] {
        b'u' => numbers.collect(),
        b'i' => numbers.map(|number| number - 7.0).collect(),
        _ => numbers.map(|number| (number - 7.0) / 4.0).collect(),
    }
}

fn every_array() -> Vec<(&'static str, PathBuf)> {
    let mut arrays = Vec::new();
    for code in [
        "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8",
    ] {
        for order in ["little", "big"] {
            for layout in ["C", "F"] {
                arrays.push((code, golden(&format!("{code}_{order}_{layout}.npy"))));
            }
        }
    }
    arrays
}

#[test]
fn every_number_type_byte_order_and_memory_order_is_read() {
    for (code, path) in every_array() {
        let file = VectorFile::open(&path).unwrap();
        let values = expected(code);
        assert_eq!((file.rows(), file.columns()), (ROWS, COLUMNS));
        assert_eq!(
            file.read_all().unwrap().values(),
            values,
            "{}",
            path.display()
        );
        assert_eq!(
            file.read_rows(1..4).unwrap().values(),
            &values[3..12],
            "{}",
            path.display()
        );
        assert_eq!(
            file.select(&[4, 0, 4]).unwrap().row(0),
            &values[12..],
            "{}",
            path.display()
        );
        let mut row = [0.0; COLUMNS];
        file.read_rows_into(2..3, &mut row).unwrap();
        assert_eq!(row, values[6..9]);
    }
}

#[test]
fn integers_are_read_as_ids_and_floats_are_not() {
    for (code, path) in every_array() {
        match read_ids(&path) {
            Ok(table) => {
                let expected: Vec<i64> = expected(code).iter().map(|&value| value as i64).collect();
                assert_eq!(table.ids(), expected);
                assert_eq!(table.row(1), &expected[3..6]);
            }
            Err(error) => assert!(
                matches!(error, ReadError::NotIntegers { .. }) && code.starts_with('f'),
                "{error}"
            ),
        }
    }
    let error = read_ids(golden("large_id.npy")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "id 9223372036854775813 at row 1, column 1 is too large"
    );
}

#[test]
fn every_header_version_is_read() {
    for version in 1..=3 {
        let file = VectorFile::open(golden(&format!("version{version}.npy"))).unwrap();
        assert_eq!(file.read_all().unwrap().values(), expected("f4"));
    }
}

#[test]
fn an_archive_gives_its_only_matrix_or_the_named_one() {
    for name in ["stored.npz", "packed.npz"] {
        let file = VectorFile::open(golden(name)).unwrap();
        assert_eq!(file.read_all().unwrap().values(), expected("f4"), "{name}");
    }
    let error = VectorFile::open(golden("two.npz")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "2 matrices in the file, name one as FILE::NAME: base, queries"
    );
    for name in ["queries", "queries.npy"] {
        let queries = VectorFile::open_member(golden("two.npz"), name).unwrap();
        assert_eq!(
            (queries.rows(), queries.read_all().unwrap().row(0)[0]),
            (2, 98.25)
        );
    }
    let error = VectorFile::open_member(golden("two.npz"), "test").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no member \"test\" in the file; it has base, queries"
    );
    let error = VectorFile::open_member(golden("packed.npz"), "labels").unwrap_err();
    assert_eq!(
        error.to_string(),
        "an array of shape [5] is no matrix: a matrix has 2 dimensions"
    );
}

#[test]
fn arrays_that_are_no_matrix_of_numbers_are_refused() {
    let refusal = |name| VectorFile::open(golden(name)).unwrap_err().to_string();
    assert_eq!(
        refusal("one_dimension.npy"),
        "an array of shape [4] is no matrix: a matrix has 2 dimensions"
    );
    assert!(refusal("complex.npy").starts_with("numbers of type <c8 are not supported"));
    assert!(refusal("structured.npy").starts_with("numbers of type structured are not supported"));
    assert_eq!(
        VectorFile::open(golden("no_rows.npy"))
            .unwrap()
            .read_all()
            .unwrap()
            .rows(),
        0
    );
}

/// A file of these bytes under this name, in a folder that goes with it.
fn file_of(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn refusal(name: &str, bytes: &[u8]) -> String {
    let (_folder, path) = file_of(name, bytes);
    VectorFile::open(path)
        .and_then(|file| file.read_all())
        .unwrap_err()
        .to_string()
}

fn words(words: &[i32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn a_lying_header_is_told_its_bytes() {
    let expected = "the header asks for 48 bytes (2 rows of 5), the file has 20";
    assert_eq!(refusal("short.fbin", &words(&[2, 5, 0, 0, 0])), expected);
    let expected = "the header asks for 73786976260478468108 bytes (4294967295 rows of 4294967295), the file has 8";
    assert_eq!(refusal("huge.fbin", &words(&[-1, -1])), expected);
    assert_eq!(
        refusal("flat.fbin", &words(&[7, 0])),
        "7 rows have no columns"
    );
    assert_eq!(
        refusal("tiny.ibin", &[1, 0, 0]),
        "malformed header: 8 bytes expected, 3 found"
    );
    let mut array = fs::read(golden("f4_little_C.npy")).unwrap();
    array.push(0);
    assert_eq!(
        refusal("long.npy", &array),
        "the header asks for 188 bytes (5 rows of 3), the file has 189"
    );
}

#[test]
fn a_row_of_another_length_is_named() {
    let uneven = words(&[2, 1, 1, 2, 2, 2, 3, 3, 3]);
    assert_eq!(
        refusal("a.fvecs", &uneven),
        "row 2 has 3 values, the rows before it have 2"
    );
    let uneven_but_whole = words(&[2, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3]);
    let expected = "row 1 has 3 values, the rows before it have 2";
    assert_eq!(
        refusal(
            "b.ivecs",
            &[words(&[2, 1, 1, 3, 2, 2]), words(&[2, 3, 3])].concat()
        ),
        expected
    );
    assert!(refusal("c.ivecs", &uneven_but_whole).starts_with("row 2 has 3 values"));
    let truncated = words(&[2, 1, 1, 2, 2]);
    assert_eq!(
        refusal("d.fvecs", &truncated),
        "the file ends inside row 1: 12 bytes expected, 8 found"
    );
    assert_eq!(
        refusal("e.fvecs", &words(&[-4, 1])),
        "malformed header: the first row has -4 values"
    );
}

/// Rows are read in pieces of 8 MB, on all threads: 23 MB, from the first row and from within a piece.
#[test]
fn files_of_many_pieces_are_read_row_for_row() {
    const ROWS: usize = 23_000;
    const COLUMNS: usize = 251;
    let value = |place: usize| (place % 16_777_213) as f32;
    let matrix = Matrix::new(ROWS, COLUMNS, (0..ROWS * COLUMNS).map(value).collect());
    let matrix = matrix.expect("rows × columns");
    let values = matrix.values().iter().flat_map(|value| value.to_le_bytes());
    let rows = matrix.values().chunks(COLUMNS).flat_map(|row| {
        let length = (COLUMNS as i32).to_le_bytes();
        let values = row.iter().flat_map(|value| value.to_le_bytes());
        length.into_iter().chain(values).collect::<Vec<_>>()
    });
    let header = words(&[ROWS as i32, COLUMNS as i32]).into_iter();
    let mut of_prefixed_rows: Vec<u8> = rows.collect();
    let in_one_piece: Vec<u8> = header.chain(values).collect();
    for (name, bytes) in [("a.fbin", &in_one_piece), ("b.fvecs", &of_prefixed_rows)] {
        let (_folder, path) = file_of(name, bytes);
        let file = VectorFile::open(&path).expect(name);
        assert!(file.read_all().expect(name) == matrix, "{name}");
        for range in [1..ROWS, 8_354..8_357, 9_000..ROWS - 1] {
            let expected = &matrix.values()[range.start * COLUMNS..range.end * COLUMNS];
            let found = file.read_rows(range.clone()).expect(name);
            assert!(found.values() == expected, "{name}, rows {range:?}");
        }
    }
    // Of two rows that are wrong, in pieces of their own, the first is named.
    for row in [20_000, 9_000] {
        let place = row * 4 * (COLUMNS + 1);
        of_prefixed_rows[place..place + 4].copy_from_slice(&9_i32.to_le_bytes());
    }
    assert!(refusal("c.fvecs", &of_prefixed_rows).starts_with("row 9000 has 9 values"));
}

#[test]
fn an_ending_that_lies_is_found_out() {
    let array = fs::read(golden("f4_little_C.npy")).unwrap();
    let archive = fs::read(golden("stored.npz")).unwrap();
    assert_eq!(
        refusal("a.fbin", &array),
        "the ending is .fbin but the content is a NumPy array (.npy)"
    );
    assert_eq!(
        refusal("a.npy", &archive),
        "the ending is .npy but the content is a zip archive (.npz)"
    );
    assert_eq!(
        refusal("a.npz", &array),
        "the ending is .npz but the content is a NumPy array (.npy)"
    );
    assert_eq!(
        refusal("a.npy", b"1,2,3\n"),
        "the ending is .npy but the content is not of that format"
    );
    assert_eq!(
        refusal("a.fvecs", b""),
        "the ending is .fvecs but the content is empty"
    );
    assert!(refusal("a.csv", b"").starts_with("unknown ending \"csv\""));
    assert!(matches!(
        VectorFile::open(golden("absent.npy")),
        Err(ReadError::Io(_))
    ));
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("a.npy")).unwrap();
    assert!(matches!(
        VectorFile::open(folder.path().join("a.npy")),
        Err(ReadError::Io(_))
    ));
}

#[test]
fn rows_that_are_not_there_are_refused() {
    let file = VectorFile::open(golden("f2_little_C.npy")).unwrap();
    assert_eq!(file.element(), Element::F16);
    assert!(matches!(
        file.read_rows(3..6),
        Err(ReadError::NoSuchRow { row: 5, rows: 5 })
    ));
    assert!(matches!(
        file.select(&[0, 9]),
        Err(ReadError::NoSuchRow { row: 9, rows: 5 })
    ));
    assert!(matches!(
        file.read_rows_into(0..2, &mut [0.0; 5]),
        Err(ReadError::Buffer { found: 5, .. })
    ));
}

#[test]
fn small_formats_are_read() {
    let (_folder, path) = file_of("a.u8bin", &[words(&[2, 2]), vec![0, 255, 7, 8]].concat());
    assert_eq!(
        VectorFile::open(path).unwrap().read_all().unwrap().values(),
        [0.0, 255.0, 7.0, 8.0]
    );
    let (_folder, path) = file_of("a.i8bin", &[words(&[2, 2]), vec![0, 255, 7, 8]].concat());
    assert_eq!(
        VectorFile::open(path).unwrap().read_all().unwrap().values(),
        [0.0, -1.0, 7.0, 8.0]
    );
    let (_folder, path) = file_of(
        "a.f16bin",
        &[words(&[1, 2]), vec![0x00, 0x3c, 0x00, 0xc0]].concat(),
    );
    assert_eq!(
        VectorFile::open(path).unwrap().read_all().unwrap().values(),
        [1.0, -2.0]
    );
    let (_folder, path) = file_of(
        "a.BVECS",
        &[words(&[2]), vec![9, 8], words(&[2]), vec![7, 6]].concat(),
    );
    assert_eq!(
        VectorFile::open(path).unwrap().read_all().unwrap().values(),
        [9.0, 8.0, 7.0, 6.0]
    );
}

/// More than two blocks, so that pages are handed back in between; both orders, and a float16 row
/// at an odd address.
#[test]
fn a_file_of_many_blocks_reads_as_its_rows_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.fvecs");
    let values: Vec<f32> = (0..20_000 * 257).map(|index| index as f32).collect();
    let matrix = Matrix::new(20_000, 257, values).unwrap();
    write_matrix(&path, matrix.view()).unwrap();
    let file = VectorFile::open(&path).unwrap();
    assert_eq!(file.read_all().unwrap(), matrix);
    assert_eq!(
        file.select(&[19_999, 3]).unwrap(),
        matrix.select(&[19_999, 3])
    );

    let mut fortran = Vec::new();
    let header = "{'descr': '<f4', 'fortran_order': True, 'shape': (20000, 257), }\n";
    fortran.extend_from_slice(b"\x93NUMPY\x01\x00");
    fortran.extend_from_slice(&(header.len() as u16).to_le_bytes());
    fortran.extend_from_slice(header.as_bytes());
    for column in 0..257 {
        fortran.extend((0..20_000).flat_map(|row| matrix.row(row)[column].to_le_bytes()));
    }
    let (_folder, path) = file_of("large.npy", &fortran);
    assert_eq!(VectorFile::open(path).unwrap().read_all().unwrap(), matrix);
}

#[test]
fn what_cannot_be_written_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let matrix = Matrix::zeros(2, 2);
    let error = write_matrix(at("a.bvecs"), matrix.view()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a .bvecs file cannot take a matrix: expected .npy, .fbin or .fvecs"
    );
    assert!(matches!(
        write_matrix(at("a.csv"), matrix.view()),
        Err(WriteError::UnknownEnding { .. })
    ));
    let error = write_ids(at("a.ivecs"), 2, 1, &[0, 1_i64 << 31]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "id 2147483648 at row 1, column 0 does not fit 32 bits; write .npy"
    );
    assert!(matches!(
        write_ids(at("a.npy"), 2, 2, &[0, 1]),
        Err(WriteError::Shape { found: 2, .. })
    ));
    assert!(matches!(
        write_matrix(at("a.fvecs"), Matrix::zeros(0, 2).view()),
        Err(WriteError::NoRows { .. })
    ));
    assert!(matches!(
        write_matrix(at("a.npy"), Matrix::zeros(2, 0).view()),
        Err(WriteError::NoColumns { rows: 2 })
    ));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_failed_write_keeps_the_old_file() {
    let (folder, path) = file_of("a.npy", b"old");
    let failed = write_atomically(&path, |file| {
        std::io::Write::write_all(file, b"new")?;
        Err(std::io::Error::other("the disk is full"))
    });
    assert!(failed.is_err());
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
