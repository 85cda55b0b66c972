//! Primary keys and segments, as the command takes them.

use annatomy_formats::{SlotIds, read_id_table};
use std::fs;
use std::path::Path;
use std::process::Command;

/// stdout, stderr and the exit code of the command in a folder.
fn ran(folder: &Path, arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_annatomy"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("the command starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        text(&output.stdout),
        text(&output.stderr),
        output.status.code(),
    )
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let (out, said, code) = ran(folder, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {said}");
    out
}

fn golden(name: &str) -> String {
    let crates = env!("CARGO_MANIFEST_DIR");
    format!("{crates}/../hnsw/tests/goldens/{name}")
}

/// 150 rows with keys of text, and the exact neighbors of each by key, the last of row 0 unknown.
fn prepared() -> (tempfile::TempDir, Vec<String>, Vec<i64>) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    done(
        at,
        &["generate", "resnet50-like", "--n", "150", "--out", "x.npy"],
    );
    done(at, &["knn", "x.npy", "--k", "5", "--out", "ids.npy"]);
    let (table, _) = read_id_table(at.join("ids.npy")).expect("ids");
    let SlotIds::Integers(ids) = table.ids().clone() else {
        panic!("integers");
    };
    let keys: Vec<String> = (0..150)
        .map(|row| format!("key {}", (row * 67) % 150))
        .collect();
    let named = |row: &[i64]| {
        let slots = row.iter().map(|&id| format!("{:?}", keys[id as usize]));
        format!("[{}]\n", slots.collect::<Vec<_>>().join(","))
    };
    let mut lines: Vec<String> = ids.chunks(5).map(named).collect();
    let last = format!("{:?}", keys[ids[4] as usize]);
    lines[0] = lines[0].replace(&last, "\"gone\"");
    fs::write(at.join("answers.jsonl"), lines.concat()).expect("written");
    fs::write(at.join("keys.txt"), keys.join("\n")).expect("written");
    (folder, keys, ids)
}

#[test]
fn answers_repair_and_tables_speak_keys() {
    let (folder, keys, ids) = prepared();
    let at = folder.path();
    let answered = [
        "audit",
        "x.npy",
        "--ids",
        "keys.txt",
        "--neighbors",
        "answers.jsonl",
        "--k",
        "5",
        "--repair",
        "mended.jsonl",
        "--per-query",
        "queries.csv",
        "--out",
        "report",
    ];
    let out = done(at, &answered);
    assert!(out.contains("150 × 5 primary keys"), "{out}");
    assert!(
        out.contains("1 id that the base lacks, in 1 slot: gone"),
        "{out}"
    );
    let (mended, _) = read_id_table(at.join("mended.jsonl")).expect("a table");
    let right = ids.iter().map(|&id| Some(keys[id as usize].clone()));
    assert_eq!(mended.ids(), &SlotIds::Texts(right.collect()));
    assert!(at.join("mended.distances.npy").exists());
    let table = fs::read_to_string(at.join("queries.csv")).expect("a table");
    let first: Vec<&str> = table.lines().nth(2).expect("two rows").split(',').collect();
    assert_eq!((first[0], first[3]), (keys[1].as_str(), "1"));
    let page = fs::read_to_string(at.join("report/report.html")).expect("a page");
    assert!(
        page.contains(&format!("\"7\":\"{}\"", keys[7])),
        "labels of the explorer"
    );
    done(at, &["compare", "report", "report"]);
}

#[test]
fn keys_that_do_not_fit_are_named_with_file_and_numbers() {
    let (folder, keys, _) = prepared();
    let at = folder.path();
    fs::write(at.join("few.txt"), keys[..9].join("\n")).expect("written");
    let mut twice = keys;
    twice[9] = twice[3].clone();
    let rows: Vec<String> = twice[..150]
        .iter()
        .map(|key| format!("1,{key}\n"))
        .collect();
    fs::write(at.join("twice.csv"), format!("n,id\n{}", rows.concat())).expect("written");
    for (file, words) in [
        ("few.txt", "few.txt has 9 ids, and x.npy has 150"),
        (
            "twice.csv",
            "twice.csv: row 9 has id key 51, which row 3 has already; 1 of 150",
        ),
        ("twice.csv::sku", "which column of n, id?"),
        ("nowhere.txt", "nowhere.txt"),
    ] {
        let (out, said, code) = ran(
            at,
            &[
                "audit",
                "x.npy",
                "--ids",
                file,
                "--neighbors",
                "answers.jsonl",
            ],
        );
        assert_eq!(code, Some(1), "{file}: {said}");
        assert!(out.is_empty() && said.contains(words), "{file}: {said}");
    }
    let (_, said, code) = ran(at, &["audit", "x.npy", "--neighbors", "answers.jsonl"]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("answers.jsonl: ids are text, such as \"key"),
        "{said}"
    );
    let ids = [
        "audit",
        "x.npy",
        "--ids",
        "twice.csv::id",
        "--per-query",
        "twice.csv",
    ];
    assert_eq!(ran(at, &ids).2, Some(2), "an input is no output");
    let into = [
        "audit",
        "x.npy",
        "--ids",
        "keys.txt",
        "--neighbors",
        "answers.jsonl",
        "--repair",
        "m.ivecs",
    ];
    let (_, said, code) = ran(at, &into);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("m.ivecs") && !at.join("m.ivecs").exists(),
        "{said}"
    );
}

#[test]
fn several_indexes_are_segments_of_one_collection() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let (a, b) = (golden("faiss_l2.index"), golden("faiss_l2.index"));
    let both = [
        "audit",
        "--index",
        &a,
        "--index",
        &b,
        "--k",
        "5",
        "--ef",
        "12",
        "--one-graph",
    ];
    let out = done(at, &both);
    assert!(out.contains("2 segments of 200 to 200 rows"), "{out}");
    assert!(out.contains("k = 5, 2 segments at ef 12: overlap"), "{out}");
    assert!(out.contains("one graph: "), "{out}");
    let again = done(at, &[&both[..], &["--threads", "1", "--json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&again).expect("JSON");
    assert_eq!(json["segments"]["segments"][1]["rows"], 200);
    assert_eq!(json["data"]["rows"], 400);
    let at_12 = &json["segments"]["one_graph"]["at"][0];
    assert!(at_12["visited"].as_f64() > at_12["one_visited"].as_f64());
    let other = golden("hnswlib_l2.index");
    let (_, said, code) = ran(at, &["audit", "--index", &a, "--index", &other]);
    assert_eq!(code, Some(1));
    assert!(said.contains("is an index of hnswlib, and"), "{said}");
    done(
        at,
        &["generate", "resnet50-like", "--n", "150", "--out", "x.npy"],
    );
    let (_, said, code) = ran(at, &["audit", "x.npy", "--index", &a, "--index", &b]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("x.npy has 150 rows") && said.contains("(200 rows)"),
        "{said}"
    );
}
