//! `annatomy audit` as a user meets it, on indexes and answers that the real engines wrote.

use crate::user::{golden, run};
use std::fs;
use std::process::Command;

fn said(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn json(arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&said(&[arguments, &["--json"]].concat())).expect("JSON")
}

fn refused(arguments: &[&str], code: i32, words: &[&str]) {
    let output = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?} said: {said}"
    );
    assert!(
        output.stdout.is_empty() && !said.contains("panicked"),
        "{said}"
    );
    for word in words {
        assert!(said.contains(word), "{said}, without {word:?}");
    }
}

#[test]
fn an_index_is_audited_with_a_report() {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("audit").display().to_string();
    let index = golden("faiss_l2.index");
    let text = said(&[
        "audit",
        "--index",
        &index,
        "--k",
        "5,40",
        "--target",
        "overlap=0.9,fill=1",
        "--out",
        &out,
    ]);
    for words in [
        "FAISS index",
        "M 4",
        "efSearch 16",
        "At the effort given",
        "overlap ≥ 0.9",
        "pgvector",
        "Which ef suffices",
        "for rows as queries), because ef 16 leaves",
        "Queries that are no rows often need a larger ef",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    // Every row of one graph is a query: no interval, and the advice stands first.
    let place = |words: &str| text.find(words).expect("checked above");
    assert!(place("Which ef suffices") < place("Engines' defaults"));
    assert!(!text.contains("estimate"), "{text}");
    for name in [
        "report.html",
        "audit.json",
        "figures/audit_overlap.svg",
        "figures/audit_overlap.png",
    ] {
        assert!(folder.path().join("audit").join(name).exists(), "{name}");
    }
}

#[test]
fn predictions_reach_files_that_match_the_engine() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("predicted.npy").display().to_string();
    let wanted = format!("ef=4,k=40,class=stop-early:{file}");
    said(&[
        "audit",
        "--index",
        &golden("faiss_l2.index"),
        "--k",
        "5",
        "--predict",
        &wanted,
    ]);
    let read = |path: &str| annatomy_formats::read_ids(path).expect("ids");
    let (predicted, own) = (read(&file), read(&golden("faiss_l2_ef4_k40.npy")));
    assert_eq!(predicted.rows(), 200);
    assert_eq!(&predicted.ids()[..own.ids().len()], own.ids());
    assert!(own.ids().contains(&-1), "a case with empty slots");
}

#[test]
fn answers_are_audited_at_any_thread_count_alike() {
    let folder = tempfile::tempdir().expect("folder");
    let queries = folder.path().join("queries.npy").display().to_string();
    let rows = annatomy_formats::VectorFile::open(golden("rows.npy")).expect("rows");
    let first = rows.read_rows(0..60).expect("sixty rows");
    annatomy_formats::write_matrix(&queries, first.view()).expect("a file");
    let arguments = |threads| {
        let (vectors, neighbors) = (golden("rows.npy"), golden("faiss_l2_ef4_k40.npy"));
        let found = [
            "audit",
            &vectors,
            "--queries",
            &queries,
            "--neighbors",
            &neighbors,
            "--k",
            "40",
            "--threads",
            threads,
        ];
        let mut results = json(&found);
        results["seconds"] = 0.into();
        results
    };
    let one = arguments("1");
    assert_eq!(one, arguments("3"));
    let fill = one["returned"][0]["fill"]["point"]
        .as_f64()
        .expect("a share");
    let empty = one["answers"]["sentinels"]["negative_ids"]
        .as_u64()
        .expect("a count");
    assert!(empty > 0 && (fill - (1.0 - empty as f64 / 2400.0)).abs() < 1e-12);
}

#[test]
fn graphs_are_built_where_there_is_no_index() {
    let vectors = golden("rows.npy");
    let found = json(&[
        "audit", &vectors, "--m", "4", "--graphs", "2", "--k", "10", "--sample", "50", "--preset",
        "hnswlib",
    ]);
    assert_eq!(
        (
            found["data"]["queries"].as_u64(),
            found["graphs"]["count"].as_u64()
        ),
        (Some(50), Some(2))
    );
    let advice = &found["advice"][0];
    let ef = advice["ef"].as_u64().expect("an effort");
    // hnswlib raises ef to k, here to 11 with the query itself.
    assert!(ef >= 11, "{advice}");
    assert!(
        advice["recommended"].is_null(),
        "50 queries do not show 99 %"
    );
    assert!(advice["queries_needed"].as_u64() > Some(50), "{advice}");
    assert!(advice["reached"]["point"].as_f64().expect("a share") >= 0.99);
}

#[test]
fn a_target_out_of_reach_is_tried_on_a_denser_graph() {
    let vectors = golden("rows.npy");
    let arguments = [
        "audit",
        &vectors,
        "--m",
        "2",
        "--ef-construction",
        "4",
        "--k",
        "10",
        "--target",
        "overlap=1,fill=0.5",
        "--preset",
        "hnswlib",
    ];
    let found = json(&arguments);
    let (advice, remedy) = (&found["advice"][0], &found["remedy"]);
    let lost = found["graphs"]["unreachable"]
        .as_array()
        .expect("lists")
        .iter()
        .map(|graph| graph.as_array().map_or(0, Vec::len));
    assert!(
        lost.sum::<usize>() > 0
            && advice["ef"].is_null()
            && advice["best_overlap"].as_f64().expect("a share") < 1.0
    );
    assert_eq!(
        (remedy["m"].as_u64(), remedy["ef_construction"].as_u64()),
        (Some(4), Some(8))
    );
    let tried = remedy["advice"].as_array().expect("a list");
    assert_eq!(tried.len(), 1, "fill was reached before");
    // The graph that is spoken of, built again on its own, says the same.
    let again = json(&[
        "audit",
        &vectors,
        "--m",
        "4",
        "--ef-construction",
        "8",
        "--k",
        "10",
        "--target",
        "overlap=1",
        "--preset",
        "hnswlib",
        "--graphs",
        "1",
    ]);
    assert_eq!(
        (&tried[0], &remedy["unreachable"]),
        (&again["advice"][0], &again["graphs"]["unreachable"][0])
    );
    let text = said(&arguments);
    assert!(
        text.contains("What would help: M 4, efConstruction 8 (one graph built to see, "),
        "{text}"
    );
    assert!(json(&["audit", &vectors, "--k", "10", "--graphs", "1"])["remedy"].is_null());
}

#[test]
fn requests_that_cannot_be_right_are_refused_with_their_numbers() {
    let (vectors, index) = (golden("rows.npy"), golden("faiss_l2.index"));
    refused(&["audit"], 2, &["needs vectors", "hint:"]);
    refused(&["audit", &vectors, "--k", "200"], 2, &["k = 200", "199"]);
    refused(&["audit", &vectors, "--target", "recall=1"], 2, &["recall"]);
    refused(
        &["audit", &vectors, "--target", "overlap=2"],
        2,
        &["between 0 and 1"],
    );
    refused(&["audit", &vectors, "--sample", "900"], 2, &["900", "200"]);
    refused(
        &["audit", &vectors, "--predict", "ef=4:x.npy"],
        2,
        &["ef=E,k=K,class=CLASS:FILE"],
    );
    refused(
        &["audit", &vectors, "--index", &vectors],
        1,
        &["neither a FAISS, an hnswlib, a usearch nor a DiskANN index"],
    );
    refused(
        &["audit", "--index", &index, "--metric", "cosine"],
        2,
        &["built for l2"],
    );
    refused(
        &[
            "audit",
            &vectors,
            "--neighbors",
            &golden("faiss_l2_ef4_k3.npy"),
        ],
        1,
        &["60 rows", "200"],
    );
    let other = golden("hnswlib_cosine.index");
    refused(
        &["audit", "--index", &other, "--neighbors", "missing.npy"],
        1,
        &["missing.npy"],
    );
}

#[test]
fn what_a_setting_costs_is_refused_with_the_numbers() {
    let vectors = golden("rows.npy");
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("ids.npy").display().to_string();
    let predicted = |k: &str| format!("ef=16,k={k},class=raise:{file}");
    let cases: [(&[&str], &str); 5] = [
        (&["--graphs", "0"], "graphs = 0: expected 1 to 1000"),
        (&["--graphs", "1000000000"], "graphs = 1000000000"),
        (&["--ef", "0"], "ef = 0: expected at least 1"),
        (
            &["--predict", &predicted("10000000000")],
            "200 queries takes 16.0 TB",
        ),
        (
            &["--predict", &predicted("9999999")],
            "takes 16.0 GB of predicted ids: the limit",
        ),
    ];
    for (arguments, words) in cases {
        refused(&[&["audit", &vectors], arguments].concat(), 2, &[words]);
    }
}

#[test]
fn a_prediction_beyond_the_rows_is_filled_up_and_counts_the_query() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("ids.npy").display().to_string();
    let wanted = format!("ef=4,k=300,class=raise:{file}");
    let vectors = golden("rows.npy");
    let output = run(&[
        "audit",
        &vectors,
        "--graphs",
        "1",
        "--m",
        "8",
        "--k",
        "5",
        "--predict",
        &wanted,
    ]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stderr.contains("k = 300 counts the query itself"),
        "{stderr}"
    );
    let ids = annatomy_formats::read_ids(&file).expect("ids");
    let row = ids.row(7);
    assert_eq!((ids.rows(), ids.columns()), (200, 300));
    assert!(row.contains(&7) && row[200..].iter().all(|&id| id == -1));
    let help = run(&["audit", "--help"]);
    let help = String::from_utf8_lossy(&help.stdout).replace('\n', " ");
    assert!(help.contains("K counts the query itself") || help.contains("counts the query"));
}

#[test]
fn k_beyond_the_columns_of_a_table_is_said() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("ids.npy").display().to_string();
    let ids: Vec<i64> = (0..200 * 50).map(|slot| (slot * 7) % 200).collect();
    annatomy_formats::write_ids(&file, 200, 50, &ids).expect("a file");
    let vectors = golden("rows.npy");
    let arguments = ["audit", &vectors, "--neighbors", &file, "--k", "10,100"];
    let text = said(&arguments);
    assert!(
        text.contains("k = 100 is not measured: the answers have 50 slots"),
        "{text}"
    );
    let found = json(&arguments);
    assert_eq!(found["notes"][0]["note"].as_str(), Some("beyond_slots"));
    assert_eq!(found["returned"].as_array().map(Vec::len), Some(1));
}

#[test]
fn slots_that_ragged_rows_do_not_have_are_no_negative_ids() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("ids.ivecs").display().to_string();
    let mut bytes = Vec::new();
    for row in 0..200u32 {
        let length = if row % 2 == 0 { 10 } else { 4 };
        bytes.extend(u32::to_le_bytes(length));
        for step in 1..=length {
            bytes.extend(u32::to_le_bytes((row + step) % 200));
        }
    }
    fs::write(&file, bytes).expect("a file");
    let vectors = golden("rows.npy");
    let found = json(&["audit", &vectors, "--neighbors", &file, "--k", "10"]);
    let sentinels = &found["answers"]["sentinels"];
    assert_eq!(sentinels["negative_ids"].as_u64(), Some(0));
    assert_eq!(sentinels["missing_slots"].as_u64(), Some(600));
    let text = said(&["audit", &vectors, "--neighbors", &file, "--k", "10"]);
    let words = "empty slots: 600 slots that short rows do not have, in 100 rows";
    assert!(text.contains(words), "{text}");
}

#[test]
fn answers_of_another_base_and_distances_of_other_rows_are_named() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let ids: Vec<i64> = (0..200 * 8).map(|slot| (slot * 7) % 400).collect();
    annatomy_formats::write_ids(path("ids.npy"), 200, 8, &ids).expect("a file");
    let distances: Vec<f32> = (0..200 * 8).map(|slot| 3.0 + (slot % 11) as f32).collect();
    let distances = annatomy_vectors::Matrix::new(200, 8, distances).expect("200 × 8");
    annatomy_formats::write_matrix(path("distances.npy"), distances.view()).expect("a file");
    let text = said(&[
        "audit",
        &golden("rows.npy"),
        "--neighbors",
        &path("ids.npy"),
        "--distances",
        &path("distances.npy"),
        "--k",
        "8",
    ]);
    for words in [
        "these answers seem to be of another base: 800 ids name none of its 200 rows",
        "the distances given fit no measure between these queries and these rows",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
}

#[test]
fn rows_that_do_not_return_themselves_are_counted() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("ids.npy").display().to_string();
    // Every eighth row leaves itself out.
    let id = |row: i64, slot: i64| (row + slot + i64::from(row % 8 == 0)) % 200;
    let ids: Vec<i64> = (0..200)
        .flat_map(|row| (0..9).map(move |slot| id(row, slot)))
        .collect();
    annatomy_formats::write_ids(&file, 200, 9, &ids).expect("a file");
    let text = said(&["audit", &golden("rows.npy"), "--neighbors", &file]);
    assert!(
        text.contains("25 of 200 rows do not return themselves"),
        "{text}"
    );
}

#[test]
fn geometry_under_cosine_is_over_the_chord() {
    let vectors = golden("rows.npy");
    let found = json(&[
        "audit", &vectors, "--metric", "cosine", "--k", "10", "--graphs", "1",
    ]);
    // Over unit rows L2 is the chord: the same audit of them says the same.
    let folder = tempfile::tempdir().expect("folder");
    let unit = folder.path().join("unit.npy").display().to_string();
    let file = annatomy_formats::VectorFile::open(&vectors).expect("rows");
    let mut rows = file.read_all().expect("rows");
    annatomy_vectors::transform::normalize_rows(&mut rows).expect("no zeros");
    annatomy_formats::write_matrix(&unit, rows.view()).expect("a file");
    let right = json(&[
        "audit", &unit, "--metric", "l2", "--k", "10", "--graphs", "1",
    ]);
    for figure in ["lid", "relative_contrast"] {
        let of = |found: &serde_json::Value| {
            let value = &found["difficulty"][0][figure];
            value["point"]
                .as_f64()
                .or(value.as_f64())
                .expect("a figure")
        };
        let (found, right) = (of(&found), of(&right));
        assert!(
            (found / right - 1.0).abs() < 1e-4,
            "{figure}: {found}, {right}"
        );
    }
    let text = said(&[
        "audit", &vectors, "--metric", "cosine", "--k", "10", "--graphs", "1",
    ]);
    assert!(text.contains("LID is twice what 1 − cos gives"), "{text}");
}

#[test]
fn an_index_over_other_vectors_is_noticed() {
    let folder = tempfile::tempdir().expect("folder");
    let changed = folder.path().join("rows.npy").display().to_string();
    let mut bytes = fs::read(golden("rows.npy")).expect("rows");
    let place = bytes.len() - 4;
    bytes[place..].copy_from_slice(&9.5f32.to_le_bytes());
    fs::write(&changed, bytes).expect("a file");
    refused(
        &["audit", &changed, "--index", &golden("faiss_l2.index")],
        1,
        &["row 199", "column 11", "9.5"],
    );
}

#[test]
fn every_sentinel_is_counted_and_none_is_scored() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let line: Vec<f32> = (0..10).map(|row| (row * row) as f32).collect();
    let view = |rows, columns, values| {
        annatomy_vectors::MatrixView::new(rows, columns, values).expect("a matrix")
    };
    annatomy_formats::write_matrix(path("rows.npy"), view(10, 1, &line)).expect("a file");
    annatomy_formats::write_matrix(path("queries.npy"), view(5, 1, &line[..5])).expect("a file");
    // Per row three slots that hold no neighbor: −1s, ids beyond the rows, repeats, a number that
    // is none and infinities, padding.
    let ids: [i64; 20] = [
        0,
        -1,
        -1,
        -9,
        1,
        10,
        99,
        1 << 40,
        2,
        2,
        1,
        1,
        3,
        4,
        2,
        5,
        4,
        0,
        0,
        0,
    ];
    let (nan, largest) = (f32::NAN, f32::MAX);
    let distances = [
        0.0,
        largest,
        largest,
        largest,
        0.0,
        1.0,
        1.0,
        1.0,
        0.0,
        0.0,
        9.0,
        9.0,
        0.0,
        nan,
        -largest,
        f32::INFINITY,
        0.0,
        256.0,
        256.0,
        256.0,
    ];
    annatomy_formats::write_ids(path("ids.npy"), 5, 4, &ids).expect("a file");
    annatomy_formats::write_matrix(path("distances.npy"), view(5, 4, &distances)).expect("a file");
    let [rows, queries, ids, distances] =
        ["rows.npy", "queries.npy", "ids.npy", "distances.npy"].map(path);
    let found = json(&[
        "audit",
        &rows,
        "--queries",
        &queries,
        "--neighbors",
        &ids,
        "--distances",
        &distances,
        "--k",
        "4",
    ]);
    let count = |kind: &str| {
        found["answers"]["sentinels"][kind]
            .as_u64()
            .expect("a count")
    };
    assert_eq!(
        [
            "negative_ids",
            "ids_out_of_range",
            "nan_distances",
            "sentinel_distances"
        ]
        .map(count),
        [3, 3, 1, 2]
    );
    // 2, 2, 1, 1: the last is padding, the second a duplicate; 4, 0, 0, 0: the first 0 is in order
    // of distance, the others padding.
    assert_eq!(
        ["duplicates", "padding", "short_rows"].map(count),
        [1, 3, 5]
    );
    let fill = found["returned"][0]["fill"]["point"]
        .as_f64()
        .expect("a share");
    assert!((fill - 7.0 / 20.0).abs() < 1e-12, "{fill}");
}

#[cfg(feature = "hdf5")]
#[test]
fn a_result_of_ann_benchmarks_is_audited_against_its_data_set() {
    let member = |name: &str| {
        format!(
            "{}/../formats/tests/goldens/members/{name}",
            env!("CARGO_MANIFEST_DIR")
        )
    };
    let (data, run) = (member("angular.hdf5"), member("angular_run.hdf5"));
    let queries = format!("{data}::test");
    let found = json(&[
        "audit",
        &data,
        "--queries",
        &queries,
        "--neighbors",
        &run,
        "--k",
        "5",
    ]);
    assert_eq!(
        (
            found["data"]["metric"].as_str(),
            found["data"]["queries"].as_u64()
        ),
        (Some("cosine"), Some(12))
    );
    let (answers, cell) = (&found["answers"], &found["returned"][0]);
    assert_eq!(
        (
            answers["run"]["algorithm"].as_str(),
            answers["run"]["count"].as_u64()
        ),
        (Some("hnswlib"), Some(5))
    );
    assert_eq!(
        answers["distance_kind"].as_str(),
        Some("cosine distance, 1 − cos")
    );
    assert_eq!(
        (
            answers["sentinels"]["negative_ids"].as_u64(),
            answers["rows_out_of_order"].as_u64()
        ),
        (Some(6), Some(0))
    );
    // make.py: rank 9 in place of rank 2 everywhere, and in 3 of 12 rows two slots empty.
    let point = |figure: &str| cell[figure]["point"].as_f64().expect("a share");
    assert!(
        (point("fill") - 54.0 / 60.0).abs() < 1e-12
            && (point("overlap") - (9.0 * 0.8 + 3.0 * 0.4) / 12.0).abs() < 1e-12
    );

    let text = said(&[
        "audit",
        &data,
        "--queries",
        &data,
        "--neighbors",
        &run,
        "--metric",
        "l2",
    ]);
    for words in [
        "a benchmark's run of hnswlib, hnswlib ({'M': 4",
        "on noise-8-angular",
        "run under cosine",
        "scored against neighbors under l2",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
}

/// Writes `rows` rows of noise as .npy, block by block.
#[cfg(target_os = "linux")]
fn write_noise(path: &str, rows: usize, columns: usize) {
    use std::io::Write;
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let mut file = std::io::BufWriter::new(fs::File::create(path).expect("a file"));
    file.write_all(b"\x93NUMPY\x01\x00\x76\x00")
        .and_then(|()| writeln!(file, "{header:<117}"))
        .expect("a header");
    let mut state = 1u64;
    for _ in 0..rows * columns {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        file.write_all(&((state >> 40) as f32 / 1e7).to_le_bytes())
            .expect("room");
    }
    file.flush().expect("room");
}

#[cfg(target_os = "linux")]
#[test]
fn answers_over_a_base_larger_than_memory_are_audited() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (rows, columns, slots) = (120_000, 256, 8);
    write_noise(&path("base.npy"), rows, columns);
    let ids: Vec<i64> = (0..rows * slots)
        .map(|slot| ((slot * 7_919) % rows) as i64)
        .collect();
    annatomy_formats::write_ids(path("ids.npy"), rows, slots, &ids).expect("a file");
    // The base has 123 MB; all memory that the command may own, stacks and answers (8 MB) included,
    // is 64 MiB.
    let audit = |limit: &str| {
        let line = format!(
            "ulimit -d {limit}; exec \"$0\" audit \"$1\" --neighbors \"$2\" --sample 100 --k 8 --threads 2 --json"
        );
        let arguments = [
            env!("CARGO_BIN_EXE_annatomy"),
            &path("base.npy"),
            &path("ids.npy"),
        ];
        Command::new("sh")
            .args(["-c", &line])
            .args(arguments)
            .output()
            .expect("a shell")
    };
    let output = audit("65536");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let fill = found["returned"][0]["fill"]["point"]
        .as_f64()
        .expect("a share");
    assert_eq!(found["data"]["rows"].as_u64(), Some(rows as u64));
    // All slots hold rows; a few hold the query itself.
    assert!(fill > 0.99, "{fill}");
    assert!(!audit("8192").status.success(), "the limit is none");
}

/// A benchmark's file with the members `train`, `test` and `neighbors`: each query's neighbors are
/// the base rows nearest to it on a line.
fn benchmark(path: &std::path::Path) {
    let floats = |rows: std::ops::Range<u8>| {
        let rows = rows.map(|row| [f32::from(row), 0.0]);
        rows.flat_map(|row| row.map(f32::to_le_bytes).concat())
            .collect::<Vec<u8>>()
    };
    let (train, test) = (floats(0..30), floats(0..4));
    let neighbors: Vec<u8> = (0..4_i32)
        .flat_map(|row| [row, row + 1].map(i32::to_le_bytes).concat())
        .collect();
    let header = serde_json::json!({
        "train": {"dtype": "F32", "shape": [30, 2], "data_offsets": [0, 240]},
        "test": {"dtype": "F32", "shape": [4, 2], "data_offsets": [240, 272]},
        "neighbors": {"dtype": "I32", "shape": [4, 2], "data_offsets": [272, 304]},
    })
    .to_string();
    let length = (header.len() as u64).to_le_bytes();
    let bytes = [&length[..], header.as_bytes(), &train, &test, &neighbors].concat();
    fs::write(path, bytes).expect("file");
}

#[test]
fn a_benchmark_without_its_queries_was_refused_without_a_hint() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("X.safetensors");
    benchmark(&path);
    let file = path.display().to_string();
    let words = [
        "4 rows, and the base has 30",
        &format!("hint: --queries {file}\n"),
    ];
    refused(&["audit", &file, "--neighbors", &file], 1, &words);
    let member = format!("{file}::neighbors");
    refused(&["audit", &file, "--neighbors", &member], 1, &words);
    let text = said(&[
        "audit",
        &file,
        "--neighbors",
        &file,
        "--queries",
        &file,
        "--k",
        "2",
    ]);
    assert!(text.contains("4 queries"), "{text}");
}

#[cfg(feature = "hdf5")]
#[test]
fn a_benchmark_of_hdf5_without_its_queries_was_refused_without_a_hint() {
    let file = format!(
        "{}/../formats/tests/goldens/members/angular.hdf5",
        env!("CARGO_MANIFEST_DIR")
    );
    let hint = format!("hint: --queries {file}\n");
    refused(&["audit", &file, "--neighbors", &file], 1, &[&hint]);
}

#[test]
fn axes_of_length_1_are_dropped_with_a_note() {
    let folder = tempfile::tempdir().expect("folder");
    let file = format!(
        "{}/../formats/tests/goldens/members/pooled.npy",
        env!("CARGO_MANIFEST_DIR")
    );
    let ids = folder.path().join("ids.npy").display().to_string();
    let output = run(&["knn", &file, "--k", "2", "--out", &ids]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
    let note =
        format!("note: {file}: the array has 4 dimensions: the last 2, of length 1, are dropped\n");
    assert!(words.contains(&note), "{words}");
    let found = json(&["audit", &file, "--neighbors", &ids, "--k", "2"]);
    let notes = found["notes"].as_array().expect("notes");
    let expected = serde_json::json!({"note": "singleton_axes", "path": file, "axes": 2});
    assert!(notes.contains(&expected), "{notes:?}");
}

fn parquet_ids(name: &str) -> String {
    let goldens = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/parquet_ids");
    format!("{goldens}/{name}")
}

/// VectorDBBench's layout, written by pyarrow; neighbors by NumPy in float64 (goldens/…/make.py).
#[test]
fn answers_that_name_ids_of_a_parquet_base_are_scored_by_them() {
    let queries = parquet_ids("test.parquet");
    let audited = |base: &str, answers: &str| {
        let (base, answers) = (parquet_ids(base), parquet_ids(answers));
        let files = ["--queries", &queries, "--neighbors", &answers];
        let arguments = [&["audit", &base, "--k", "8"], files.as_slice()].concat();
        (json(&arguments), said(&arguments))
    };
    let noted = serde_json::json!([{ "note": "named_by_column", "column": "id" }]);
    for (base, answers, overlap, notes) in [
        ("train.parquet", "neighbors.parquet", 1.0, &noted),
        // The last of eight columns is the farthest row.
        ("train_0.parquet", "neighbors_0.npy", 0.875, &noted),
        // Row numbers, though both bases have a column of ids.
        ("train.parquet", "numbers.npy", 1.0, &serde_json::json!([])),
        (
            "train_0.parquet",
            "numbers.npy",
            1.0,
            &serde_json::json!([]),
        ),
    ] {
        let (found, said) = audited(base, answers);
        let cell = &found["returned"][0];
        assert_eq!(cell["overlap"]["point"], overlap, "{base}, {answers}");
        assert_eq!(cell["fill"]["point"], 1.0, "{base}, {answers}");
        assert_eq!(&found["notes"], notes, "{base}, {answers}");
        let says = said.contains("name rows by the column id of the base");
        assert_eq!(says, notes == &noted, "{said}");
    }
}
