//! Indexes that FAISS saved: the answers read from one record are the engine's own.
//!
//! A reviewer should expect no difference in any id but among rows of one distance.
//! `goldens/make_goldens.py` made the files with the real library, at its level AVX2.

use annatomy_formats::VectorFile;
use annatomy_hnsw::Visits;
use annatomy_hnsw::import::Arithmetic;
use annatomy_methods::{Method, QueryScratch, Searcher};
use annatomy_vectors::Matrix;

const EFFORTS: [usize; 6] = [1, 2, 3, 5, 8, 13];
const KS: [usize; 4] = [1, 5, 10, 40];
const QUERIES: usize = 12;

/// Every index that is committed.
pub const NAMES: [&str; 22] = [
    "hnsw_sq8_l2",
    "hnsw_sq4u_ip",
    "hnsw_fp16_l2",
    "hnsw_pq4_l2",
    "hnsw_cagra_l2",
    "hnsw_cagra_fp16_ip",
    "ivf_flat_l2",
    "ivf_flat_ip",
    "ivf_sq8_residual_l2",
    "ivf_sq6_ip",
    "ivf_pq4_residual_l2",
    "ivf_pq6_ip",
    "ivf_hnsw_l2",
    "ivf_direct_l2",
    "pca_ivf_sq8_l2",
    "rotated_unit_hnsw_ip",
    "mapped_refined_opq_ivf_pq6",
    "nsg4_l2",
    "nsg9_ip",
    "nsg_repeated_ip",
    "nsg_sq8_l2",
    "mapped_nsg_l2",
];

pub fn golden(name: &str) -> String {
    format!("{}/tests/goldens/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The rows that were added to an index.
pub fn rows(name: &str) -> Matrix {
    let own = golden(&format!("rows_{name}.npy"));
    let file = if std::path::Path::new(&own).exists() {
        own
    } else {
        golden("rows.npy")
    };
    let file = VectorFile::open(file).and_then(|file| file.read_all());
    file.expect("rows")
}

/// Every sixteenth row, off its place where rows are no whole numbers.
pub fn queries(name: &str) -> Matrix {
    let rows = rows(name);
    let numbers: Vec<usize> = (0..QUERIES).map(|query| 16 * query).collect();
    let mut queries = rows.select(&numbers);
    if !name.contains("direct") {
        queries.values_mut().iter_mut().for_each(|x| *x += 0.25);
    }
    queries
}

fn answers(name: &str) -> Vec<i16> {
    let bytes = std::fs::read(golden(&format!("{name}.npy"))).expect("answers");
    let count = EFFORTS.len() * QUERIES * KS.iter().sum::<usize>();
    let values = &bytes[bytes.len() - 2 * count..];
    let values = values.as_chunks().0.iter();
    values.map(|&value| i16::from_le_bytes(value)).collect()
}

#[test]
fn predicted_answers_are_the_engines() {
    for name in NAMES {
        let method = Method::read(golden(&format!("{name}.index"))).expect(name);
        let searcher = Searcher::new(&method, Some(Arithmetic::Avx2)).expect(name);
        let (queries, answers) = (queries(name), answers(name));
        let (mut scratch, mut visits) = (QueryScratch::default(), Visits::default());
        let mut expected = answers.iter().map(|&id| i64::from(id));
        for effort in EFFORTS {
            for k in KS {
                for query in 0..QUERIES {
                    let vector = queries.row(query);
                    let deep = method.class().effort(effort, k);
                    searcher.record(vector, deep, &mut scratch, &mut visits);
                    let found = searcher.answer(vector, &visits, effort, k, &mut scratch);
                    let label = |id: u32| match &method.labels {
                        Some(labels) => labels[id as usize],
                        None => i64::from(id),
                    };
                    let found: Vec<i64> = found
                        .map(label)
                        .chain(std::iter::repeat(-1))
                        .take(k)
                        .collect();
                    let expected: Vec<i64> = expected.by_ref().take(k).collect();
                    if found != expected {
                        // Rows of one code have one distance: they may stand in any order.
                        let key = |id: &i64| {
                            let visits = visits.nearest_first().iter();
                            visits
                                .clone()
                                .find(|visit| label(visit.id) == *id)
                                .map(|v| v.key)
                        };
                        let keys = |ids: &[i64]| ids.iter().map(key).collect::<Vec<_>>();
                        let case = format!("{name}, effort {effort}, k {k}, query {query}");
                        assert!(
                            method.rerank.is_none(),
                            "{case}: {found:?}, not {expected:?}"
                        );
                        assert_eq!(keys(&found), keys(&expected), "{case}");
                    }
                }
            }
        }
        assert_eq!(expected.next(), None);
    }
}

/// One record to the largest effort answers every smaller one.
#[test]
fn one_record_answers_every_effort() {
    for name in [
        "ivf_pq4_residual_l2",
        "hnsw_sq8_l2",
        "mapped_refined_opq_ivf_pq6",
    ] {
        let method = Method::read(golden(&format!("{name}.index"))).expect(name);
        let searcher = Searcher::new(&method, None).expect(name);
        let queries = queries(name);
        let (mut scratch, mut visits) = (QueryScratch::default(), Visits::default());
        let (mut own, mut spare) = (Visits::default(), QueryScratch::default());
        for query in 0..QUERIES {
            let vector = queries.row(query);
            searcher.record(vector, 13, &mut scratch, &mut visits);
            for effort in 1..13 {
                searcher.record(vector, effort, &mut spare, &mut own);
                let of_all: Vec<u32> = searcher
                    .answer(vector, &visits, effort, 9, &mut scratch)
                    .collect();
                let of_own: Vec<u32> = searcher
                    .answer(vector, &own, effort, 9, &mut spare)
                    .collect();
                assert_eq!(of_all, of_own, "{name}, effort {effort}");
            }
        }
    }
}
