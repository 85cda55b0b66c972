//! The command as a user meets it: what it writes, what it says, and how it ends.

use crate::user::run;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// A folder for one test's files.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// A float32 .npy of the given rows.
    fn npy(&self, name: &str, rows: &[&[f32]]) -> String {
        let header = format!(
            "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}",
            rows.len(),
            rows[0].len()
        );
        let padding = 64 - (10 + header.len() + 1) % 64;
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(((header.len() + padding + 1) as u16).to_le_bytes());
        bytes.extend(
            header
                .bytes()
                .chain(std::iter::repeat_n(b' ', padding))
                .chain([b'\n']),
        );
        bytes.extend(
            rows.iter()
                .flat_map(|row| row.iter())
                .flat_map(|value| value.to_le_bytes()),
        );
        fs::write(self.0.path().join(name), bytes).expect("file");
        self.path(name)
    }
}

/// Runs the command, which must fail with `code`, cleanly, saying `words`.
fn assert_fails(arguments: &[&str], code: i32, words: &[&str]) {
    let output = run(arguments);
    let said = text(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?} said: {said}"
    );
    assert!(!said.contains("panicked"), "{said}");
    assert!(output.stdout.is_empty(), "stdout is for data");
    for word in words {
        assert!(
            said.contains(word),
            "{arguments:?} said: {said}, without {word:?}"
        );
    }
}

fn small_study<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [
        &[
            "study", "--subset", "300", "--ks", "5:25:10", "--runs", "2", "--out", out,
        ],
        more,
    ]
    .concat()
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn a_study_leaves_everything_it_promises() {
    let folder = Folder::new();
    let out = folder.path("out");
    let output = run(&small_study(&out, &[]));
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).trim(), format!("{out}/report.html"));
    let out = Path::new(&out);
    let table = fs::read_to_string(out.join("measurements.csv")).expect("measurements");
    let contract = "run,study,condition,k,ef,ef_construction,fill,overlap,overlap_strict,mean_exact_distance,\
                    mean_returned_distance,relative_distance_error,barycenter_shift,lid_exact,lid_returned,unreachable,\
                    unvisited,tied,overlap_p1,overlap_p5,visited";
    assert!(table.starts_with(contract));
    assert_eq!(
        table.lines().count(),
        1 + 2 * 14 * 3,
        "runs × conditions × k"
    );
    let metrics =
        fs::read_to_string(out.join("run01/alpha_study/alpha_0.25/metrics.json")).expect("metrics");
    for key in [
        "k",
        "alpha",
        "efSearch",
        "mean_overlap",
        "mean_exact_dist",
        "mean_ann_dist",
        "mean_barycenter_shift",
    ] {
        assert!(metrics.contains(&format!("\"{key}\":")), "{key}");
    }
    assert!(out.join("run00/efSearch_study/ef_25/metrics.json").exists());
    assert!(
        out.join("run00/efConstruction_study/efc_50/metrics.json")
            .exists()
    );
    let summary: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out.join("summary.json")).expect("summary"))
            .expect("JSON");
    assert_eq!(summary["conditions"].as_array().map(Vec::len), Some(14));
    for ending in ["svg", "png"] {
        let figures = files_under(&out.join("figures"));
        assert!(
            figures
                .iter()
                .filter(|path| path.extension().is_some_and(|e| e == ending))
                .count()
                >= 15
        );
    }
    let report = fs::read_to_string(out.join("report.html")).expect("report");
    assert!(report.len() > 20_000 && report.contains("synthetic"));
}

#[test]
fn the_same_study_in_another_folder_has_the_same_measurements() {
    let folder = Folder::new();
    let (one, two) = (folder.path("one"), folder.path("two"));
    assert!(
        run(&small_study(&one, &["--threads", "1"]))
            .status
            .success()
    );
    assert!(
        run(&small_study(&two, &["--threads", "3"]))
            .status
            .success()
    );
    let read = |out: &str| fs::read(Path::new(out).join("measurements.csv")).expect("measurements");
    assert_eq!(read(&one), read(&two));
}

#[test]
fn a_folder_with_other_settings_is_left_alone() {
    let folder = Folder::new();
    let out = folder.path("out");
    assert!(run(&small_study(&out, &[])).status.success());
    let before: Vec<(PathBuf, Vec<u8>)> = files_under(Path::new(&out))
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).expect("file")))
        .collect();
    assert_fails(
        &small_study(&out, &["--seed", "7"]),
        2,
        &["seed is 42 there, 7 here", "hint:"],
    );
    for (path, bytes) in before {
        assert_eq!(fs::read(&path).expect("file"), bytes, "{}", path.display());
    }
    assert!(run(&small_study(&out, &["--resume"])).status.success());
}

/// Runs `study` of 200 built-in rows with `yaml` as the study's own settings file.
fn study_by_yaml(folder: &Folder, yaml: &str, more: &[&str]) -> (Output, String) {
    let (config, out) = (folder.path("config.yaml"), folder.path("out"));
    fs::write(&config, yaml).expect("file");
    let study = [
        "study", "--config", &config, "--subset", "200", "--out", &out,
    ];
    let output = run(&[&study[..], more].concat());
    let table = Path::new(&out).join("measurements.csv");
    (output, fs::read_to_string(table).unwrap_or_default())
}

#[test]
fn settings_come_from_a_file_and_options_win() {
    let folder = Folder::new();
    let yaml = "experiment: {base_seed: 3, exp_runs: 1}\nevaluation: {min_k: 5, max_k: 15, k_step: 5}\n\
                ef_search_study: {values: [9]}\n";
    let (output, table) = study_by_yaml(&folder, yaml, &["--studies", "ef", "--ks", "5,10"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(
        table.lines().count(),
        1 + 2,
        "one run, one condition, two k"
    );
    assert!(table.contains("ef_9"));
}

#[test]
fn a_disabled_experiment_is_not_run_and_what_is_not_followed_is_named() {
    let folder = Folder::new();
    let yaml = "experiment: {name: stl10, exp_runs: 1}\nevaluation: {min_k: 5, max_k: 10, k_step: 5}\n\
                search: {distance_metric: cosine, normalize: true, ann: {algorithm: ivf}}\n\
                ef_search_study: {enabled: true, values: [9]}\nef_construction_study: {enabled: false}\n\
                alpha_study: {enabled: false}\n";
    let (output, table) = study_by_yaml(&folder, yaml, &[]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(
        table.lines().count(),
        1 + 2,
        "one run, one condition, two k"
    );
    for key in [
        "search.distance_metric: \"cosine\"",
        "search.normalize: true",
        "search.ann.algorithm: \"ivf\"",
    ] {
        assert!(said.contains(key), "{key} in {said}");
    }
    assert!(!said.contains("name"), "{said}");
}

#[test]
fn an_unknown_key_of_the_studys_file_is_refused_by_name() {
    let folder = Folder::new();
    let (output, table) = study_by_yaml(&folder, "experiment: {base_seeed: 3}\n", &[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("experiment.base_seeed"), "{said}");
    assert!(
        said.contains("hint: the setting is called experiment.base_seed"),
        "{said}"
    );
    assert_eq!(table, "", "nothing was run");
}

#[test]
fn bad_requests_are_refused_with_their_numbers() {
    let folder = Folder::new();
    let out = folder.path("out");
    let study = |more: &[&'static str]| [&["study", "--out", &out][..], more].concat();
    assert_fails(
        &study(&["--subset", "100", "--ks", "100"]),
        2,
        &["k = 100", "100 rows"],
    );
    assert_fails(&study(&["--ks", "0"]), 2, &["k = 0"]);
    assert_fails(&study(&["--ks", "9:1:1"]), 2, &["9:1:1"]);
    assert_fails(&study(&["--runs", "0"]), 2, &["runs is 0"]);
    assert_fails(&study(&["--studies", "beta"]), 2, &["beta"]);
    assert_fails(&study(&["--metric", "hamming"]), 2, &["hamming"]);
    assert_fails(&study(&["--preset", "annoy"]), 2, &["annoy"]);
    assert_fails(&study(&["--data", "missing.npy"]), 1, &["missing.npy"]);
    assert_fails(&["study", "--config", "missing.toml"], 2, &["missing.toml"]);
    assert_fails(&["dissect"], 2, &["dissect"]);
    assert!(!Path::new(&out).exists(), "nothing half-written");
}

#[test]
fn zero_efforts_in_a_file_are_refused() {
    let folder = Folder::new();
    let (config, out) = (folder.path("study.toml"), folder.path("out"));
    for (line, words) in [
        ("ef_values = [25, 0]", "ef values is 0"),
        ("ef_construction = 0", "ef_construction is 0"),
    ] {
        fs::write(&config, line).expect("file");
        assert_fails(&["study", "--config", &config, "--out", &out], 2, &[words]);
    }
}

#[test]
fn bad_vectors_are_refused_with_their_numbers() {
    let folder = Folder::new();
    let out = folder.path("out");
    let study = |file: &str, more: &[&str], code: i32, words: &[&str]| {
        let arguments = [
            &[
                "study", "--data", file, "--ks", "1", "--runs", "1", "--out", &out,
            ][..],
            more,
        ]
        .concat();
        assert_fails(&arguments, code, words);
    };
    let good: Vec<[f32; 3]> = (0..9).map(|i| [i as f32, 1.0, 2.0]).collect();
    let rows: Vec<&[f32]> = good.iter().map(|row| &row[..]).collect();

    let truncated = folder.npy("truncated.npy", &rows);
    let bytes = fs::read(&truncated).expect("file");
    fs::write(&truncated, &bytes[..bytes.len() - 5]).expect("file");
    study(&truncated, &[], 1, &["truncated.npy", "236 bytes", "231"]);

    let nan = folder.npy(
        "nan.npy",
        &[
            rows[0],
            &[1.0, f32::NAN, 0.0],
            rows[2],
            &[f32::INFINITY, 0.0, 0.0],
        ],
    );
    study(&nan, &[], 1, &["nan.npy", "2 of 4 rows", "row 1"]);

    let zero = folder.npy("zero.npy", &[rows[0], rows[1], &[0.0; 3], rows[3]]);
    study(&zero, &["--metric", "cosine"], 1, &["zero.npy", "row 2"]);

    fs::write(folder.path("picture.npy"), b"\x89PNG\r\n\x1a\n and more").expect("file");
    study(
        &folder.path("picture.npy"),
        &[],
        1,
        &["picture.npy", ".npy"],
    );

    let mut ragged = Vec::new();
    for length in [3i32, 3, 2, 3] {
        ragged.extend(length.to_le_bytes());
        ragged.extend((0..length).flat_map(|value| (value as f32).to_le_bytes()));
    }
    fs::write(folder.path("ragged.fvecs"), ragged).expect("file");
    study(&folder.path("ragged.fvecs"), &[], 1, &["ragged.fvecs", "2"]);
    assert!(!Path::new(&out).exists(), "nothing half-written");
}

#[test]
fn exact_neighbors_reach_files_that_read_back() {
    let folder = Folder::new();
    let rows: Vec<[f32; 2]> = (0..6).map(|i| [(i * i) as f32, 0.0]).collect();
    let vectors = folder.npy(
        "line.npy",
        &rows.iter().map(|row| &row[..]).collect::<Vec<_>>(),
    );
    let (ids, distances) = (folder.path("ids.ivecs"), folder.path("distances.fvecs"));
    let output = run(&[
        "knn",
        &vectors,
        "--k",
        "2",
        "--out",
        &ids,
        "--distances",
        &distances,
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let words: Vec<i32> = fs::read(&ids)
        .expect("ids")
        .chunks_exact(4)
        .map(|bytes| i32::from_le_bytes(bytes.try_into().expect("four bytes")))
        .collect();
    // 0, 1, 4, 9, 16, 25 on a line: row by row the two nearest.
    assert_eq!(
        words,
        [2, 1, 2, 2, 0, 2, 2, 1, 0, 2, 2, 4, 2, 3, 5, 2, 4, 3]
    );
    assert_fails(
        &["knn", &vectors, "--k", "6", "--out", &ids],
        2,
        &["k = 6", "5 rows"],
    );
    assert_fails(
        &[
            "knn",
            &vectors,
            "--k",
            "2",
            "--out",
            &folder.path("ids.txt"),
        ],
        2,
        &["txt"],
    );
}

#[test]
fn built_in_data_reach_a_file() {
    let folder = Folder::new();
    let out = folder.path("rows.npy");
    assert!(
        run(&[
            "generate",
            "resnet50-like",
            "--n",
            "50",
            "--seed",
            "1",
            "--out",
            &out
        ])
        .status
        .success()
    );
    assert_eq!(fs::metadata(&out).expect("file").len(), 128 + 50 * 2048 * 4);
    assert_fails(
        &["generate", "resnet50-like", "--n", "0", "--out", &out],
        2,
        &["at least one row"],
    );
}

#[test]
fn embedding_needs_weights_that_are_weights() {
    let folder = Folder::new();
    let (images, weights, out) = (
        folder.path("images"),
        folder.path("weights.pth"),
        folder.path("rows.npy"),
    );
    fs::create_dir(&images).expect("folder");
    fs::write(&weights, b"not a checkpoint").expect("file");
    let embed = |out: &'static str, weights: &str, code: i32, words: &[&str]| {
        let out = folder.path(out);
        assert_fails(
            &[
                "embed",
                &images,
                "--model",
                "resnet50",
                "--weights",
                weights,
                "--out",
                &out,
            ],
            code,
            words,
        );
    };
    embed("rows.npy", &weights, 1, &["weights.pth"]);
    embed("rows.npy", "missing.pth", 1, &["missing.pth"]);
    embed("rows.txt", &weights, 2, &["rows.txt", ".npy"]);
    assert!(!Path::new(&out).exists(), "nothing half-written");
}
