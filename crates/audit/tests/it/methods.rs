//! Audits of indexes of codes, cells, transforms and a rerank, as FAISS saved them
//! (`crates/methods/tests/goldens`).

use annatomy_audit::{
    AuditError, AuditRequest, AuditResults, Given, GivenAnswers, Note, Prediction, Target, audit,
    audit_given,
};
use annatomy_formats::{AnswerTable, Selection, SlotIds, VectorFile};
use annatomy_hnsw::EngineClass;
use annatomy_methods::{Method, Routing, eight_bit_rows};
use annatomy_vectors::{Matrix, Metric};
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
        "nsg4_l2",
        "nsg_sq8_l2",
        "nsg_repeated_ip",
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
            let missing = cell.missing.unvisited + cell.missing.unreachable;
            assert!((missing - lost.routing).abs() < 1e-9);
            assert!((cell.missing.unreachable - lost.unreachable).abs() < 1e-9);
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
    let SlotIds::Integers(ids) = &outcome.predictions[0] else {
        panic!("labels are integers");
    };
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

/// An inverted file over float32 rows, searched in float64: cells by their centroid's distance, the
/// nearest of the rows in the first nprobe of them.
#[test]
fn every_figure_of_an_inverted_file_is_that_of_a_search_in_float64() {
    let mut request = request("ivf_flat_l2");
    request.efs = vec![1, 2, 3, 7, 3];
    let found = results(&request);
    let method = Method::read(golden("ivf_flat_l2.index")).expect("index");
    let Routing::Cells(cells) = &method.routing else {
        panic!("an inverted file");
    };
    let rows = rows();
    let far = |x: &[f32], y: &[f32]| -> f64 {
        let pairs = x.iter().zip(y).map(|(&a, &b)| f64::from(a) - f64::from(b));
        pairs.map(|d| d * d).sum::<f64>().sqrt()
    };
    assert_eq!(found.efforts.len(), 4 * 2, "each effort once");
    let stages = found.method.expect("a method").stages;
    for (cell, stage) in found.efforts.iter().zip(&stages) {
        let (nprobe, k) = (cell.ef.expect("an effort"), cell.k);
        let queries = rows.rows() as f64;
        let [
            mut overlap,
            mut fill,
            mut visited,
            mut unvisited,
            mut epsilon,
        ] = [0.0; 5];
        let mut least = f64::INFINITY;
        for query in 0..rows.rows() {
            let to = |row: usize| far(rows.row(query), rows.row(row));
            let mut others: Vec<usize> = (0..rows.rows()).filter(|&row| row != query).collect();
            others.sort_by(|&a, &b| to(a).total_cmp(&to(b)));
            let centroid = |cell: usize| far(rows.row(query), cells.coarse.centroids.row(cell));
            let mut nearest: Vec<usize> = (0..cells.lists.len()).collect();
            nearest.sort_by(|&a, &b| centroid(a).total_cmp(&centroid(b)));
            let scanned = nearest[..nprobe]
                .iter()
                .flat_map(|&cell| &cells.lists[cell]);
            let scanned: Vec<usize> = scanned.map(|&row| row as usize).collect();
            let mut answer = scanned.clone();
            answer.sort_by(|&a, &b| to(a).total_cmp(&to(b)));
            answer.truncate(k + 1);
            answer.retain(|&row| row != query);
            answer.truncate(k);
            let exact = &others[..k];
            let common = answer.iter().filter(|row| exact.contains(row)).count() as f64;
            let missed = exact.iter().filter(|row| !scanned.contains(row)).count();
            let near = answer
                .iter()
                .filter(|&&row| to(row) <= 1.01 * to(exact[k - 1]))
                .count();
            overlap += common / k as f64 / queries;
            fill += answer.len() as f64 / k as f64 / queries;
            visited += scanned.len() as f64 / queries;
            unvisited += missed as f64 / queries;
            epsilon += near as f64 / k as f64 / queries;
            least = least.min(common / k as f64);
        }
        let what = format!("nprobe {nprobe}, k {k}");
        let is = |found: Option<annatomy_measures::estimate::Estimate>, right: f64| {
            let found = found.expect("a figure").point;
            assert!((found - right).abs() < 1e-9, "{what}: {found}, {right}");
        };
        is(cell.overlap, overlap);
        is(cell.fill, fill);
        is(cell.epsilon_recall, epsilon);
        assert!(
            (cell.visited.expect("rows") - visited).abs() < 1e-9,
            "{what}"
        );
        assert!((cell.missing.unvisited - unvisited).abs() < 1e-9, "{what}");
        assert!((stage.scanned - visited / queries).abs() < 1e-9, "{what}");
        assert!(
            (stage.lost.routing - unvisited).abs() < 1e-9,
            "{what}: nothing else loses"
        );
        assert!(cell.rank_biased_overlap.is_some() && cell.displacement.is_some());
        assert_eq!(
            cell.worst.first().map_or(1.0, |worst| worst.overlap),
            least,
            "{what}"
        );
    }
}

/// Answers and filters are of vectors; an index of codes, in memory too, has no use for them.
#[test]
fn answers_and_allowed_rows_are_refused_and_not_passed_over() {
    let method = Method::read(golden("ivf_flat_l2.index")).expect("index");
    let rows = rows();
    let given = || Given {
        rows: Some(rows.view()),
        method: Some(&method),
        ..Given::default()
    };
    let request = AuditRequest {
        ks: Some(vec![5]),
        ..AuditRequest::default()
    };
    let said = |request: &AuditRequest, given: Given<'_>| {
        audit_given(request, given)
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(said(&request, given()), None);
    let answers = GivenAnswers {
        name: "mine".to_owned(),
        ids: AnswerTable::from_ids(5, vec![0; 5 * rows.rows()]).into(),
        distances: None,
    };
    let mut with = given();
    with.answers = Some(answers);
    assert!(
        said(&request, with)
            .expect("refused")
            .contains("answers are audited over VECTORS")
    );
    let mut with = given();
    with.allowed = Some(Selection::Ids(AnswerTable::from_ids(1, vec![3]).into()));
    assert!(
        said(&request, with)
            .expect("refused")
            .contains("allowed rows are not looked at")
    );
    let repair = AuditRequest {
        repair: true,
        ..request
    };
    assert!(said(&repair, given()).is_some(), "nothing to repair");
}

/// Every file is opened once, and what an open file says of itself is noted here too.
#[test]
fn singleton_axes_of_the_vectors_are_noted() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pooled.npy");
    let rows = rows();
    let header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}, 1, 1), }}",
        rows.rows(),
        rows.columns()
    );
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    let padded = (10 + header.len() + 1).next_multiple_of(64) - 10;
    bytes.extend((padded as u16).to_le_bytes());
    bytes.extend(format!("{header:<width$}\n", width = padded - 1).into_bytes());
    bytes.extend(rows.values().iter().flat_map(|value| value.to_le_bytes()));
    std::fs::write(&file, bytes).expect("a file");
    let mut request = request("ivf_flat_l2");
    request.vectors = Some(file.clone());
    let path = file.display().to_string();
    assert!(
        results(&request)
            .notes
            .contains(&Note::SingletonAxes { path, axes: 2 })
    );
}

/// An NSG is searched for each L; what is predicted, curves and advice come of these searches.
#[test]
fn an_nsg_is_replayed_for_each_effort() {
    let mut request = request("nsg9_ip");
    let class = EngineClass::Raise;
    request.predictions = vec![Prediction { ef: 8, k: 5, class }];
    let outcome = audit(&request).expect("an audit");
    let SlotIds::Integers(ids) = &outcome.predictions[0] else {
        panic!("row numbers are integers");
    };
    assert!(
        ids.iter().all(|&id| (0..200).contains(&id)),
        "every slot is filled"
    );
    let found = outcome.results;
    let method = found.method.as_ref().expect("a method");
    assert_eq!(method.effort.as_deref(), Some("L"));
    let replayed = method.replayed.expect("one by one");
    assert!((20..30).contains(&replayed), "{replayed} efforts");
    for advice in &found.advice {
        let effort = advice.ef.expect("reached");
        let mut again = request.clone();
        again.efs = vec![effort];
        let cells = results(&again).efforts;
        let cell = cells
            .iter()
            .find(|cell| cell.k == advice.k)
            .expect("a cell");
        let overlap = cell.overlap.expect("a mean").point;
        assert!(overlap >= 0.9, "L {effort}, k {}: {overlap}", advice.k);
        let reached = advice.reached.expect("a mean").point;
        assert!((reached - overlap).abs() < 1e-9, "{reached}, {overlap}");
    }
    for (ef, k) in [(201, 5), (8, 201)] {
        request.predictions = vec![Prediction { ef, k, class }];
        let error = audit(&request).expect_err("no end").to_string();
        assert!(error.contains("L 201, but an NSG of 200 rows"), "{error}");
    }
    request.predictions = vec![Prediction {
        ef: 8,
        k: 5,
        class: EngineClass::StopEarly,
    }];
    let error = audit(&request).expect_err("refused").to_string();
    assert!(error.contains("class=raise"), "{error}");
}

/// DiskANN's files are read together; one search answers every L, and losses add up.
#[test]
fn a_diskann_index_is_audited_with_its_rows_beside_it() {
    for (kind, metric) in [
        ("f32", "l2"),
        ("f32", "mips"),
        ("f32", "cosine"),
        ("i8", "l2"),
        ("i8", "cosine"),
        ("u8", "l2"),
        ("u8", "cosine"),
    ] {
        let name = format!("diskann_{kind}_{metric}");
        let request = AuditRequest {
            vectors: None,
            index: Some(golden(&name)),
            queries: Some(golden(&format!("diskann_queries_{kind}.npy"))),
            efs: vec![10, 40],
            ..request("")
        };
        let found = results(&request);
        let method = found.method.as_ref().expect("a method");
        assert_eq!(method.effort.as_deref(), Some("L"), "{name}");
        assert_eq!((method.engine.as_str(), method.replayed), ("DiskANN", None));
        let codes = match kind {
            "f32" => "float32",
            "i8" => "int8",
            _ => "uint8",
        };
        assert_eq!(method.codes, codes);
        for (stage, cell) in method.stages.iter().zip(&found.efforts) {
            let lost = stage.lost;
            let total = lost.codes + lost.routing + lost.tied;
            let strict = cell.overlap_strict.expect("a mean").point;
            let missing = stage.k as f64 * (1.0 - strict);
            assert!((total - missing).abs() < 1e-9, "{name}, {stage:?}");
            assert!(lost.codes < 1e-9 || metric == "cosine", "{name}, {stage:?}");
        }
        let graph = found.graphs.as_ref().expect("a graph");
        // Under an inner product a row need not be its own nearest.
        let own = graph.health[0].self_recall.as_ref();
        assert_eq!(own.is_none(), metric == "mips", "{name}");
        let own = own.map_or(1.0, |own| own.point);
        assert!(own > 0.8, "{name}: {own} of the rows find themselves");
        for advice in &found.advice {
            assert!(advice.ef.is_some(), "{name}: {advice:?}");
        }
    }
    let mut other = AuditRequest {
        vectors: None,
        index: Some(golden("diskann_i8_l2")),
        queries: Some(golden("diskann_queries_f32.npy")),
        ..request("")
    };
    let error = audit(&other).expect_err("no whole numbers").to_string();
    assert!(error.contains("from -128 to 127"), "{error}");
    other.metric = Some(Metric::InnerProduct);
    let error = audit(&other).expect_err("its metric is l2").to_string();
    assert!(error.contains("built for l2"), "{error}");
}
