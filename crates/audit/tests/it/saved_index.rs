//! Saved indexes as they are found: without a metric, without vectors, with a footer.
//!
//! The files are those of `annatomy-hnsw`, which the real engines wrote.

use annatomy_audit::{AuditError, AuditOutcome, AuditRequest, Note, audit};
use annatomy_formats::write_matrix;
use annatomy_hnsw::import::{Arithmetic, SavedIndex};
use annatomy_vectors::{Matrix, Metric};
use std::path::{Path, PathBuf};

fn golden(name: &str) -> PathBuf {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hnsw/tests/goldens");
    goldens.join(name)
}

fn request(index: &Path, vectors: Option<&Path>) -> AuditRequest {
    AuditRequest {
        vectors: vectors.map(Path::to_owned),
        index: Some(index.to_owned()),
        ks: Some(vec![5]),
        threads: 1,
        ..AuditRequest::default()
    }
}

fn audited(request: &AuditRequest) -> Result<AuditOutcome, AuditError> {
    audit(request)
}

fn write(path: &Path, rows: &Matrix) {
    write_matrix(path, rows.view()).expect("written");
}

/// hnswlib's cosine index with rows that are called by their numbers, and its rows.
fn cosine_index(folder: &Path) -> (PathBuf, Matrix) {
    let mut bytes = std::fs::read(golden("hnswlib_cosine.index")).expect("file");
    let row_bytes = u64::from_le_bytes(bytes[24..32].try_into().expect("eight bytes")) as usize;
    for row in 0..200 {
        let end = 96 + (row + 1) * row_bytes;
        bytes[end - 8..end].copy_from_slice(&(row as u64).to_le_bytes());
    }
    let path = folder.join("cosine.index");
    std::fs::write(&path, &bytes).expect("written");
    let index = SavedIndex::from_bytes(&bytes).expect("index");
    assert_eq!(index.labels, None);
    (path, index.vectors)
}

#[test]
fn unit_rows_of_hnswlib_are_taken_for_cosine() {
    let outcome = audited(&request(&golden("hnswlib_cosine.index"), None)).expect("an audit");
    assert_eq!(outcome.results.data.metric, "cosine");
    assert_eq!(outcome.results.notes, [Note::UnitRows]);
    let outcome = audited(&request(&golden("hnswlib_l2.index"), None)).expect("an audit");
    assert_eq!(outcome.results.data.metric, "l2");
}

#[test]
fn vectors_of_other_lengths_than_the_index_s_are_recognized() {
    let folder = tempfile::tempdir().expect("a folder");
    let (index, mut rows) = cosine_index(folder.path());
    for row in 0..rows.rows() {
        for value in rows.row_mut(row) {
            *value *= 3.0;
        }
    }
    let vectors = folder.path().join("rows.npy");
    write(&vectors, &rows);
    let mut request = request(&index, Some(&vectors));
    assert_eq!(
        audited(&request)
            .expect("taken for cosine")
            .results
            .data
            .metric,
        "cosine"
    );
    request.metric = Some(Metric::L2);
    let error = audited(&request).expect_err("not the index's rows");
    assert!(matches!(error, AuditError::OtherLengths { .. }), "{error}");
    rows.row_mut(7)[2] += 1.0;
    write(&vectors, &rows);
    let error = audited(&request).expect_err("other rows");
    assert!(matches!(error, AuditError::OtherVectors { .. }), "{error}");
}

#[test]
fn a_graph_without_vectors_and_one_with_a_footer_are_audited_as_the_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = golden("faiss_l2.index");
    let bytes = std::fs::read(&whole).expect("file");
    let vectors = golden("rows.npy");
    let expected = audited(&request(&whole, None)).expect("an audit").results;

    let bare = folder.path().join("bare.index");
    let storage = 4 + 33 + 8 + 200 * 12 * 4;
    let graph = &bytes[..bytes.len() - storage];
    std::fs::write(&bare, [graph, b"null"].concat()).expect("written");
    let error = audited(&request(&bare, None)).expect_err("no vectors");
    assert!(
        error.to_string().contains("saved without its vectors"),
        "{error}"
    );
    let found = audited(&request(&bare, Some(&vectors)))
        .expect("an audit")
        .results;
    assert_eq!(figures(&found), figures(&expected));
    assert!(found.notes.contains(&Note::IndexWithoutVectors));

    let footer = folder.path().join("footer.index");
    std::fs::write(&footer, [&bytes[..], &[7; 16]].concat()).expect("written");
    let found = audited(&request(&footer, Some(&vectors)))
        .expect("an audit")
        .results;
    assert_eq!(figures(&found), figures(&expected));
    let after = |note: &Note| matches!(note, Note::BytesAfterIndex { bytes: 16, .. });
    assert!(found.notes.iter().any(after));
}

fn figures(results: &annatomy_audit::AuditResults) -> serde_json::Value {
    serde_json::to_value((&results.efforts, &results.advice)).expect("JSON")
}

/// The arithmetic asked for is the one reported.
#[test]
fn the_arithmetic_is_named() {
    let mut request = request(&golden("hnswlib_l2.index"), None);
    let found = audited(&request).expect("an audit").results;
    assert!(found.graphs.expect("a graph").arithmetic.is_some());
    request.arithmetic = Some(Arithmetic::Avx512Clang);
    let found = audited(&request).expect("an audit").results;
    let named = found.graphs.expect("a graph").arithmetic;
    assert_eq!(named.as_deref(), Some("avx512-clang"));
}

/// Rows of 0 and 1 have few distances: queues end among many rows of the same one.
#[test]
fn queues_that_end_among_ties_are_noted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bits.npy");
    let mut state = 1_u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    let mut audited_at = |values: u32| {
        let rows = (0..600 * 12).map(|_| (draw() % values) as f32).collect();
        write(&path, &Matrix::new(600, 12, rows).expect("shape"));
        let request = AuditRequest {
            vectors: Some(path.clone()),
            ks: Some(vec![5]),
            efs: vec![20],
            threads: 1,
            ..AuditRequest::default()
        };
        audited(&request).expect("an audit").results.notes
    };
    match audited_at(2)[..] {
        [
            Note::TiedAtEnd {
                is_followed: false,
                ef: 20,
                queries,
                of: 600,
                rows,
            },
        ] => assert!(queries > 400 && rows > 10.0, "{queries} {rows}"),
        ref notes => panic!("{notes:?}"),
    }
    assert_eq!(audited_at(60_000), []);
}
