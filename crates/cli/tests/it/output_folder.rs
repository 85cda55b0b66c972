//! Output folders: whose files are never overwritten, and what two runs at once do to each other.

use crate::user::annatomy;
use annatomy_formats::{OutputFolder, Owner};
use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn study<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let small = [
        "study",
        "--subset",
        "200",
        "--ks",
        "5",
        "--runs",
        "2",
        "--studies",
        "ef",
        "--out",
        out,
    ];
    [&small[..], more].concat()
}

#[test]
fn an_audit_does_not_overwrite_somebody_elses_report() {
    let folder = tempfile::tempdir().expect("folder");
    let page = folder.path().join("report.html");
    fs::write(&page, "mine").expect("file");
    let index = format!(
        "{}/../hnsw/tests/goldens/faiss_l2.index",
        env!("CARGO_MANIFEST_DIR")
    );
    let out = folder.path().display().to_string();
    let output = annatomy(&["audit", "--index", &index, "--out", &out])
        .output()
        .expect("the command starts");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("holds no audit") && said.contains("hint: "),
        "{said}"
    );
    assert!(output.stdout.is_empty(), "refused before any work");
    assert_eq!(fs::read(&page).expect("file"), b"mine");
    assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 1);
}

#[test]
fn a_study_is_refused_while_another_run_works_in_the_folder() {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("out");
    let claimed = OutputFolder::claim(&out, Owner::STUDY).expect("new");
    let out = out.display().to_string();
    let output = annatomy(&study(&out, &[])).output().expect("started");
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("another process is working"), "{said}");
    drop(claimed);
    let output = annatomy(&study(&out, &[])).output().expect("started");
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn of_two_studies_started_into_one_folder_one_writes_and_its_records_fit_its_summary() {
    for attempt in 0..3 {
        let folder = tempfile::tempdir().expect("folder");
        let out = folder.path().join("out").display().to_string();
        let started = ["1", "2"].map(|seed| {
            let arguments = study(&out, &["--seed", seed]);
            let mut command = annatomy(&arguments);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().expect("started")
        });
        let outputs = started.map(|child| child.wait_with_output().expect("ended"));
        let done: Vec<bool> = outputs
            .iter()
            .map(|output| output.status.success())
            .collect();
        let said: Vec<String> = outputs.iter().map(stderr).collect();
        assert!(done[0] ^ done[1], "attempt {attempt}: {said:?}");
        let seed = |file: &str| {
            let text = fs::read(Path::new(&out).join(file)).expect(file);
            let value: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
            value["settings"]["seed"].clone()
        };
        let written = seed("summary.json");
        assert_eq!(written, seed("records/settings.json"));
        assert_eq!(written, if done[0] { 1 } else { 2 });
    }
}

#[test]
fn records_alone_in_a_folder_are_taken_over() {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("out");
    fs::create_dir_all(out.join("records")).expect("folder");
    let out = out.display().to_string();
    let output = annatomy(&study(&out, &["--resume"]))
        .output()
        .expect("started");
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_damaged_record_is_named_on_stderr_and_computed_again() {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("out").display().to_string();
    let run = |more: &[&str]| {
        let output = annatomy(&study(&out, more)).output().expect("started");
        assert!(output.status.success(), "{}", stderr(&output));
        let table = Path::new(&out).join("measurements.csv");
        (fs::read(table).expect("table"), stderr(&output))
    };
    let (before, _) = run(&[]);
    let record = Path::new(&out).join("records/run01.bin");
    let mut bytes = fs::read(&record).expect("record");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&record, bytes).expect("file");
    let (after, said) = run(&["--resume"]);
    assert_eq!(before, after);
    assert!(
        said.contains("warning: ") && said.contains("run01.bin"),
        "{said}"
    );
    let (again, said) = run(&[]);
    assert_eq!(before, again);
    assert!(said.contains("holds this very study, finished"), "{said}");
}
