//! Names as Big-ANN's and DiskANN's own tools leave them.

use std::fs;
use std::path::PathBuf;

use annatomy_formats::{Element, ReadError, VectorFile, read_answers, read_distances, read_ids};

/// n = 3 and d = 2, then bytes, in a file of this name.
fn put(folder: &tempfile::TempDir, name: &str, numbers: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    let header = [3_u32.to_le_bytes(), 2_u32.to_le_bytes()].concat();
    fs::write(&path, [&header, numbers].concat()).unwrap();
    path
}

const FLOATS: [f32; 6] = [0.0, -0.25, 1.5, 3.0, -1e-6, 128.0];
const IDS: [i32; 6] = [2, 1, 0, 2, -1, 9_999_999];

fn floats() -> Vec<u8> {
    FLOATS.map(f32::to_le_bytes).concat()
}

fn ids() -> Vec<u8> {
    IDS.map(i32::to_le_bytes).concat()
}

fn values(path: &PathBuf) -> Vec<f32> {
    let rows = VectorFile::open(path).unwrap().read_all().unwrap();
    rows.values().to_vec()
}

#[test]
fn a_crop_of_big_ann_was_refused_for_its_ending() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(&folder, "base.1B.fbin.crop_nb_3000", &floats());
    assert_eq!(values(&path), FLOATS);
    let path = put(&folder, "base.1B.u8bin.crop_nb_3000", &[1, 2, 3, 4, 5, 255]);
    assert_eq!(values(&path), [1.0, 2.0, 3.0, 4.0, 5.0, 255.0]);
}

#[test]
fn a_file_without_ending_was_refused_whatever_it_held() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(&folder, "deep-10M", &floats());
    assert_eq!(values(&path), FLOATS);
    assert!(matches!(
        read_ids(&path),
        Err(ReadError::NotIntegers {
            element: Element::F32
        })
    ));
    let path = put(&folder, "answers", &ids());
    assert_eq!(VectorFile::open(&path).unwrap().element(), Element::I32);
    assert_eq!(read_ids(&path).unwrap().ids(), IDS.map(i64::from));
    let path = put(&folder, "groundtruth", &[ids(), floats()].concat());
    let (answers, distances) = read_answers(&path).unwrap();
    assert_eq!(answers.ids(), IDS.map(i64::from));
    assert_eq!(distances.unwrap().values(), FLOATS);
    let path = put(&folder, "halves", &[0x00, 0x3c].repeat(6));
    assert_eq!(values(&path), [1.0; 6]);
    let golden = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/goldens/formats/f4_little_C.npy"
    );
    let copy = folder.path().join("an-array");
    fs::copy(golden, &copy).unwrap();
    assert_eq!(VectorFile::open(&copy).unwrap().rows(), 5);
}

#[test]
fn content_that_several_formats_fit_is_an_error_that_lists_them() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = |name, numbers: &[u8]| {
        let error = VectorFile::open(put(&folder, name, numbers)).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        refusal("bigann-10M", &[1, 2, 3, 4, 5, 255]),
        "the name does not say the number type, and 3 rows of 2 fit .u8bin and .i8bin: \
         rename or link the file with one of these endings"
    );
    assert!(refusal("zeros", &[0; 24]).contains(" 3 rows of 2 fit .fbin and .ibin: "));
    let neither = [1e-17_f32; 6].map(f32::to_le_bytes).concat();
    assert!(refusal("tiny", &neither).contains(" fit .fbin and .ibin: "));
    assert!(refusal("deep-10M", &floats()[..23]).starts_with("unknown ending \"\""));
}

#[test]
fn ground_truth_named_fbin_was_refused_for_its_length() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = [ids(), floats()].concat();
    let path = put(&folder, "gt100-heldout.30K.fbin", &numbers);
    let (answers, distances) = read_answers(&path).unwrap();
    assert_eq!(answers.ids(), IDS.map(i64::from));
    assert_eq!(distances.unwrap().values(), FLOATS);
    assert_eq!(read_distances(&path).unwrap().values(), FLOATS);
    assert!(matches!(
        VectorFile::open(&path),
        Err(ReadError::Length { .. })
    ));
}

#[test]
fn distances_of_diskann_were_taken_for_ids() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(&folder, "res_100_dists_float.bin", &floats());
    assert_eq!(read_distances(&path).unwrap().values(), FLOATS);
    assert!(matches!(
        read_ids(&path),
        Err(ReadError::NotIntegers { .. })
    ));
    let path = put(&folder, "res_100_idx_uint32.bin", &ids());
    assert_eq!(read_ids(&path).unwrap().ids(), IDS.map(i64::from));
    let path = put(&folder, "sift_learn_float.bin", &floats());
    assert_eq!(values(&path), FLOATS);
}
