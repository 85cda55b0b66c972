//! Signals while `study`, `audit` and `embed` work: the process ends by the signal, leaves no
//! temporary file, and the next run ends as if there had been none.

use crate::drawn;
use crate::embed::write_weights;
use crate::hostile::{Folder, SIGHUP, SIGINT, SIGTERM, said};
use crate::user::{annatomy, run};
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Starts the command, and sends it a signal once `begun`.
fn signalled(arguments: &[&str], signal: i32, begun: impl Fn() -> bool) -> ExitStatus {
    let mut child = annatomy(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let begin = Instant::now();
    while !begun() && begin.elapsed() < Duration::from_secs(60) {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let kill = Command::new("kill")
        .args([format!("-{signal}"), child.id().to_string()])
        .status();
    assert!(kill.expect("kill").success());
    child.wait().expect("a child")
}

/// The run ended by the signal, or was done before it came.
fn assert_ended_by(signal: i32, status: ExitStatus, folder: &Folder) {
    assert!(
        status.signal() == Some(signal) || status.success(),
        "{signal}: {status}"
    );
    assert_eq!(folder.temporary_files(), [""; 0]);
}

#[test]
fn a_study_that_a_signal_ends_resumes_to_the_same_bytes() {
    let folder = Folder::new();
    let study = |out: &str, more: &[&str]| {
        let arguments = [
            "study",
            "--subset",
            "500",
            "--runs",
            "3",
            "--studies",
            "ef",
            "--ks",
            "5:100:5",
            "--out",
        ];
        let all = [&arguments[..], &[out], more].concat();
        all.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let table = |name: &str| fs::read(folder.at(name).join("measurements.csv")).expect("table");
    let whole = folder.path("whole");
    let arguments = study(&whole, &[]);
    let output = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(output.status.success(), "{}", said(&output));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let name = format!("by{signal}");
        let arguments = study(&folder.path(&name), &["--resume"]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let first = folder.at(&name).join("records/run01.bin");
        let status = signalled(&arguments, signal, || first.exists());
        assert_ended_by(signal, status, &folder);
        assert!(first.exists(), "finished runs are kept");
        let output = run(&arguments);
        assert!(output.status.success(), "{}", said(&output));
        assert_eq!(table(&name), table("whole"));
    }
}

#[test]
fn an_audit_that_a_signal_ends_leaves_nothing_half_written() {
    let folder = Folder::new();
    let rows = folder.rows("rows.npy", 3_000);
    let out = folder.path("out");
    let audit = ["audit", &rows, "--k", "10", "--graphs", "2", "--out", &out];
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let status = signalled(&audit, signal, || folder.at("out/.annatomy").exists());
        assert_ended_by(signal, status, &folder);
        if !status.success() {
            assert!(!folder.at("out/audit.json").exists());
        }
        let _ = fs::remove_dir_all(&out);
    }
}

#[test]
fn an_embedding_that_a_signal_ends_leaves_nothing() {
    let folder = Folder::new();
    write_weights(folder.folder());
    let (weights, out) = (folder.path("drawn.safetensors"), folder.path("rows.npy"));
    let pictures = drawn::goldens().join("pictures").display().to_string();
    let embed = [
        "embed",
        &pictures,
        "--model",
        "resnet50",
        "--weights",
        &weights,
        "--out",
        &out,
    ];
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let status = signalled(&embed, signal, || !folder.temporary_files().is_empty());
        assert_ended_by(signal, status, &folder);
        if !status.success() {
            assert!(!folder.at("rows.npy").exists() && !folder.at("rows.ids.txt").exists());
        }
        let _ = fs::remove_file(&out);
    }
}
