//! Files that are cut off, flipped or of other classes are refused with their class's name.

use super::answers::{NAMES, golden};
use annatomy_hnsw::Visits;
use annatomy_hnsw::import::{SavedIndex, SavedIndexError};
use annatomy_methods::{Method, QueryScratch, Routing, Searcher};

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(golden(&format!("{name}.index"))).expect("file")
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for name in NAMES {
        let bytes = bytes(name);
        for length in (0..bytes.len())
            .step_by(7)
            .chain(bytes.len().saturating_sub(60)..bytes.len())
        {
            let error = Method::from_bytes(&bytes[..length]).expect_err("cut off");
            let unsupported = matches!(error, SavedIndexError::Unsupported { .. });
            assert!(!unsupported, "{name} at {length}: {error}");
        }
    }
}

/// Any byte of the first kilobyte and of the last, and every hundredth between, turned over: an
/// error or an index that can be searched, never a panic.
#[test]
fn a_flipped_byte_never_panics() {
    for name in NAMES {
        let whole = bytes(name);
        let ends =
            (0..whole.len()).filter(|&at| at < 700 || at + 200 > whole.len() || at % 101 == 0);
        for at in ends {
            for mask in [0xff, 0x80, 0x01] {
                let mut bytes = whole.clone();
                bytes[at] ^= mask;
                let Ok(method) = Method::from_bytes(&bytes) else {
                    continue;
                };
                if at % 97 != 0 {
                    continue;
                }
                let searcher = Searcher::new(&method, None).expect("small");
                let query = vec![0.5; method.columns];
                let (mut scratch, mut visits) = (QueryScratch::default(), Visits::default());
                searcher.record(&query, 3, &mut scratch, &mut visits);
                let found = searcher.answer(&query, &visits, 3, 5, &mut scratch).count();
                assert!(found <= 5);
            }
        }
    }
}

#[test]
fn what_a_file_says_is_kept() {
    let method = Method::read(golden("mapped_refined_opq_ivf_pq6.index")).expect("index");
    assert_eq!(
        method.name,
        "IndexIDMap2 of IndexRefineFlat of IndexPreTransform of IndexIVFPQ"
    );
    assert_eq!((method.rows, method.columns), (200, 16));
    // Ids are a permutation of the row numbers, and the rows are back in that order.
    assert_eq!(method.labels, None);
    assert_eq!(
        (method.candidates(10), method.effort_word()),
        (30, Some("nprobe"))
    );
    assert_eq!(
        (method.codes.name(), method.code_bytes()),
        ("PQ8x6".to_owned(), 6)
    );
    let Routing::Cells(cells) = &method.routing else {
        panic!("an inverted file")
    };
    assert_eq!(cells.facts().cells, 13);
    assert_eq!(cells.lists.iter().map(Vec::len).sum::<usize>(), 200);
    let original = method
        .original_rows()
        .expect("those that rerank")
        .expect("small");
    let places: Vec<usize> = original
        .view()
        .values()
        .chunks(16)
        .map(|row| {
            let rows = super::answers::rows("ivf_flat_l2");
            (0..200)
                .find(|&place| rows.row(place) == row)
                .expect("a row")
        })
        .collect();
    let mut sorted = places.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..200).collect::<Vec<_>>());
    assert_ne!(places, sorted, "ids were shuffled");
}

#[test]
fn ids_of_lists_are_labels() {
    let method = Method::read(golden("ivf_flat_ip.index")).expect("index");
    let labels = method.labels.as_ref().expect("labels");
    assert_eq!(labels[..3], [1000, 1003, 1006]);
    let kept = method.original_rows().expect("flat").expect("small");
    assert_eq!(kept, super::answers::rows("ivf_flat_ip"));
}

#[test]
fn a_class_that_is_not_read_is_named_with_those_that_are() {
    let error = Method::from_bytes(b"IwPf")
        .expect_err("not read")
        .to_string();
    assert!(error.contains("IndexIVFPQFastScan"), "{error}");
    assert!(error.contains("IVFScalarQuantizer"), "{error}");
    let mut nested = Vec::new();
    for _ in 0..20 {
        nested.extend_from_slice(b"IxMp");
        nested.extend_from_slice(&bytes("ivf_flat_l2")[4..37]);
    }
    let error = Method::from_bytes(&nested)
        .expect_err("too deep")
        .to_string();
    assert!(error.contains("within 8 others"), "{error}");
}

/// Sizes far beyond the file are refused before anything is allocated for them.
#[test]
fn sizes_are_checked_before_they_are_allocated() {
    for name in NAMES {
        let whole = bytes(name);
        for at in (4..400.min(whole.len() - 8)).step_by(4) {
            let mut bytes = whole.clone();
            bytes[at..at + 8].copy_from_slice(&(1u64 << 40).to_le_bytes());
            if let Err(error) = Method::from_bytes(&bytes) {
                let memory = matches!(error, SavedIndexError::Memory { .. });
                assert!(!memory, "{name} at {at}: {error}");
            }
        }
    }
}

/// Float32 rows of a coarse quantizer and of an inverted file, and float16 codes, as infinities: they
/// were read, and every distance to them was no number.
#[test]
fn values_that_are_not_finite_are_named_by_row_and_column() {
    for (name, value) in [
        ("ivf_flat_l2", f32::INFINITY.to_le_bytes().to_vec()),
        ("hnsw_fp16_l2", vec![0x00, 0x7c]),
    ] {
        let mut bytes = bytes(name);
        let method = Method::from_bytes(&bytes).expect("whole");
        let code = method.codes.code(7);
        let at = bytes.windows(code.len()).position(|bytes| bytes == code);
        let at = at.expect("the code of a row") + 3 * value.len();
        bytes[at..at + value.len()].copy_from_slice(&value);
        let said = Method::from_bytes(&bytes)
            .expect_err("infinite")
            .to_string();
        for words in ["not finite, in column", "3", "7"] {
            assert!(said.contains(words), "{name}: {said}");
        }
    }
}

/// A search of layer 0 alone begins at random rows, so that there is nothing to predict.
#[test]
fn a_cagra_graph_is_one_over_vectors_but_not_of_layer_0_alone() {
    let mut bytes = bytes("hnsw_cagra_l2");
    let index = SavedIndex::from_bytes(&bytes).expect("float32 rows");
    let method = Method::from_bytes(&bytes).expect("a graph");
    assert_eq!((index.m, method.name.as_str()), (5, "IndexHNSWCagra"));
    assert_eq!(method.decoded().expect("small"), index.vectors);
    // Behind the code, 33 bytes of header and one flag.
    let base_level_only = 4 + 33 + 1;
    assert_eq!(bytes[base_level_only], 0);
    bytes[base_level_only] = 1;
    for error in [
        SavedIndex::from_bytes(&bytes).expect_err("layer 0 alone"),
        Method::from_bytes(&bytes).expect_err("layer 0 alone"),
    ] {
        let said = error.to_string();
        assert!(
            said.contains("IndexHNSWCagra with base_level_only is not read"),
            "{said}"
        );
    }
}
