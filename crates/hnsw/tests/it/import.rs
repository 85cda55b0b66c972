//! Graphs that FAISS and hnswlib saved: the answers read from one traversal are the engines' own, and so are
//! those of searches with their queues, where rows of 0 and 1 have few distances too.
//!
//! A reviewer should expect no difference in any id. `goldens/make_goldens.py` made the files with
//! the real libraries.

use annatomy_formats::{VectorFile, read_ids};
use annatomy_hnsw::import::{
    Arithmetic, Engine, EngineBuild, EngineDistances, SavedIndex, SavedIndexError,
};
use annatomy_hnsw::{EngineClass, EngineSearch, HeapQueue, Links, QueryScorer, Traversal, Visits};
use annatomy_vectors::transform::normalize_rows;
use annatomy_vectors::{Matrix, Metric};

const QUERIES: usize = 60;
const CELLS: [(usize, usize); 5] = [(4, 3), (4, 40), (16, 10), (16, 150), (60, 60)];

fn golden(name: &str) -> String {
    format!("{}/tests/goldens/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn queries() -> Matrix {
    VectorFile::open(golden("rows.npy"))
        .and_then(|file| file.read_all())
        .expect("rows")
}

/// The rule of an engine, and the arithmetic that the files were made in.
fn class_and_build(engine: Engine) -> (EngineClass, EngineBuild) {
    let arithmetic = match engine {
        Engine::Faiss => Arithmetic::Avx2,
        Engine::Hnswlib | Engine::Usearch | Engine::DiskAnn => Arithmetic::Avx2Zen,
    };
    (engine.class(), EngineBuild { engine, arithmetic })
}

/// What the engine of `index` answers to (ef, k), read from traversals of its saved graph.
fn predicted(
    index: &SavedIndex,
    metric: Metric,
    queries: &Matrix,
    ef: usize,
    k: usize,
) -> Vec<i64> {
    let (class, build) = class_and_build(index.engine);
    let oracle = EngineDistances::new(index.vectors.view(), metric, build);
    let (mut traversal, mut visits) = (Traversal::<HeapQueue>::default(), Visits::default());
    let mut ids = Vec::new();
    for query in 0..QUERIES {
        let view = oracle.scorer_for(queries.row(query));
        traversal.record(&index.graph, view, class.effort(ef, k), &mut visits);
        let names = visits
            .rows(visits.answer(class, ef, k))
            .map(|id| match &index.labels {
                Some(labels) => labels[id as usize],
                None => i64::from(id),
            });
        ids.extend(names.chain(std::iter::repeat(-1)).take(k));
    }
    ids
}

/// The same, searched with the engine's queue.
fn searched(index: &SavedIndex, metric: Metric, queries: &Matrix, ef: usize, k: usize) -> Vec<i64> {
    let (class, build) = class_and_build(index.engine);
    let distances = EngineDistances::new(index.vectors.view(), metric, build);
    let (mut search, mut found, mut ids) = (EngineSearch::default(), Vec::new(), Vec::new());
    for query in 0..QUERIES {
        let scorer = distances.scorer_for(queries.row(query));
        let rule = scorer.queue_rule().expect("an engine's queue");
        let queue = class.queue(rule, ef, k).expect("not refused");
        search.answer(&index.graph, scorer, queue, &mut found);
        let names = found.iter().map(|row| match &index.labels {
            Some(labels) => labels[row.id as usize],
            None => i64::from(row.id),
        });
        ids.extend(names.chain(std::iter::repeat(-1)).take(k));
    }
    ids
}

#[test]
fn answers_among_equal_distances_are_the_engines() {
    for (name, metric) in [
        ("faiss_bits_l2", Metric::L2),
        ("faiss_bits_ip", Metric::InnerProduct),
        ("hnswlib_bits_l2", Metric::L2),
    ] {
        let index = SavedIndex::read(golden(&format!("{name}.index"))).expect("index");
        let mut read_from_traces = 0;
        for (ef, k) in CELLS {
            let own = read_ids(golden(&format!("{name}_ef{ef}_k{k}.npy"))).expect("answers");
            let found = searched(&index, metric, &index.vectors, ef, k);
            assert_eq!(found, own.ids(), "{name} at ef = {ef}, k = {k}");
            let traced = predicted(&index, metric, &index.vectors, ef, k);
            read_from_traces += usize::from(traced == own.ids());
        }
        assert!(
            read_from_traces < CELLS.len(),
            "{name}: ties decide nothing"
        );
    }
}

fn assert_predicts(name: &str, metric: Metric) {
    let index = SavedIndex::read(golden(&format!("{name}.index"))).expect("index");
    let mut queries = queries();
    if metric == Metric::Cosine {
        normalize_rows(&mut queries).expect("no zero row");
    }
    for (ef, k) in CELLS {
        let own = read_ids(golden(&format!("{name}_ef{ef}_k{k}.npy"))).expect("answers");
        assert_eq!(
            predicted(&index, metric, &queries, ef, k),
            own.ids(),
            "{name} at ef = {ef}, k = {k}"
        );
        assert_eq!(
            searched(&index, metric, &queries, ef, k),
            own.ids(),
            "{name} searched at ef = {ef}, k = {k}"
        );
    }
}

#[test]
fn faiss_answers_are_predicted() {
    assert_predicts("faiss_l2", Metric::L2);
    assert_predicts("faiss_ip_mapped", Metric::InnerProduct);
}

#[test]
fn hnswlib_answers_are_predicted() {
    assert_predicts("hnswlib_l2", Metric::L2);
    assert_predicts("hnswlib_cosine", Metric::Cosine);
}

#[test]
fn what_the_file_says_is_kept() {
    let index = SavedIndex::read(golden("faiss_l2.index")).expect("index");
    assert_eq!(
        (index.engine, index.metric, index.m),
        (Engine::Faiss, Some(Metric::L2), 4)
    );
    assert_eq!((index.ef_construction, index.ef_search), (40, Some(16)));
    assert_eq!((&index.vectors, index.labels), (&queries(), None));
    let index = SavedIndex::read(golden("hnswlib_l2.index")).expect("index");
    assert_eq!(
        (index.engine, index.metric, index.m),
        (Engine::Hnswlib, None, 6)
    );
    // Rows were added in another order than their labels say, and are back in that of the labels.
    assert_eq!((&index.vectors, index.labels), (&queries(), None));
    let index = SavedIndex::read(golden("hnswlib_cosine.index")).expect("index");
    assert_eq!(
        index
            .labels
            .map(|labels| (labels.len(), labels.contains(&5000))),
        Some((200, true))
    );
}

const FILES: [&str; 4] = [
    "faiss_l2",
    "faiss_ip_mapped",
    "hnswlib_l2",
    "hnswlib_cosine",
];

#[test]
fn a_file_cut_anywhere_is_refused() {
    for name in FILES {
        let bytes = std::fs::read(golden(&format!("{name}.index"))).expect("file");
        for length in 0..bytes.len() {
            let error = SavedIndex::from_bytes(&bytes[..length]).expect_err("cut off");
            assert!(
                !matches!(error, SavedIndexError::Unsupported { .. }),
                "{name} at {length}: {error}"
            );
        }
    }
}

/// hnswlib's file is read piece by piece from its path, and as a whole out of memory.
#[test]
fn a_path_and_its_bytes_give_the_same_index_or_the_same_error() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("index");
    for name in FILES {
        let mut bytes = std::fs::read(golden(&format!("{name}.index"))).expect("file");
        let whole = bytes.len();
        let lengths = [0, 7, 8, 50, 95, 96, 200, whole / 2, whole - 1, whole];
        for length in lengths {
            std::fs::write(&path, &bytes[..length]).expect("written");
            compare_readers(&path, &bytes[..length]);
        }
        // Each byte of the header in turn, and some behind it.
        for place in (0..96).chain((96..whole).step_by(1 + whole / 97)) {
            bytes[place] ^= 0x55;
            std::fs::write(&path, &bytes).expect("written");
            compare_readers(&path, &bytes);
            bytes[place] ^= 0x55;
        }
    }
}

fn compare_readers(path: &std::path::Path, bytes: &[u8]) {
    match (SavedIndex::read(path), SavedIndex::from_bytes(bytes)) {
        (Ok(a), Ok(b)) => {
            let values = |index: &SavedIndex| {
                let values = index.vectors.values().iter();
                values.map(|value| value.to_bits()).collect::<Vec<_>>()
            };
            assert_eq!(values(&a), values(&b));
            assert_eq!((a.labels, a.deleted), (b.labels, b.deleted));
            assert_eq!(a.graph.base_links(), b.graph.base_links());
        }
        (a, b) => assert_eq!(
            a.map(|_| ()).map_err(|error| error.to_string()),
            b.map(|_| ()).map_err(|error| error.to_string())
        ),
    }
}

/// OpenSearch appends a footer of 16 bytes; FAISS does not look behind its index. hnswlib does.
#[test]
fn bytes_after_an_index_are_left_alone_by_faiss_only() {
    for name in FILES {
        let bytes = std::fs::read(golden(&format!("{name}.index"))).expect("file");
        let longer = [&bytes[..], &[7; 16]].concat();
        let read = SavedIndex::from_bytes(&longer);
        if name.starts_with("hnswlib") {
            let error = read.expect_err("refused").to_string();
            assert!(
                error.contains("hnswlib index: the number of bytes after the index is 16"),
                "{error}"
            );
        } else {
            let plain = SavedIndex::from_bytes(&bytes).expect("index");
            let read = read.expect("index");
            assert_eq!((read.bytes_after, plain.bytes_after), (16, 0));
            assert_eq!(read.vectors, plain.vectors);
        }
    }
}

/// `numpy.save(path, faiss.serialize_index(index))`.
#[test]
fn an_array_of_an_index_s_bytes_is_read() {
    for name in FILES {
        let bytes = std::fs::read(golden(&format!("{name}.index"))).expect("file");
        let shape = bytes.len();
        let mut header =
            format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({shape},), }}");
        header.extend(std::iter::repeat_n(' ', 117 - header.len()));
        let array = [
            b"\x93NUMPY\x01\x00\x76\x00",
            header.as_bytes(),
            b"\n",
            &bytes,
        ]
        .concat();
        let read = SavedIndex::from_bytes(&array).expect("index");
        assert_eq!(
            read.vectors,
            SavedIndex::from_bytes(&bytes).expect("index").vectors
        );
        // A table of other bytes is no index.
        assert!(SavedIndex::from_bytes(&array[..array.len() - 1]).is_err());
    }
}

/// The file as FAISS writes it with `IO_FLAG_SKIP_STORAGE`: `null` in the place of the vectors.
fn without_vectors(name: &str) -> Vec<u8> {
    let bytes = std::fs::read(golden(&format!("{name}.index"))).expect("file");
    let storage = 4 + 33 + 8 + 200 * 12 * 4;
    let ids = if name.contains("mapped") {
        8 + 200 * 8
    } else {
        0
    };
    let (graph, ids) = (
        &bytes[..bytes.len() - storage - ids],
        &bytes[bytes.len() - ids..],
    );
    [graph, b"null", ids].concat()
}

#[test]
fn a_graph_saved_without_its_vectors_is_read_over_given_ones() {
    for name in ["faiss_l2", "faiss_ip_mapped"] {
        let bytes = without_vectors(name);
        let error = SavedIndex::from_bytes(&bytes).expect_err("no vectors");
        assert!(
            matches!(
                error,
                SavedIndexError::NoVectors {
                    rows: 200,
                    columns: 12
                }
            ),
            "{error}"
        );
        let read = SavedIndex::from_bytes_over(&bytes, queries()).expect("index");
        let whole = SavedIndex::read(golden(&format!("{name}.index"))).expect("index");
        assert_eq!(
            (&read.vectors, &read.labels),
            (&whole.vectors, &whole.labels)
        );
        let error = SavedIndex::from_bytes_over(&bytes, Matrix::zeros(200, 11)).expect_err("other");
        assert!(error.to_string().contains("200 rows of 11"), "{error}");
    }
}

/// An `IndexIDMap` around the bytes of an index, without the ids behind it.
fn map_around(inner: &[u8], rows: i64) -> Vec<u8> {
    let mut bytes = b"IxMp".to_vec();
    bytes.extend(12_i32.to_le_bytes());
    bytes.extend(rows.to_le_bytes());
    bytes.extend([0; 16]);
    bytes.push(1);
    bytes.extend(0_i32.to_le_bytes());
    bytes.extend(inner);
    bytes
}

#[test]
fn maps_nested_without_end_are_refused() {
    let mut bytes = Vec::new();
    for _ in 0..30_000 {
        bytes.extend(map_around(&[], 200));
    }
    let error = SavedIndex::from_bytes(&bytes)
        .expect_err("refused")
        .to_string();
    assert!(
        error.contains("IndexIDMap within 8 others is not read"),
        "{error}"
    );
}

/// The ids around ids: FAISS renames what the inner index returns.
#[test]
fn a_map_around_a_map_renames_its_names() {
    let bytes = std::fs::read(golden("faiss_l2.index")).expect("file");
    let ids = |names: &[i64]| -> Vec<u8> {
        let values = names.iter().flat_map(|name| name.to_le_bytes());
        (names.len() as u64)
            .to_le_bytes()
            .into_iter()
            .chain(values)
            .collect()
    };
    let inner: Vec<i64> = (0..200).rev().collect();
    let outer: Vec<i64> = (0..200).map(|id| 1000 + id).collect();
    let inside = [map_around(&bytes, 200), ids(&inner)].concat();
    let both = [map_around(&inside, 200), ids(&outer)].concat();
    let labels = SavedIndex::from_bytes(&both)
        .expect("index")
        .labels
        .expect("names");
    assert_eq!((labels[0], labels[199]), (1199, 1000));
    let beyond: Vec<i64> = (1..=200).collect();
    let inside = [map_around(&bytes, 200), ids(&beyond)].concat();
    let both = [map_around(&inside, 200), ids(&outer)].concat();
    let error = SavedIndex::from_bytes(&both)
        .expect_err("200 is no place")
        .to_string();
    assert!(error.contains("the id of node 199 is 200"), "{error}");
}

/// Any eight bytes may claim a size beyond the file: an error, and nothing is allocated for it.
#[test]
fn sizes_beyond_the_file_are_refused_by_name() {
    for name in FILES {
        let mut bytes = std::fs::read(golden(&format!("{name}.index"))).expect("file");
        let class = if name.starts_with("faiss") {
            "FAISS Index"
        } else {
            "hnswlib index"
        };
        let places = (8..bytes.len() - 8).filter(|place| *place < 400 || place % 7 == 0);
        for place in places {
            let kept: [u8; 8] = bytes[place..place + 8].try_into().expect("eight bytes");
            for claimed in [u64::MAX, 1 << 62, 1 << 40] {
                bytes[place..place + 8].copy_from_slice(&claimed.to_le_bytes());
                if let Err(error) = SavedIndex::from_bytes(&bytes) {
                    let said = error.to_string();
                    let named = said.contains(class) || said.contains("FAISS class of code");
                    assert!(named, "{name} at {place}: {said}");
                }
            }
            bytes[place..place + 8].copy_from_slice(&kept);
        }
    }
}

#[test]
fn deleted_rows_of_hnswlib_are_known_by_their_marks() {
    let mut bytes = std::fs::read(golden("hnswlib_l2.index")).expect("file");
    // 96 bytes of header; each row begins with the length and the marks of its links.
    let row_bytes = u64::from_le_bytes(bytes[24..32].try_into().expect("eight bytes")) as usize;
    bytes[96 + 3 * row_bytes + 2] |= 1;
    let saved = SavedIndex::from_bytes(&bytes).expect("an index");
    let label_at = 96 + 3 * row_bytes + row_bytes - 8;
    let label = i64::from_le_bytes(
        bytes[label_at..label_at + 8]
            .try_into()
            .expect("eight bytes"),
    );
    // The rows stand in the order of their labels, where these are the row numbers.
    let name = if saved.labels.is_none() { label } else { 3 };
    assert_eq!(saved.deleted, [name as u32]);
    let whole = SavedIndex::read(golden("hnswlib_l2.index")).expect("an index");
    assert!(whole.deleted.is_empty() && whole.graph.nodes() == saved.graph.nodes());
}

#[test]
fn faiss_classes_are_called_by_their_names() {
    for (code, class) in [
        (b"IxPT", "IndexPreTransform"),
        (b"IwFl", "IndexIVFFlat"),
        (b"IHNs", "IndexHNSWSQ"),
        (b"NPLf", "IndexIVFProductLocalSearchQuantizerFastScan"),
    ] {
        let error = SavedIndex::from_bytes(code)
            .expect_err("refused")
            .to_string();
        assert!(
            error.contains(&format!("the FAISS class {class} is not read")),
            "{error}"
        );
    }
}

/// A flipped byte gives an error or a graph that can be searched; never a panic.
#[test]
fn flipped_bytes_do_no_harm() {
    for name in FILES {
        let mut bytes = std::fs::read(golden(&format!("{name}.index"))).expect("file");
        let mut refused = 0;
        for place in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                bytes[place] ^= flip;
                match SavedIndex::from_bytes(&bytes) {
                    Ok(index) => search_once(&index),
                    Err(_) => refused += 1,
                }
                bytes[place] ^= flip;
            }
        }
        assert!(refused > 500, "{name}: only {refused} flips were noticed");
    }
}

fn search_once(index: &SavedIndex) {
    let oracle = EngineDistances::new(
        index.vectors.view(),
        Metric::L2,
        EngineBuild::on_this_machine(index.engine),
    );
    let query = vec![0.5; index.vectors.columns()];
    let mut visits = Visits::default();
    let mut traversal = Traversal::<HeapQueue>::default();
    traversal.record(&index.graph, oracle.scorer_for(&query), 8, &mut visits);
    assert!(visits.visited(8) <= index.graph.nodes());
}

#[test]
fn other_files_are_named_for_what_they_are() {
    let refusal = |bytes: &[u8]| {
        SavedIndex::from_bytes(bytes)
            .expect_err("no index")
            .to_string()
    };
    assert!(refusal(b"").contains("neither"));
    assert!(refusal(b"\x93NUMPY\x01\x00").contains("neither"));
    assert!(refusal(b"IxF2 and so on").contains("IndexFlatL2"));
    assert!(refusal(&[0; 96]).contains("number of rows is 0"));
}
