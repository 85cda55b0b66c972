//! Audits of indexes of codes, cells, transforms and a rerank, as FAISS saved them
//! (`crates/methods/tests/goldens`).

use annatomy_audit::{AuditError, AuditRequest, AuditResults, Note, Prediction, Target, audit};
use annatomy_formats::VectorFile;
use annatomy_hnsw::EngineClass;
use annatomy_methods::{Method, eight_bit_rows};
use annatomy_vectors::Matrix;
use std::path::PathBuf;

fn golden(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../methods/tests/goldens");
    PathBuf::from(folder).join(name)
}

fn request(index: &str) -> AuditRequest {
    AuditRequest {
        vectors: Some(golden("rows.npy")),
        index: Some(golden(&format!("{index}.index"))),
        ks: Some(vec![1, 10]),
        targets: vec!["overlap=0.9".parse::<Target>().expect("a target")],
        ..AuditRequest::default()
    }
}

fn results(request: &AuditRequest) -> AuditResults {
    audit(request).expect("an audit").results
}

fn rows() -> Matrix {
    let file = VectorFile::open(golden("rows.npy")).and_then(|file| file.read_all());
    file.expect("rows")
}

/// The k nearest other rows of each row, by (distance, id), in float64.
fn nearest(rows: &Matrix, base: &Matrix, k: usize) -> Vec<Vec<usize>> {
    let of = |query: usize| {
        let distance = |other: usize| -> f64 {
            let pairs = rows.row(query).iter().zip(base.row(other));
            pairs
                .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
                .sum()
        };
        let others = (0..base.rows()).filter(|&other| other != query);
        let mut all: Vec<(f64, usize)> = others.map(|other| (distance(other), other)).collect();
        all.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
        all.iter().take(k).map(|&(_, other)| other).collect()
    };
    (0..rows.rows()).map(of).collect()
}

fn mean_shared(a: &[Vec<usize>], b: &[Vec<usize>], k: usize) -> f64 {
    let shared = |(a, b): (&Vec<usize>, &Vec<usize>)| {
        a[..k].iter().filter(|id| b.contains(id)).count() as f64 / k as f64
    };
    a.iter().zip(b).map(shared).sum::<f64>() / a.len() as f64
}

#[test]
fn losses_add_up_to_all_that_is_missing_at_every_effort() {
    for index in [
        "pca_ivf_sq8_l2",
        "ivf_pq4_residual_l2",
        "mapped_refined_opq_ivf_pq6",
        "hnsw_sq8_l2",
        "ivf_flat_l2",
    ] {
        let mut request = request(index);
        request.efs = vec![1, 3, 13];
        if index.starts_with("mapped") {
            // Its ids are a permutation: the rows lie in another order than VECTORS.
            request.vectors = None;
        }
        let found = results(&request);
        let method = found.method.expect("a method");
        assert_eq!(method.stages.len(), 6, "{index}");
        for (stage, cell) in method.stages.iter().zip(&found.efforts) {
            let lost = stage.lost;
            let total = lost.transform + lost.codes + lost.routing + lost.rerank + lost.tied;
            let strict = cell.overlap_strict.expect("a mean").point;
            let missing = stage.k as f64 * (1.0 - strict);
            assert!((total - missing).abs() < 1e-9, "{index}, {stage:?}");
            assert!((cell.missing.unvisited - lost.routing).abs() < 1e-9);
        }
        let curves = &found.curves;
        assert_eq!(curves.len(), 2, "{index}");
        for (curve, cell) in curves.iter().zip(&found.efforts[4..]) {
            let last = curve
                .efs
                .iter()
                .position(|&effort| effort == 13)
                .expect("13");
            let overlap = curve.overlap[last].expect("a mean").point;
            let measured = cell.overlap.expect("a mean").point;
            assert!(
                (overlap - measured).abs() < 1e-9,
                "{index}: {overlap}, {measured}"
            );
            let fill = curve.fill[last].expect("a mean").point;
            assert!(
                (fill - cell.fill.expect("a mean").point).abs() < 1e-9,
                "{index}"
            );
        }
    }
}

#[test]
fn ceilings_are_brute_force_over_the_decoded_codes() {
    let found = results(&request("ivf_sq8_residual_l2"));
    let method = Method::read(golden("ivf_sq8_residual_l2.index")).expect("index");
    let (rows, decoded) = (rows(), method.decoded().expect("small"));
    let exact = nearest(&rows, &rows, 10);
    let coded = nearest(&rows, &decoded, 10);
    for stage in found.method.expect("a method").stages {
        let keep = stage.codes_keep.expect("codes").point;
        let k = stage.k;
        let coded: Vec<Vec<usize>> = coded.iter().map(|ids| ids[..k].to_vec()).collect();
        let right = mean_shared(&exact, &coded, k);
        assert!((keep - right).abs() < 2.5e-3, "k {k}: {keep}, {right}");
    }
}

#[test]
fn what_would_help_is_measured() {
    let mut request = request("ivf_pq4_residual_l2");
    request.targets = vec!["overlap=0.97".parse().expect("a target")];
    let found = results(&request);
    let rows = rows();
    let exact = nearest(&rows, &rows, 10);
    let eight = nearest(&rows, &eight_bit_rows(rows.view()), 10);
    let stage = &found.method.as_ref().expect("a method").stages[1];
    let bits = stage.eight_bits.expect("4 bits keep too little");
    let right = mean_shared(&exact, &eight, 10);
    assert!(
        (bits.keep.point - right).abs() < 2.5e-3,
        "{bits:?}, {right}"
    );
    // Among that many candidates are enough, and among one fewer are not.
    let depth = stage.rerank_depths[0].candidates.expect("some number");
    let method = Method::read(golden("ivf_pq4_residual_l2.index")).expect("index");
    let decoded = method.decoded().expect("small");
    let share = |depth| mean_shared(&exact, &nearest(&rows, &decoded, depth), 10);
    assert!(
        share(depth + 1) >= 0.97 && share(depth - 2) < 0.97,
        "{depth}"
    );
}

#[test]
fn the_effort_advised_meets_the_target_and_one_less_does_not() {
    for index in ["ivf_flat_l2", "hnsw_sq8_l2", "ivf_hnsw_l2"] {
        let found = results(&request(index));
        for advice in &found.advice {
            let effort = advice.ef.expect("reached");
            let mut again = request(index);
            again.efs = vec![effort, (effort - 1).max(1)];
            let cells = results(&again).efforts;
            let overlap = |effort| {
                let mut cells = cells.iter();
                let cell = cells.find(|cell| cell.ef == Some(effort) && cell.k == advice.k);
                cell.and_then(|cell| cell.overlap).expect("a mean").point
            };
            assert!(overlap(effort) >= 0.9, "{index}, k {}", advice.k);
            assert!(
                effort == 1 || overlap(effort - 1) < 0.9,
                "{index}, k {}",
                advice.k
            );
            let low = advice.ef_low.expect("an end");
            assert!(low <= effort && advice.ef_high.is_none_or(|high| high >= effort));
        }
    }
}

#[test]
fn no_result_depends_on_the_number_of_threads() {
    let json = |threads| {
        let mut request = request("mapped_refined_opq_ivf_pq6");
        (request.vectors, request.threads) = (None, threads);
        let mut results = results(&request);
        results.seconds = 0.0;
        serde_json::to_string(&results).expect("plain data")
    };
    assert_eq!(json(1), json(3));
}

#[test]
fn predictions_are_rows_of_ids_as_the_engine_names_them() {
    let mut request = request("ivf_flat_ip");
    let class = EngineClass::StopEarly;
    request.predictions = vec![Prediction {
        ef: 1,
        k: 60,
        class,
    }];
    let outcome = audit(&request).expect("an audit");
    let ids = &outcome.predictions[0];
    assert_eq!(ids.len(), 200 * 60);
    let named = |&id: &i64| id == -1 || (1000..1600).contains(&id) && (id - 1000) % 3 == 0;
    assert!(ids.iter().all(named));
    assert!(ids.contains(&-1), "one cell has fewer than 60 rows");
    request.predictions[0].class = EngineClass::Raise;
    let error = audit(&request).expect_err("refused").to_string();
    assert!(error.contains("class=stop-early"), "{error}");
}

#[test]
fn without_vectors_decoded_rows_are_noted_and_transformed_ones_refused() {
    let mut coded = request("ivf_pq4_residual_l2");
    coded.vectors = None;
    let codes = "PQ8x4".to_owned();
    assert!(results(&coded).notes.contains(&Note::DecodedRows { codes }));
    let mut transformed = request("pca_ivf_sq8_l2");
    transformed.vectors = None;
    let error = audit(&transformed).expect_err("refused").to_string();
    assert!(
        error.contains("PCAMatrix only: VECTORS are needed"),
        "{error}"
    );
}

#[test]
fn vectors_of_another_index_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("other.npy");
    let rows = rows();
    let shifted: Vec<usize> = (0..rows.rows())
        .map(|row| (row + 77) % rows.rows())
        .collect();
    annatomy_formats::write_matrix(&file, rows.select(&shifted).view()).expect("written");
    for index in ["ivf_pq4_residual_l2", "pca_ivf_sq8_l2", "hnsw_sq8_l2"] {
        let mut request = request(index);
        request.vectors = Some(file.clone());
        let error = audit(&request).expect_err("refused");
        let coded = matches!(error, AuditError::OtherRowsThanCoded { .. });
        assert!(coded, "{index}: {error}");
    }
    let mut request = request("ivf_flat_l2");
    request.vectors = Some(file);
    let error = audit(&request).expect_err("refused");
    assert!(matches!(error, AuditError::OtherVectors { .. }), "{error}");
}
