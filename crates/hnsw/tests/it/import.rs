//! Graphs that FAISS and hnswlib saved: the answers read from one traversal are the engines' own.
//!
//! A reviewer should expect no difference in any id. `goldens/make_goldens.py` made the files with
//! the real libraries.

use annatomy_formats::{VectorFile, read_ids};
use annatomy_hnsw::import::{
    Arithmetic, Engine, EngineBuild, EngineDistances, SavedIndex, SavedIndexError,
};
use annatomy_hnsw::{EngineClass, HeapQueue, Links, Traversal, Visits};
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

/// What the engine called `name` answers to (ef, k), read from traversals of its saved graph.
fn predicted(
    index: &SavedIndex,
    metric: Metric,
    queries: &Matrix,
    ef: usize,
    k: usize,
) -> Vec<i64> {
    let class = match index.engine {
        Engine::Faiss => EngineClass::StopEarly,
        Engine::Hnswlib => EngineClass::Raise,
    };
    let build = EngineBuild {
        engine: index.engine,
        arithmetic: match index.engine {
            Engine::Faiss => Arithmetic::Avx2,
            Engine::Hnswlib => Arithmetic::Avx2Zen,
        },
    };
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
        let longer = [&bytes[..], &[0]].concat();
        assert!(
            SavedIndex::from_bytes(&longer).is_err(),
            "{name} with a byte more"
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
    assert!(refusal(b"IxF2 and so on").contains("IxF2"));
    assert!(refusal(&[0; 96]).contains("number of rows is 0"));
}
