//! Files that hold several matrices, each with a name. `goldens/members/make.py` wrote them.

use std::fs;
use std::path::{Path, PathBuf};

use annatomy_formats::{Element, ReadError, VectorFile, read_answers, read_distances, read_ids};

const ROWS: usize = 5;
const COLUMNS: usize = 3;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/goldens/members")
        .join(name)
}

fn member(file: &str, name: &str) -> String {
    format!("{}::{name}", golden(file).display())
}

/// What make.py put into the matrix of this NumPy type code.
fn expected(code: &str) -> Vec<f32> {
    let numbers = (0..ROWS * COLUMNS).map(|index| index as f32);
    match code.as_bytes()[0] {
        b'u' => numbers.collect(),
        b'i' => numbers.map(|number| number - 7.0).collect(),
        _ => numbers.map(|number| (number - 7.0) / 4.0).collect(),
    }
}

fn values(path: impl AsRef<Path>) -> Vec<f32> {
    VectorFile::open(path)
        .unwrap()
        .read_all()
        .unwrap()
        .values()
        .to_vec()
}

fn refusal(path: impl AsRef<Path>) -> String {
    VectorFile::open(path)
        .and_then(|file| file.read_all())
        .unwrap_err()
        .to_string()
}

/// Reads everything that can be read, as everything that it can be.
fn read_every_way(path: &Path) -> Result<(), ReadError> {
    let _ = (
        read_answers(path),
        read_distances(path),
        VectorFile::open_queries(path).and_then(|file| file.read_all()),
    );
    let file = VectorFile::open(path)?;
    let _ = file.ids();
    file.read_all().map(drop)
}

/// A new file each time: some file systems flush one that is rewritten, which costs thousands of
/// small tests minutes.
fn put(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
}

/// Cuts the golden at every byte, `whole` or not: none may be read whole.
fn check_cuts(name: &str) {
    let bytes = fs::read(golden(name)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    for kept in 0..bytes.len() {
        put(&path, &bytes[..kept]);
        assert!(
            read_every_way(&path).is_err(),
            "{name} cut to {kept} of {}",
            bytes.len()
        );
    }
}

/// Flips bits of every byte in turn: whatever comes of it, it is no panic.
fn check_flips(name: &str) {
    const FLIPS: [u8; 3] = [0x01, 0x80, 0xff];
    const SMALL: usize = 4096;
    let whole = fs::read(golden(name)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    for place in 0..whole.len() {
        let flips = if whole.len() <= SMALL {
            &FLIPS
        } else {
            &FLIPS[place % FLIPS.len()..][..1]
        };
        for flip in flips {
            let mut bytes = whole.clone();
            bytes[place] ^= flip;
            put(&path, &bytes);
            let _ = read_every_way(&path);
        }
    }
}

#[test]
fn tensors_of_every_type_are_read() {
    for code in [
        "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8",
    ] {
        assert_eq!(
            values(member("types.safetensors", code)),
            expected(code),
            "{code}"
        );
    }
    let halves = VectorFile::open(golden("bf16.safetensors")).unwrap();
    assert_eq!(
        (halves.element(), halves.rows(), halves.columns()),
        (Element::BF16, ROWS, COLUMNS)
    );
    // Seven bits behind the point hold these quarters exactly.
    assert_eq!(halves.read_all().unwrap().values(), expected("f4"));
    assert_eq!(
        read_ids(member("types.safetensors", "i2")).unwrap().row(0),
        [-7, -6, -5]
    );
    assert!(matches!(
        read_ids(member("types.safetensors", "f2")),
        Err(ReadError::NotIntegers { .. })
    ));
}

/// Trailing axes of length 1 are dropped with a note; others are not.
#[test]
fn features_of_n_2048_1_1_were_refused() {
    let mut names = vec![
        "pooled.npy",
        "pooled_F.npy",
        "pooled.npz",
        "pooled.safetensors",
    ];
    if cfg!(feature = "hdf5") {
        names.push("pooled.hdf5");
    }
    for name in names {
        let file = VectorFile::open(golden(name)).unwrap();
        assert_eq!((file.rows(), file.columns()), (ROWS, COLUMNS), "{name}");
        assert_eq!(values(golden(name)), expected("f4"), "{name}");
        assert_eq!(
            file.notes(),
            ["the array has 4 dimensions: the last 2, of length 1, are dropped"],
            "{name}"
        );
    }
    let plain = VectorFile::open(golden("only.safetensors")).unwrap();
    assert_eq!(plain.notes(), [""; 0]);
    assert_eq!(
        refusal(golden("not_pooled.npy")),
        "an array of shape [5, 1, 3, 1] is no matrix: a matrix has 2 dimensions"
    );
}

#[test]
fn the_only_matrix_of_tensors_needs_no_name() {
    assert_eq!(values(golden("only.safetensors")), expected("f4"));
    let file = VectorFile::open(golden("only.safetensors")).unwrap();
    assert_eq!(file.select(&[4, 0]).unwrap().row(1), &expected("f4")[..3]);
    let several = refusal(golden("types.safetensors"));
    assert!(
        several.starts_with("11 matrices in the file, name one as FILE::NAME: "),
        "{several}"
    );
    let refused = refusal(member("only.safetensors", "weights"));
    assert!(
        refused.starts_with("no member \"weights\" in the file; it has "),
        "{refused}"
    );
    let refused = refusal(member("types.safetensors", "cube"));
    assert_eq!(
        refused,
        "an array of shape [2, 2, 2] is no matrix: a matrix has 2 dimensions"
    );
    assert!(
        refusal(member("types.safetensors", "flags"))
            .starts_with("numbers of type BOOL are not supported")
    );
    let error = read_ids(golden("only.safetensors"))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("no matrix of integers among the file's 2 members: "),
        "{error}"
    );
}

#[test]
fn damaged_tensors_are_errors() {
    check_cuts("only.safetensors");
    check_flips("only.safetensors");
    check_cuts("bf16.safetensors");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    fs::write(&path, 200_u64.to_le_bytes()).unwrap();
    assert_eq!(
        refusal(&path),
        "damaged or unsupported safetensors file of 8 bytes: a header of 200 bytes"
    );
    fs::write(&path, b"PK\x03\x04").unwrap();
    assert_eq!(
        refusal(&path),
        "the ending is .safetensors but the content is a zip archive (.npz)"
    );
}

#[cfg(not(all(feature = "parquet", feature = "hdf5")))]
#[test]
fn a_format_that_is_left_out_says_how_to_have_it() {
    for (name, feature) in [
        ("a.parquet", "parquet"),
        ("a.feather", "parquet"),
        ("a.h5", "hdf5"),
    ] {
        if annatomy_formats::Format::of(Path::new(name))
            .unwrap()
            .missing_feature()
            .is_some()
        {
            assert!(refusal(name).ends_with(&format!(
                "is not built in: build with `--features {feature}`"
            )));
        }
    }
}

#[cfg(feature = "parquet")]
mod columns {
    use super::*;
    use annatomy_formats::{IdColumn, RowIds};

    #[test]
    fn lists_of_every_kind_are_read() {
        for kind in ["list", "large", "fixed", "half"] {
            for ending in ["parquet", "arrow"] {
                let file = VectorFile::open(golden(&format!("{kind}.{ending}"))).unwrap();
                assert_eq!((file.rows(), file.columns()), (ROWS, COLUMNS));
                let element = match kind {
                    "large" => Element::F64,
                    "half" => Element::F16,
                    _ => Element::F32,
                };
                assert_eq!(file.element(), element, "{kind}.{ending}");
                assert_eq!(
                    file.read_all().unwrap().values(),
                    expected("f4"),
                    "{kind}.{ending}"
                );
                assert_eq!(file.select(&[4, 2]).unwrap().row(1), &expected("f4")[6..9]);
            }
        }
    }

    #[test]
    fn every_usual_compression_is_read() {
        for name in [
            "none.parquet",
            "gzip.parquet",
            "zstd.parquet",
            "lz4.parquet",
            "zstd.feather",
            "lz4.feather",
            "stream.arrow",
        ] {
            assert_eq!(values(golden(name)), expected("f4"), "{name}");
        }
        let zeros = VectorFile::open(golden("zeros.parquet"))
            .unwrap()
            .read_all()
            .unwrap();
        assert_eq!((zeros.rows(), zeros.columns()), (3000, 3));
        assert!(zeros.values().iter().all(|&value| value == 0.0));
    }

    #[test]
    fn the_only_column_of_lists_needs_no_name() {
        let error = refusal(golden("two.parquet"));
        assert_eq!(
            error,
            "2 matrices in the file, name one as FILE::NAME: base, queries"
        );
        assert_eq!(values(member("two.parquet", "queries"))[0], 98.25);
        let error = refusal(member("two.parquet", "label"));
        assert_eq!(
            error,
            "column label holds Int64: a matrix is a column of lists of numbers"
        );
        let error = refusal(member("two.parquet", "vectors"));
        assert_eq!(
            error,
            "no member \"vectors\" in the file; it has text, base, queries, label"
        );
    }

    fn ids(name: &str) -> Option<IdColumn> {
        let file = VectorFile::open(golden(name)).unwrap();
        assert_eq!((file.rows(), file.columns()), (ROWS, COLUMNS), "{name}");
        file.ids().unwrap()
    }

    fn named(name: &str, ids: RowIds) -> IdColumn {
        let name = name.to_owned();
        IdColumn { name, ids }
    }

    /// VectorDBBench's own layout: a shuffled `id` next to the vectors.
    #[test]
    fn a_column_of_unique_ids_was_passed_over() {
        let integers = |ids: [i64; ROWS]| RowIds::Integers(ids.to_vec());
        let shuffled = integers([40, 10, 50, 20, 30]);
        assert_eq!(ids("ids.parquet"), Some(named("Id", shuffled)));
        // `id` is there and holds an id twice.
        let texts = ["c", "a", "é", "d", "e"].map(str::to_owned).to_vec();
        let texts = named("_id", RowIds::Texts(texts));
        assert_eq!(ids("ids_text.parquet"), Some(texts));
        // No customary name: the first integers that are unique, unsigned here.
        let items = integers([4_294_967_295, 0, 7, 5, 6]);
        assert_eq!(ids("ids_unnamed.parquet"), Some(named("item", items)));
    }

    #[test]
    fn a_column_with_missing_repeated_or_reserved_values_holds_no_ids() {
        // 2⁶⁴ − 1 and the empty text are what engines leave in empty slots.
        assert_eq!(ids("ids_none.parquet"), None);
        // Text alone, without a customary name; and another format.
        assert_eq!(ids("list.parquet"), None);
        assert_eq!(ids("list.arrow"), None);
    }

    #[test]
    fn what_is_missing_is_named_by_its_row() {
        for ending in ["parquet", "arrow"] {
            let refused = |name: &str| refusal(golden(&format!("{name}.{ending}")));
            assert_eq!(refused("null_row"), "row 1 is missing (null)");
            assert_eq!(
                refused("null_number"),
                "the number at row 1, column 1 is missing (null)"
            );
            assert_eq!(
                refused("ragged"),
                "row 2 has 1 values, the rows before it have 3"
            );
        }
    }

    #[test]
    fn lists_of_ids_are_filled_up_and_keep_their_sentinels() {
        for code in ["int32", "int64", "uint32", "uint64"] {
            for ending in ["parquet", "arrow"] {
                let (answers, distances) =
                    read_answers(golden(&format!("answers_{code}.{ending}"))).unwrap();
                let last = if code.starts_with('u') { 7 } else { -1 };
                assert_eq!(
                    (answers.rows(), answers.columns(), answers.short_rows()),
                    (3, 3, 2)
                );
                assert_eq!(
                    answers.ids(),
                    [1, 0, last, -1, -1, -1, 2, 1, -1],
                    "{code}.{ending}"
                );
                let distances = distances.unwrap();
                assert_eq!(distances.row(0), [0.5, 0.75, f32::INFINITY]);
                assert!(distances.row(1)[0].is_nan() && distances.row(2)[1] == 0.5);
            }
        }
        let named = member("answers_int32.parquet", "distances");
        assert!(matches!(
            read_answers(&named),
            Err(ReadError::NotIntegers {
                element: Element::F32
            })
        ));
        assert_eq!(read_distances(&named).unwrap().columns(), 3);
    }

    /// The verifier of Arrow's headers traces its way to what it found, over several lines.
    #[test]
    fn an_error_is_one_line() {
        let mut bytes = fs::read(golden("stream.arrow")).unwrap();
        bytes[40..44].copy_from_slice(&[0xff, 0xff, 0xff, 0x3f]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.arrow");
        put(&path, &bytes);
        let error = refusal(&path);
        assert!(
            error
                .starts_with("damaged or unsupported Arrow file of 1248 bytes: the message at 0: "),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }

    #[test]
    fn a_page_that_claims_to_unpack_to_two_gibibytes_is_refused_before_room_is_made() {
        assert_eq!(
            VectorFile::open(golden("only.parquet")).unwrap().rows(),
            40 * ROWS
        );
        let mut bytes = fs::read(golden("only.parquet")).unwrap();
        // Behind "PAR1" a page's header: its type, its unpacked length (2488 in two bytes), its
        // packed one.
        assert_eq!(bytes[4..11], [0x15, 0x00, 0x15, 0xf0, 0x26, 0x15, 0x92]);
        bytes.splice(7..9, [0xfe, 0xff, 0xff, 0xff, 0x0f]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claims.parquet");
        put(&path, &bytes);
        let error = refusal(&path);
        assert!(
            error.ends_with("claims to unpack 201 bytes to 2147483647"),
            "{error}"
        );
    }

    #[test]
    fn damaged_columns_are_errors() {
        for name in [
            "list.parquet",
            "zstd.parquet",
            "only.parquet",
            "answers_int64.parquet",
            "ids.parquet",
            "ids_text.parquet",
            "fixed.arrow",
            "list.arrow",
            "stream.arrow",
            "lz4.feather",
        ] {
            check_cuts(name);
            check_flips(name);
        }
    }
}

#[cfg(feature = "hdf5")]
mod datasets {
    use annatomy_formats::BenchmarkRun;
    use annatomy_vectors::Metric;

    use super::*;

    #[test]
    fn a_benchmark_gives_each_use_its_data_set() {
        for name in ["benchmark.hdf5", "packed.h5", "latest.hdf5"] {
            let base = VectorFile::open(golden(name)).unwrap();
            assert_eq!(base.read_all().unwrap().values(), expected("f4"), "{name}");
            assert_eq!(base.metric_name(), Some("angular"));
            assert_eq!(
                base.metric_name().unwrap().parse::<Metric>().unwrap(),
                Metric::Cosine
            );
            let queries = VectorFile::open_queries(golden(name)).unwrap();
            assert_eq!(
                (queries.rows(), queries.read_all().unwrap().row(0)[0]),
                (2, 98.25),
                "{name}"
            );
            assert_eq!(values(member(name, "test"))[0], 98.25);
            let (answers, distances) = read_answers(golden(name)).unwrap();
            assert_eq!(answers.ids(), [1, 0, -1, 2, 1, 0], "{name}");
            assert_eq!(
                distances.unwrap().values(),
                [0.5, 0.75, f32::MAX, 0.25, 0.5, f32::INFINITY],
                "{name}"
            );
            assert_eq!(read_distances(golden(name)).unwrap().row(0)[2], f32::MAX);
            assert_eq!(
                read_ids(member(name, "/neighbors")).unwrap().row(1),
                [2, 1, 0]
            );
        }
    }

    #[test]
    fn a_result_of_a_benchmark_names_its_run_and_holds_answers() {
        let run = BenchmarkRun::read(golden("angular_run.hdf5"))
            .unwrap()
            .expect("a run");
        assert_eq!(
            (run.algorithm.as_deref(), run.dataset.as_deref()),
            (Some("hnswlib"), Some("noise-8-angular"))
        );
        assert_eq!(
            run.name.as_deref(),
            Some("hnswlib ({'M': 4, 'efConstruction': 500})")
        );
        assert_eq!(
            (run.distance.as_deref(), run.count),
            (Some("angular"), Some(5))
        );
        let (answers, distances) = read_answers(golden("angular_run.hdf5")).unwrap();
        let distances = distances.expect("distances in the same file");
        assert_eq!(
            (
                answers.rows(),
                answers.columns(),
                distances.rows(),
                distances.columns()
            ),
            (12, 5, 12, 5)
        );
        assert_eq!(
            (&answers.row(0)[3..], &distances.row(0)[3..]),
            (&[-1, -1][..], &[f32::INFINITY; 2][..])
        );
        for no_run in ["angular.hdf5", "benchmark.hdf5", "only.safetensors"] {
            assert_eq!(
                BenchmarkRun::read(golden(no_run)).unwrap(),
                None,
                "{no_run}"
            );
        }
    }

    #[test]
    fn data_sets_of_every_type_are_read() {
        for code in [
            "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8",
        ] {
            for order in ["little", "big"] {
                assert_eq!(
                    values(member("types.hdf5", &format!("{order}/{code}"))),
                    expected(code),
                    "{order} {code}"
                );
            }
        }
        assert_eq!(values(member("types.hdf5", "flags")), [1.0, 0.0, 0.0, 1.0]);
        assert_eq!(values(member("types.hdf5", "unwritten")), [1.5; 4]);
        let file = VectorFile::open(member("types.hdf5", "little/u1")).unwrap();
        assert_eq!(
            (file.element(), file.metric_name()),
            (Element::U8, Some("euclidean"))
        );
    }

    #[test]
    fn data_sets_that_are_no_matrix_are_refused() {
        let refused = |name| refusal(member("types.hdf5", name));
        assert_eq!(
            refused("line"),
            "an array of shape [4] is no matrix: a matrix has 2 dimensions"
        );
        assert!(
            refused("names").starts_with("numbers of type list of any length are not supported")
        );
        assert!(refused("absent").starts_with("no member \"absent\" in the file; it has "));
        let error = refused("boundless");
        assert!(
            error.ends_with("1099511627776 rows of 4 take 17592186044416 bytes"),
            "{error}"
        );
        let error = refusal(golden("types.hdf5"));
        assert!(
            error.starts_with("25 matrices in the file, name one as FILE::NAME: "),
            "{error}"
        );
    }

    #[test]
    fn damaged_data_sets_are_errors() {
        check_cuts("benchmark.hdf5");
        for name in [
            "benchmark.hdf5",
            "latest.hdf5",
            "packed.h5",
            "angular_run.hdf5",
        ] {
            check_flips(name);
        }
    }
}
