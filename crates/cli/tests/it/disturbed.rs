//! Data files that another process cuts, rewrites or replaces while a command reads them: the right
//! result or an error that names the file, and never a signal.

use crate::hostile::{Folder, assert_refused, said, small};
use crate::user::{annatomy, run};
use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

const ROWS: usize = 40_000;
const COLUMNS: usize = 128;
/// The command has begun to read the rows once it has read this much.
const BEGUN_BYTES: u64 = 3 << 20;

/// Noise as .fvecs, 20 MB, which is read in blocks.
fn write_rows(path: &Path) {
    let mut state = 1u32;
    let mut bytes = Vec::with_capacity(ROWS * (4 + 4 * COLUMNS));
    for _ in 0..ROWS {
        bytes.extend((COLUMNS as u32).to_le_bytes());
        for _ in 0..COLUMNS {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bytes.extend(((state >> 8) as f32 / (1u32 << 24) as f32).to_le_bytes());
        }
    }
    fs::write(path, bytes).expect("file");
}

/// Four queries of [`COLUMNS`] columns.
fn write_queries(path: &Path) {
    let mut bytes = [4_u32.to_le_bytes(), (COLUMNS as u32).to_le_bytes()].concat();
    for place in 0..4 * COLUMNS {
        bytes.extend(((place % 7) as f32 / 7.0).to_le_bytes());
    }
    fs::write(path, bytes).expect("file");
}

type Disturbance = (&'static str, fn(&Path));

const DISTURBANCES: [Disturbance; 5] = [
    ("cut", |path| {
        let file = fs::OpenOptions::new().write(true).open(path);
        file.expect("file").set_len(ROWS as u64 * 200).expect("cut");
    }),
    ("emptied", |path| {
        fs::File::create(path).expect("file");
    }),
    ("rewritten", |path| {
        let mut file = fs::OpenOptions::new().write(true).open(path).expect("file");
        for row in (0..ROWS as u64).rev().step_by(3) {
            let place = SeekFrom::Start(row * (4 + 4 * COLUMNS as u64) + 4);
            file.seek(place).expect("place");
            file.write_all(&0.5_f32.to_le_bytes()).expect("value");
        }
    }),
    ("made infinite", |path| {
        let mut file = fs::OpenOptions::new().write(true).open(path).expect("file");
        for row in (0..ROWS as u64).step_by(3) {
            let place = SeekFrom::Start(row * (4 + 4 * COLUMNS as u64) + 4);
            file.seek(place).expect("place");
            file.write_all(&f32::INFINITY.to_le_bytes()).expect("value");
        }
    }),
    ("replaced", |path| {
        let other = path.with_extension("other");
        fs::write(&other, [0; 1_000]).expect("file");
        fs::rename(other, path).expect("rename");
    }),
];

/// Runs the command, and disturbs the file once `begun` says so.
fn disturbed(
    arguments: &[&str],
    file: &Path,
    disturb: fn(&Path),
    begun: impl Fn(u32) -> bool,
) -> Output {
    let mut command = annatomy(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    while !begun(child.id()) && child.try_wait().expect("a child").is_none() {
        std::thread::sleep(Duration::from_micros(100));
    }
    disturb(file);
    child.wait_with_output().expect("a child")
}

/// Whether a process has read [`BEGUN_BYTES`].
fn reads(process: u32) -> bool {
    let text = fs::read_to_string(format!("/proc/{process}/io")).unwrap_or_default();
    let read = text.lines().find_map(|line| line.strip_prefix("rchar: "));
    read.and_then(|bytes| bytes.parse().ok()) >= Some(BEGUN_BYTES)
}

/// Whether the run failed, as it may: with a message that names the file. Otherwise its result is
/// the one of undisturbed rows.
fn failed(output: &Output, what: &str, is_right: impl FnOnce() -> bool) -> bool {
    let said = said(output);
    assert_eq!(output.status.signal(), None, "{what}: {said}");
    if output.status.success() {
        assert!(is_right(), "{what}: another result, exit 0: {said}");
        return false;
    }
    assert_refused(output, 1, &["rows.fvecs"]);
    let reasons = ["shrank", "changed", "bytes", "finite"];
    assert!(
        reasons.iter().any(|reason| said.contains(reason)),
        "{what}: {said}"
    );
    true
}

#[test]
fn knn_gives_the_neighbors_of_one_state_of_its_file_or_an_error() {
    let folder = Folder::new();
    let (rows, queries, ids) = (
        folder.path("rows.fvecs"),
        folder.path("q.fbin"),
        folder.path("i.npy"),
    );
    write_queries(Path::new(&queries));
    write_rows(Path::new(&rows));
    let knn = [
        "knn",
        &rows,
        "--queries",
        &queries,
        "--k",
        "9",
        "--out",
        &ids,
    ];
    assert!(run(&knn).status.success());
    let expected = fs::read(&ids).expect("ids");
    for (name, disturb) in DISTURBANCES {
        write_rows(Path::new(&rows));
        fs::remove_file(&ids).expect("ids");
        let output = disturbed(&knn, Path::new(&rows), disturb, reads);
        let is_right = || fs::read(&ids).expect("ids") == expected;
        if failed(&output, name, is_right) {
            assert!(!Path::new(&ids).exists(), "{name}");
        }
        fs::write(&ids, &expected).expect("ids");
    }
}

#[test]
fn an_audit_of_answers_judges_them_by_one_state_of_its_file_or_ends_in_an_error() {
    let folder = Folder::new();
    let (rows, queries, ids) = (
        folder.path("rows.fvecs"),
        folder.path("q.fbin"),
        folder.path("i.npy"),
    );
    write_queries(Path::new(&queries));
    write_rows(Path::new(&rows));
    let knn = [
        "knn",
        &rows,
        "--queries",
        &queries,
        "--k",
        "9",
        "--out",
        &ids,
    ];
    assert!(run(&knn).status.success());
    let audit = [
        "audit",
        &rows,
        "--queries",
        &queries,
        "--neighbors",
        &ids,
        "--k",
        "9",
        "--json",
    ];
    let returned = |output: &Output| {
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        found["returned"].clone()
    };
    let expected = returned(&run(&audit));
    assert_eq!(expected[0]["overlap"]["point"], 1.0);
    let mut failures = 0;
    for (name, disturb) in DISTURBANCES {
        write_rows(Path::new(&rows));
        let output = disturbed(&audit, Path::new(&rows), disturb, reads);
        let is_right = || returned(&output) == expected;
        failures += usize::from(failed(&output, name, is_right));
    }
    // The rows stay in their file, which is passed over several times: only a file that was replaced
    // is still the one that was opened.
    assert!(failures >= 2, "{failures}");
}

#[test]
fn a_study_mixes_no_two_states_of_its_file() {
    let folder = Folder::new();
    let rows = folder.path("rows.fvecs");
    let out = folder.path("study");
    write_rows(Path::new(&rows));
    let study = [
        "study",
        "--data",
        &rows,
        "--subset",
        "300",
        "--runs",
        "4",
        "--studies",
        "ef",
        "--ks",
        "5:50:5",
        "--out",
        &out,
    ];
    assert!(run(&study).status.success());
    let table = folder.at("study/measurements.csv");
    let expected = fs::read(&table).expect("table");
    let begun = |process| reads(process) && folder.at("study/records/run01.bin").exists();
    let mut failures = 0;
    for (name, disturb) in DISTURBANCES {
        fs::remove_dir_all(&out).expect("folder");
        write_rows(Path::new(&rows));
        let output = disturbed(&study, Path::new(&rows), disturb, begun);
        let is_right = || fs::read(&table).expect("table") == expected;
        if failed(&output, name, is_right) {
            failures += 1;
            assert!(!table.exists(), "{name}");
        }
    }
    assert!(failures >= 2, "{failures}");
}

#[test]
fn rows_beyond_what_float32_squares_hold_are_refused_by_studies_and_audits_with_the_range() {
    let folder = Folder::new();
    small(&folder.at("plain.fbin"), 40);
    for (name, factor) in [("large", 2_f32.powi(54)), ("small", 2_f32.powi(-50))] {
        let path = folder.path(&format!("{name}.fbin"));
        let mut bytes = fs::read(folder.at("plain.fbin")).expect("file");
        for value in bytes[8..].as_chunks_mut::<4>().0 {
            *value = (f32::from_le_bytes(*value) * factor).to_le_bytes();
        }
        fs::write(&path, bytes).expect("file");
        let (out, ids) = (folder.path("out"), folder.path("ids.npy"));
        let range = ["float32 holds", "1e-12", "1e15"];
        let named = [name, range[0], range[1], range[2]];
        let study = [
            "study", "--data", &path, "--ks", "2", "--runs", "1", "--out", &out,
        ];
        assert_refused(&run(&study), 1, &named);
        assert_refused(&run(&["audit", &path, "--k", "2"]), 1, &named);
        // Neighbors are those of the same rows scaled back.
        let knn = |path: &str| {
            let output = run(&["knn", path, "--k", "5", "--out", &ids]);
            assert!(output.status.success(), "{}", said(&output));
            fs::read(&ids).expect("ids")
        };
        assert!(knn(&path) == knn(&folder.path("plain.fbin")), "{name}");
        // A sample and answers leave the rows in their file.
        let answers = [
            "audit",
            &path,
            "--k",
            "5",
            "--neighbors",
            &ids,
            "--sample",
            "7",
        ];
        assert_refused(&run(&answers), 1, &named);
    }
}
