//! DiskANN's index in memory: the answers read from one record are the engine's own.
//!
//! A reviewer should expect no difference in any id: DiskANN orders rows of one distance by id.
//! `goldens/make_diskann.py` made the files.

use super::answers::golden;
use annatomy_formats::VectorFile;
use annatomy_hnsw::Visits;
use annatomy_hnsw::import::{SavedIndex, SavedIndexError};
use annatomy_methods::{DiskAnnFiles, Method, QueryScratch, Searcher};
use annatomy_vectors::{Matrix, Metric};
use std::path::Path;

const EFFORTS: [usize; 7] = [1, 2, 3, 5, 8, 13, 30];
const KS: [usize; 4] = [1, 5, 10, 40];
const QUERIES: usize = 12;

const NAMES: [(&str, Metric); 7] = [
    ("f32_l2", Metric::L2),
    ("f32_mips", Metric::InnerProduct),
    ("f32_cosine", Metric::Cosine),
    ("i8_l2", Metric::L2),
    ("i8_cosine", Metric::Cosine),
    ("u8_l2", Metric::L2),
    ("u8_cosine", Metric::Cosine),
];

fn path(name: &str) -> String {
    golden(&format!("diskann_{name}"))
}

fn files(name: &str) -> DiskAnnFiles {
    let bytes = |ending: &str| std::fs::read(path(name) + ending).expect("file");
    DiskAnnFiles {
        graph: bytes(""),
        data: bytes(".data"),
        metadata: Some(bytes("_metadata.bin")),
    }
}

fn queries(name: &str) -> Matrix {
    let kind = name.split('_').next().expect("a kind");
    let file = VectorFile::open(golden(&format!("diskann_queries_{kind}.npy")));
    file.and_then(|file| file.read_all()).expect("queries")
}

/// The engine's own ids: per effort and k, per query k of them.
fn answers(name: &str) -> impl Iterator<Item = u32> {
    let bytes = std::fs::read(path(name) + ".npy").expect("answers");
    let count = EFFORTS.len() * QUERIES * KS.iter().sum::<usize>();
    let values = bytes[bytes.len() - 2 * count..].as_chunks().0.to_vec();
    values
        .into_iter()
        .map(|value| u32::from(u16::from_le_bytes(value)))
}

#[test]
fn predicted_answers_are_the_engines() {
    for (name, metric) in NAMES {
        let method = Method::read(path(name)).expect(name);
        assert_eq!((method.metric, method.effort_word()), (metric, Some("L")));
        let searcher = Searcher::new(&method, None).expect(name);
        let queries = queries(name);
        let mut expected = answers(name);
        let (mut scratch, mut visits) = (QueryScratch::default(), Visits::default());
        for effort in EFFORTS {
            for k in KS {
                for query in 0..QUERIES {
                    let vector = queries.row(query);
                    searcher.record(vector, 60, &mut scratch, &mut visits);
                    let found = searcher.answer(vector, &visits, effort, k, &mut scratch);
                    let found: Vec<u32> = found.collect();
                    let expected: Vec<u32> = expected.by_ref().take(k).collect();
                    assert_eq!(found, expected, "{name}, L {effort}, k {k}, query {query}");
                }
            }
        }
        assert_eq!(expected.next(), None);
    }
}

/// Ties matter: in these files the smaller id of two rows at one distance comes first, always.
#[test]
fn whole_numbers_tie_and_ties_go_by_id() {
    let method = Method::read(path("u8_l2")).expect("index");
    let searcher = Searcher::new(&method, None).expect("small");
    let (mut scratch, mut visits) = (QueryScratch::default(), Visits::default());
    let queries = queries("u8_l2");
    let mut tied = 0;
    for query in 0..QUERIES {
        searcher.record(queries.row(query), 60, &mut scratch, &mut visits);
        let pairs = visits.nearest_first().windows(2);
        tied += pairs.filter(|pair| pair[0].key == pair[1].key).count();
    }
    assert!(tied > 100, "{tied} ties");
}

#[test]
fn the_file_of_the_rows_leads_to_the_graph() {
    let method = Method::read(path("f32_l2") + ".data").expect("index");
    assert_eq!((method.rows, method.columns), (120, 20));
    assert!(method.original_rows().is_some());
    let error = SavedIndex::read(path("f32_l2")).expect_err("two files");
    assert!(error.is_unsupported(), "{error}");
}

/// Without diskannpy's own file the metric has to be given, and 8 bits are of either sign.
#[test]
fn an_index_of_the_programs_needs_a_metric() {
    let without = |name| DiskAnnFiles {
        metadata: None,
        ..files(name)
    };
    let method = Method::of_diskann(without("f32_mips"), Some(Metric::InnerProduct));
    assert_eq!(method.expect("index").metric, Metric::InnerProduct);
    for (files, metric, expected) in [
        (without("f32_l2"), None, "without a metric"),
        (without("i8_l2"), Some(Metric::L2), "8-bit values without"),
    ] {
        let error = Method::of_diskann(files, metric).expect_err(expected);
        assert!(error.is_unsupported(), "{error}");
        let said = error.to_string();
        assert!(
            said.contains(expected) && said.contains("DiskANN index in memory"),
            "{said}"
        );
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for name in ["f32_l2", "u8_cosine"] {
        let whole = files(name);
        let refused = |files: DiskAnnFiles, length: usize| {
            let error = Method::of_diskann(files, Some(Metric::L2)).expect_err("cut off");
            let said = error.to_string();
            assert!(
                said.contains("DiskANN index in memory"),
                "{name} at {length}: {said}"
            );
            assert!(!error.is_unsupported(), "{name} at {length}: {said}");
        };
        for length in 0..whole.graph.len() {
            let graph = whole.graph[..length].to_vec();
            refused(
                DiskAnnFiles {
                    graph,
                    ..whole.clone()
                },
                length,
            );
        }
        for length in 0..whole.data.len() {
            let data = whole.data[..length].to_vec();
            refused(
                DiskAnnFiles {
                    data,
                    ..whole.clone()
                },
                length,
            );
        }
        for length in 0..32 {
            let metadata = Some(vec![0; length]);
            refused(
                DiskAnnFiles {
                    metadata,
                    ..whole.clone()
                },
                length,
            );
        }
    }
}

/// Each byte of the heads and of the first nodes, and some between, changed: an error that names the
/// index, or one that can be searched.
#[test]
fn a_changed_byte_never_panics() {
    for name in ["f32_cosine", "i8_cosine"] {
        let whole = files(name);
        let (graph, data) = (whole.graph.len(), whole.data.len());
        for at in 0..graph + data + 32 {
            let near = at < 200 || (graph..graph + 40).contains(&at) || at >= graph + data;
            if !near && at % 53 != 0 {
                continue;
            }
            for mask in [0xff, 0x80, 0x01, 0x10] {
                let mut files = whole.clone();
                let metadata = files.metadata.as_mut().expect("metadata");
                match at {
                    _ if at < graph => files.graph[at] ^= mask,
                    _ if at < graph + data => files.data[at - graph] ^= mask,
                    _ => metadata[at - graph - data] ^= mask,
                }
                let method = match Method::of_diskann(files, None) {
                    Ok(method) => method,
                    Err(error) => {
                        let said = error.to_string();
                        assert!(said.contains("DiskANN index in memory"), "{name}: {said}");
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

/// Sizes that contradict each other, links and starts out of range: each with its number.
#[test]
fn what_cannot_be_is_named_with_its_number() {
    let cases: [(&str, usize, &[u8], &str); 12] = [
        ("graph", 0, &[1], "the bytes of the graph is "),
        ("graph", 8, &[1], "the number of links of node 0 is "),
        (
            "graph",
            12,
            &[120],
            "the start is 120, expected a node below 120",
        ),
        ("graph", 16, &[1], "frozen points (1)"),
        ("graph", 24, &[1], ""),
        (
            "graph",
            28,
            &[121],
            "a link of node 0 is 121, expected a node below 120",
        ),
        (
            "data",
            0,
            &[121],
            "the number of rows in .data is 121, expected 120",
        ),
        (
            "data",
            4,
            &[21],
            "the number of columns in _metadata.bin is 20, expected 21",
        ),
        ("metadata", 0, &[3], "values of kind 3"),
        ("metadata", 0, &[1], "the bytes of values in .data is 9600"),
        ("metadata", 8, &[3], "metric 3"),
        (
            "metadata",
            16,
            &[119],
            "the number of rows in _metadata.bin is 119",
        ),
    ];
    for (file, at, value, expected) in cases {
        let mut files = files("f32_l2");
        let metadata = files.metadata.as_mut().expect("metadata");
        let bytes = match file {
            "graph" => &mut files.graph,
            "data" => &mut files.data,
            _ => metadata,
        };
        bytes[at..at + value.len()].copy_from_slice(value);
        let said = match Method::of_diskann(files, None) {
            Ok(_) => panic!("{expected}: read"),
            Err(error) => error.to_string(),
        };
        assert!(said.contains(expected), "{expected}: {said}");
        assert!(said.contains("DiskANN index in memory"), "{said}");
    }
    let mut nan = files("f32_l2");
    nan.data[8 + 4 * 25..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
    let said = Method::of_diskann(nan, None).expect_err("NaN").to_string();
    assert!(
        said.contains("not finite, in column of node 1 is 5"),
        "{said}"
    );
    let mut zeros = files("u8_cosine");
    zeros.data[8..28].fill(0);
    let said = Method::of_diskann(zeros, None)
        .expect_err("zeros")
        .to_string();
    assert!(said.contains("the length of node 0 is 0"), "{said}");
}

/// A file that is missing or damaged is named; so is an index on disk.
#[test]
fn files_beside_each_other_are_found_by_name() {
    let folder = tempfile::tempdir().expect("folder");
    let graph = folder.path().join("ann");
    let whole = files("f32_l2");
    let said = |path: &Path| match Method::read(path) {
        Ok(_) => panic!("{}: read", path.display()),
        Err(error) => error.to_string(),
    };
    std::fs::write(&graph, &whole.graph).expect("written");
    let alone = said(&graph);
    assert!(
        alone.contains("DiskANN index in memory") && alone.contains("ann.data"),
        "{alone}"
    );
    std::fs::write(folder.path().join("ann.data"), &whole.data).expect("written");
    let unnamed = said(&graph);
    assert!(unnamed.contains("without a metric"), "{unnamed}");
    for length in [0, 1, 7, 8, 24, 100, whole.graph.len() - 1] {
        std::fs::write(&graph, &whole.graph[..length]).expect("written");
        let cut = said(&graph);
        assert!(cut.contains("DiskANN index in memory"), "{length}: {cut}");
        let error: SavedIndexError = SavedIndex::read(&graph).expect_err("cut off");
        assert!(error.is_unsupported(), "{length}: {error}");
    }
    let on_disk = folder.path().join("ann_disk.index");
    std::fs::write(&on_disk, [7; 4096]).expect("written");
    assert!(
        said(&on_disk).contains("index on disk"),
        "{}",
        said(&on_disk)
    );
}
