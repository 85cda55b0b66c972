//! Laws of reading and writing: what is written is read back, and no bytes whatever make the reader
//! panic.

use std::fs;
use std::path::Path;

use annatomy_formats::{Format, ReadError, VectorFile, read_ids, write_ids, write_matrix};
use annatomy_vectors::Matrix;
use proptest::prelude::*;

fn matrices() -> impl Strategy<Value = Matrix> {
    let shapes = (1..9_usize, 1..12_usize);
    shapes.prop_flat_map(|(rows, columns)| {
        let values = proptest::collection::vec(proptest::num::f32::ANY, rows * columns);
        values.prop_map(move |values| Matrix::new(rows, columns, values).unwrap())
    })
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Opens and reads everything that can be read.
fn read(path: &Path) -> Result<Matrix, ReadError> {
    let _ = read_ids(path);
    VectorFile::open(path)?.read_all()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_written_matrix_reads_back_bit_for_bit(matrix in matrices()) {
        let folder = tempfile::tempdir().unwrap();
        for ending in ["npy", "fbin", "fvecs"] {
            let path = folder.path().join("matrix").with_extension(ending);
            write_matrix(&path, matrix.view()).unwrap();
            let back = VectorFile::open(&path).unwrap().read_all().unwrap();
            prop_assert_eq!((back.rows(), back.columns()), (matrix.rows(), matrix.columns()));
            prop_assert_eq!(bits(back.values()), bits(matrix.values()), "{}", ending);
        }
    }

    #[test]
    fn written_ids_read_back(rows in 1..6_usize, columns in 1..6_usize, first: i32) {
        let folder = tempfile::tempdir().unwrap();
        let narrow: Vec<i32> = (0..rows * columns).map(|place| first.wrapping_add(place as i32)).collect();
        let wide: Vec<i64> = narrow.iter().map(|&id| id.into()).collect();
        for ending in ["npy", "ibin", "ivecs"] {
            let path = folder.path().join("ids").with_extension(ending);
            write_ids(&path, rows, columns, &narrow).unwrap();
            prop_assert_eq!(read_ids(&path).unwrap().ids().to_vec(), wide.clone());
            write_ids(&path, rows, columns, &wide).unwrap();
            let table = read_ids(&path).unwrap();
            prop_assert_eq!((table.rows(), table.columns()), (rows, columns));
            prop_assert_eq!(table.ids().to_vec(), wide.clone());
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error(matrix in matrices(), share in 0.0..1.0_f64) {
        let folder = tempfile::tempdir().unwrap();
        for ending in ["npy", "fbin", "fvecs"] {
            let path = folder.path().join("cut").with_extension(ending);
            write_matrix(&path, matrix.view()).unwrap();
            let bytes = fs::read(&path).unwrap();
            let kept = (bytes.len() as f64 * share) as usize;
            fs::write(&path, &bytes[..kept]).unwrap();
            // Rows with their own lengths and no count before them: fewer of them are a whole file
            // too.
            let whole_rows = ending == "fvecs" && kept > 0 && kept.is_multiple_of(4 + 4 * matrix.columns());
            prop_assert_eq!(read(&path).is_ok(), whole_rows, "{} cut to {} of {}", ending, kept, bytes.len());
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let folder = tempfile::tempdir().unwrap();
        for format in Format::ALL {
            let path = folder.path().join("noise").with_extension(format.ending());
            fs::write(&path, &bytes).unwrap();
            let _ = read(&path);
        }
    }

    #[test]
    fn no_changed_byte_makes_the_reader_panic(place in 0.0..1.0_f64, byte: u8) {
        let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/formats");
        let folder = tempfile::tempdir().unwrap();
        for name in ["f4_little_C.npy", "f4_big_F.npy", "version2.npy", "stored.npz", "packed.npz"] {
            let mut bytes = fs::read(goldens.join(name)).unwrap();
            let place = (bytes.len() as f64 * place) as usize;
            bytes[place] = byte;
            let path = folder.path().join(name);
            fs::write(&path, &bytes).unwrap();
            let _ = read(&path);
        }
    }
}
