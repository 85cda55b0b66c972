//! An audit of what is in memory finds what an audit of the same in files finds.

use annatomy_audit::{AuditOutcome, AuditRequest, Given, GivenAnswers, audit, audit_given};
use annatomy_builtin::resnet50_like;
use annatomy_eval::index::EngineIndex;
use annatomy_formats::{AnswerTable, write_ids, write_matrix};
use annatomy_hnsw::import::SavedIndex;
use annatomy_vectors::Matrix;
use std::path::Path;

/// Everything found but names and seconds.
fn figures(outcome: &AuditOutcome) -> serde_json::Value {
    let mut found = serde_json::to_value(&outcome.results).expect("JSON");
    found["seconds"] = 0.into();
    found["data"]["name"] = "".into();
    for cell in found["returned"].as_array_mut().expect("cells") {
        cell["who"] = "".into();
    }
    for part in ["graphs", "answers"] {
        if let Some(part) = found[part].as_object_mut() {
            part.remove("source");
            part.remove("name");
        }
    }
    found
}

fn request() -> AuditRequest {
    AuditRequest {
        ks: Some(vec![10, 20]),
        efs: vec![15],
        threads: 1,
        ..AuditRequest::default()
    }
}

fn rows_in(folder: &Path) -> (Matrix, std::path::PathBuf) {
    let rows = resnet50_like(250, 3).expect("rows");
    let path = folder.join("rows.npy");
    write_matrix(&path, rows.view()).expect("written");
    (rows, path)
}

#[test]
fn rows_and_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let (rows, path) = rows_in(folder.path());
    let ids: Vec<i64> = (0..250)
        .flat_map(|row: i64| (1..=21).map(move |step| (row + step) % 260 - 5))
        .collect();
    let answers_path = folder.path().join("ids.npy");
    write_ids(&answers_path, 250, 21, &ids).expect("written");
    for sample in [None, Some(60)] {
        let request = AuditRequest {
            sample,
            ..request()
        };
        let files = AuditRequest {
            vectors: Some(path.clone()),
            ..request.clone()
        };
        let given = Given {
            rows: Some(rows.view()),
            ..Given::default()
        };
        let in_memory = audit_given(&request, given).expect("an audit");
        assert_eq!(
            figures(&in_memory),
            figures(&audit(&files).expect("an audit"))
        );

        let files = AuditRequest {
            neighbors: Some(answers_path.clone()),
            ..files
        };
        let answers = GivenAnswers {
            name: String::new(),
            ids: AnswerTable::from_ids(21, ids.clone()).into(),
            distances: None,
        };
        let given = Given {
            rows: Some(rows.view()),
            answers: Some(answers),
            ..Given::default()
        };
        let in_memory = audit_given(&request, given).expect("an audit");
        assert_eq!(
            figures(&in_memory),
            figures(&audit(&files).expect("an audit"))
        );
    }
}

#[test]
fn the_graph_of_an_engine() {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hnsw/tests/goldens");
    for name in ["faiss_l2.index", "faiss_ip_mapped.index"] {
        let path = goldens.join(name);
        let saved = SavedIndex::read(&path).expect("an index");
        let vectors = saved.vectors.clone();
        let index =
            EngineIndex::new(saved, None, None, Some(vectors.view())).expect("the same rows");
        assert!(index.rows.is_none(), "the engine's copy is dropped");
        let given = Given {
            rows: Some(vectors.view()),
            labels: index.labels.as_deref(),
            index: Some(&index.index),
            ..Given::default()
        };
        let in_memory = audit_given(&request(), given).expect("an audit");
        let files = AuditRequest {
            index: Some(path),
            ..request()
        };
        assert_eq!(
            figures(&in_memory),
            figures(&audit(&files).expect("an audit"))
        );
    }
}

#[test]
fn rows_that_are_not_the_engine_s_are_refused() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hnsw/tests/goldens/faiss_l2.index");
    let saved = SavedIndex::read(&path).expect("an index");
    let mut other = saved.vectors.clone();
    other.row_mut(7)[2] += 1.0;
    let error = EngineIndex::new(saved, None, None, Some(other.view()))
        .expect_err("another row")
        .to_string();
    assert!(
        error.starts_with("row 7 of X is not row 7 of the index: column 2 is"),
        "{error}"
    );
}
