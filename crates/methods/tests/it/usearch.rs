//! Indexes that usearch saved: the answers read from one record are the engine's own.
//!
//! A reviewer should expect no difference in any id but among rows of one distance, and of cosine
//! over codes of rows whose distances agree to rounding: those use an estimate of the processor's
//! own. `goldens/make_usearch.py` made the files.

use super::answers::golden;
use annatomy_formats::VectorFile;
use annatomy_hnsw::import::{
    Arithmetic, Engine, EngineBuild, EngineDistances, SavedIndex, SavedIndexError,
};
use annatomy_hnsw::{EngineClass, HeapQueue, Traversal, Visits};
use annatomy_methods::{Method, QueryScratch, Searcher};
use annatomy_vectors::{Matrix, Metric};

const EFFORTS: [usize; 7] = [1, 2, 3, 5, 8, 13, 30];
const KS: [usize; 4] = [1, 5, 10, 40];
const QUERIES: usize = 12;

/// Every index over codes or cosine, or read as such, that is committed.
const NAMES: [&str; 13] = [
    "f32_l2sq",
    "f32_ip",
    "f32_cos",
    "f16_l2sq",
    "f16_ip",
    "f16_cos",
    "bf16_l2sq",
    "bf16_ip",
    "bf16_cos",
    "i8_l2sq",
    "i8_ip",
    "i8_cos",
    "f32_l2sq_keyed",
];

fn path(name: &str) -> String {
    golden(&format!("usearch_{name}.index"))
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).expect("file")
}

fn queries() -> Matrix {
    let file = VectorFile::open(golden("usearch_rows.npy")).and_then(|file| file.read_all());
    let rows = file.expect("rows");
    let numbers: Vec<usize> = (rows.rows() - QUERIES..rows.rows()).collect();
    rows.select(&numbers)
}

/// The engine's own keys: per effort and k, per query k of them.
fn answers(name: &str) -> impl Iterator<Item = i64> {
    let bytes = std::fs::read(golden(&format!("usearch_{name}.npy"))).expect("answers");
    let count = EFFORTS.len() * QUERIES * KS.iter().sum::<usize>();
    let values = bytes[bytes.len() - 2 * count..].as_chunks().0.to_vec();
    values
        .into_iter()
        .map(|value| i64::from(i16::from_le_bytes(value)))
}

#[test]
fn predicted_answers_are_the_engines() {
    let queries = queries();
    for name in NAMES {
        let method = Method::read(path(name)).expect(name);
        let searcher = Searcher::new(&method, Some(Arithmetic::Avx512Zen4)).expect(name);
        let is_estimated = name.ends_with("cos") && !name.starts_with("f32");
        let mut expected = answers(name);
        let (mut scratch, mut visits) = (QueryScratch::default(), Visits::default());
        for effort in EFFORTS {
            for k in KS {
                for query in 0..QUERIES {
                    let vector = queries.row(query);
                    searcher.record(vector, 60, &mut scratch, &mut visits);
                    let label = |row: u32| {
                        let labels = method.labels.as_ref();
                        labels.map_or(i64::from(row), |labels| labels[row as usize])
                    };
                    let answer = searcher.answer(vector, &visits, effort, k, &mut scratch);
                    let found: Vec<i64> = answer.map(label).collect();
                    let expected: Vec<i64> = expected.by_ref().take(k).collect();
                    if found == expected {
                        continue;
                    }
                    let key = |id: &i64| {
                        let mut all = visits.nearest_first().iter();
                        let visit = all.find(|visit| label(visit.id) == *id);
                        visit.map_or(u32::MAX, |visit| visit.key)
                    };
                    let allowed = if is_estimated { 1 << 6 } else { 0 };
                    for (found, expected) in found.iter().zip(&expected) {
                        let apart = key(found).abs_diff(key(expected));
                        assert!(
                            apart <= allowed,
                            "{name}, effort {effort}, k {k}, query {query}: {found}, not {expected}"
                        );
                    }
                    assert_eq!(found.len(), expected.len());
                }
            }
        }
        assert_eq!(expected.next(), None);
    }
}

/// A graph over float32 rows is searched as any other.
#[test]
fn graphs_over_vectors_are_searched_as_the_engine_does() {
    let queries = queries();
    for (name, metric) in [
        ("f32_l2sq", Metric::L2),
        ("f32_ip", Metric::InnerProduct),
        ("f32_l2sq_keyed", Metric::L2),
        ("f32_l2sq_removed", Metric::L2),
    ] {
        let index = SavedIndex::read(path(name)).expect(name);
        assert_eq!(
            (index.engine, index.metric),
            (Engine::Usearch, Some(metric))
        );
        assert_eq!(
            (index.m, index.ef_construction, index.ef_search),
            (4, 0, None)
        );
        let removed: Vec<u32> = (5..60).step_by(4).collect();
        let removed = if name.ends_with("removed") {
            removed
        } else {
            Vec::new()
        };
        assert_eq!(index.deleted, removed);
        let build = EngineBuild::new(Engine::Usearch, Some(Arithmetic::Avx512Zen4));
        let distances = EngineDistances::new(index.vectors.view(), metric, build);
        let mut traversal = Traversal::<HeapQueue>::default();
        let mut visits = Visits::default();
        let is_allowed = |row: u32| !removed.contains(&row);
        let mut expected = answers(name);
        for effort in EFFORTS {
            for k in KS {
                for query in 0..QUERIES {
                    let scorer = distances.scorer_for(queries.row(query));
                    let ef = EngineClass::Raise.effort(effort, k);
                    let allowed = (150 - removed.len(), is_allowed);
                    traversal.record_allowed(&index.graph, scorer, ef, allowed, &mut visits);
                    let found = visits.among_first(visits.visited(ef));
                    let found = found.filter(|visit| is_allowed(visit.id)).take(k);
                    let label = |row: u32| {
                        let labels = index.labels.as_ref();
                        labels.map_or(i64::from(row), |labels| labels[row as usize])
                    };
                    let found: Vec<i64> = found.map(|visit| label(visit.id)).collect();
                    let expected: Vec<i64> = expected.by_ref().take(k).collect();
                    assert_eq!(found, expected, "{name}, {effort}, {k}, {query}");
                }
            }
        }
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for name in ["f32_l2sq", "f16_cos", "i8_l2sq"] {
        let bytes = bytes(name);
        for length in 0..bytes.len() {
            let refused = |error: SavedIndexError| {
                let said = error.to_string();
                assert!(said.contains("usearch"), "{name} at {length}: {said}");
                assert!(!error.is_unsupported(), "{name} at {length}: {said}");
            };
            refused(Method::from_bytes(&bytes[..length]).expect_err("cut off"));
            refused(SavedIndex::from_bytes(&bytes[..length]).expect_err("cut off"));
        }
    }
}

/// Each byte of the head, the levels and the first rows, and some between, changed: an error that
/// names the engine, or an index that can be searched.
#[test]
fn a_changed_byte_never_panics() {
    for name in ["f32_cos", "bf16_ip", "i8_l2sq"] {
        let whole = bytes(name);
        let head = whole
            .windows(7)
            .position(|at| at == b"usearch")
            .expect("a head");
        for at in 0..whole.len() {
            let near = at < 8 || (head..head + 64 + 40 + 300 + 200).contains(&at);
            if !near && at % 53 != 0 {
                continue;
            }
            for mask in [0xff, 0x80, 0x01, 0x10] {
                let mut bytes = whole.clone();
                bytes[at] ^= mask;
                let method = match Method::from_bytes(&bytes) {
                    Ok(method) => method,
                    Err(error) => {
                        assert!(error.to_string().contains("usearch"), "{name}: {error}");
                        continue;
                    }
                };
                let searcher = Searcher::new(&method, None).expect("small");
                let query = vec![0.5; method.columns];
                let (mut scratch, mut visits) = (QueryScratch::default(), Visits::default());
                searcher.record(&query, 5, &mut scratch, &mut visits);
                assert!(searcher.answer(&query, &visits, 3, 5, &mut scratch).count() <= 5);
            }
        }
    }
}

/// Sizes that contradict each other, links and entry points out of range: each with its number.
#[test]
fn what_cannot_be_is_named_with_its_number() {
    let whole = bytes("f32_l2sq");
    let head = whole
        .windows(7)
        .position(|at| at == b"usearch")
        .expect("a head");
    let graph = head + 64;
    let first_row = graph + 40 + 2 * 150;
    let cases: [(usize, &[u8], &str); 11] = [
        (head + 7, &[1], "version 1.26"),
        (head + 9, &[9], "version 2.9"),
        (head + 13, b"p", "metric 'p'"),
        (head + 14, &[10], "scalar kind 10"),
        (head + 15, &[2], "keys of kind 2"),
        (head + 17, &[149], "the number of vectors present is 149"),
        (head + 33, &[20], "the bytes per vector is 84, expected 80"),
        (graph, &[151], "the number of rows is 151"),
        (graph + 8, &[0], "the connectivity is 0"),
        (graph + 32, &[200], "the entry point is 200"),
        (first_row + 14, &[200], "a link of node 0 is "),
    ];
    for (at, value, expected) in cases {
        let mut bytes = whole.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        let said = match SavedIndex::from_bytes(&bytes) {
            Ok(_) => panic!("{expected}: read"),
            Err(error) => error.to_string(),
        };
        assert!(said.contains(expected), "{expected}: {said}");
        assert!(said.contains("usearch index"), "{said}");
    }
    let mut twice = whole.clone();
    twice[first_row] = 149;
    let said = SavedIndex::from_bytes(&twice)
        .expect_err("twice")
        .to_string();
    assert!(said.contains("several vectors of the key 149"), "{said}");
    let alone = SavedIndex::from_bytes(&whole[head..]).expect_err("no vectors");
    assert!(
        alone.to_string().contains("saved without its vectors"),
        "{alone}"
    );
}

#[test]
fn codes_and_cosine_are_no_graph_over_vectors_and_removed_rows_no_method() {
    for name in ["f32_cos", "f16_l2sq", "bf16_ip", "i8_cos"] {
        let error = SavedIndex::read(path(name)).expect_err("a method");
        assert!(error.is_unsupported(), "{error}");
    }
    let error = Method::read(path("f32_l2sq_removed")).expect_err("removed rows");
    assert!(error.to_string().contains("14 removed rows"), "{error}");
}
