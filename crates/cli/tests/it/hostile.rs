//! Careless hands and hostile surroundings: outputs that are inputs, signals, full disks, limits.

use crate::user::{annatomy, run};
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

pub(crate) const SIGHUP: i32 = 1;
pub(crate) const SIGINT: i32 = 2;
pub(crate) const SIGTERM: i32 = 15;

/// The command under a shell's limit, such as `ulimit -v 400000`.
pub(crate) fn run_under(limit: &str, arguments: &[&str]) -> Output {
    let script = format!("{limit} && exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_annatomy")])
        .args(arguments)
        .output()
        .expect("a shell")
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// The command failed with `code` and words about why; it did not panic.
pub(crate) fn assert_refused(output: &Output, code: i32, words: &[&str]) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    for word in words {
        assert!(said.contains(word), "{said}, without {word:?}");
    }
}

pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("folder"))
    }

    pub(crate) fn folder(&self) -> &tempfile::TempDir {
        &self.0
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.at(name).display().to_string()
    }

    /// Rows of built-in data.
    pub(crate) fn rows(&self, name: &str, n: usize) -> String {
        let (path, n) = (self.path(name), n.to_string());
        let output = run(&["generate", "resnet50-like", "--n", &n, "--out", &path]);
        assert!(output.status.success(), "{}", said(&output));
        path
    }

    /// Temporary files, in folders of this one too; a folder's marker is none.
    pub(crate) fn temporary_files(&self) -> Vec<String> {
        let (mut found, mut open) = (Vec::new(), vec![self.0.path().to_owned()]);
        while let Some(folder) = open.pop() {
            // It may be gone by now.
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = entry.file_name().into_string().expect("UTF-8");
                if entry.path().is_dir() {
                    open.push(entry.path());
                } else if name.starts_with(".annatomy-") {
                    found.push(name);
                }
            }
        }
        found
    }
}

/// Some rows of two columns, in a .fbin.
pub(crate) fn small(path: &Path, rows: u32) {
    let mut bytes = [rows.to_le_bytes(), 2_u32.to_le_bytes()].concat();
    for row in 0..rows {
        bytes.extend([row as f32, 1.0].map(f32::to_le_bytes).concat());
    }
    fs::write(path, bytes).expect("file");
}

#[test]
fn an_output_that_is_an_input_is_refused_before_any_work() {
    let folder = Folder::new();
    small(&folder.at("x.fbin"), 20);
    fs::copy(folder.at("x.fbin"), folder.at("y.fbin")).expect("copy");
    fs::hard_link(folder.at("x.fbin"), folder.at("same.npy")).expect("link");
    let before = fs::read(folder.at("x.fbin")).expect("file");
    let (x, same, ids) = (
        folder.path("x.fbin"),
        folder.path("same.npy"),
        folder.path("ids.npy"),
    );
    for (out, more) in [
        (&same, vec![]),
        (&ids, vec!["--distances", x.as_str()]),
        (&ids, vec!["--distances", ids.as_str()]),
    ] {
        let mut arguments = vec!["knn", &x, "--k", "2", "--out", out];
        arguments.extend(more);
        assert_refused(&run(&arguments), 2, &["error: ", "over"]);
    }
    let ok = run(&["knn", &x, "--k", "2", "--out", &ids]);
    assert!(ok.status.success(), "{}", said(&ok));
    let answers = fs::read(&ids).expect("ids");
    let predicted = format!("ef=4,k=2,class=raise:{ids}");
    for more in [
        ["--predict", predicted.as_str()],
        ["--repair", ids.as_str()],
    ] {
        let arguments = [&["audit", &x, "--neighbors", &ids, "--k", "2"][..], &more].concat();
        assert_refused(&run(&arguments), 2, &["ids.npy", "it would be overwritten"]);
    }
    assert_eq!(fs::read(&x).expect("file"), before);
    assert_eq!(fs::read(&ids).expect("file"), answers);
}

#[test]
fn an_ending_that_cannot_be_written_is_refused_before_any_work() {
    let folder = Folder::new();
    // No such file: the ending is looked at first.
    let (x, txt) = (folder.path("x.npy"), folder.path("ids.txt"));
    assert_refused(
        &run(&["knn", &x, "--k", "2", "--out", &txt]),
        2,
        &["ids.txt", ".npy, .ibin"],
    );
    let ids = folder.path("ids.npy");
    let arguments = ["knn", &x, "--k", "2", "--out", &ids, "--distances", &txt];
    assert_refused(&run(&arguments), 2, &["ids.txt", ".fvecs"]);
    let predicted = format!("ef=4,k=2,class=raise:{txt}");
    assert_refused(
        &run(&["audit", &x, "--predict", &predicted]),
        2,
        &["ids.txt", ".npy"],
    );
    assert_refused(
        &run(&["generate", "resnet50-like", "--n", "5", "--out", &txt]),
        2,
        &["ids.txt"],
    );
    let lost = folder.path("no/such/ids.npy");
    assert_refused(
        &run(&["knn", &x, "--k", "2", "--out", &lost]),
        2,
        &["there is no folder"],
    );
}

#[test]
fn every_message_of_knn_names_its_file() {
    let folder = Folder::new();
    small(&folder.at("x.fbin"), 5);
    fs::write(folder.at("bad.npy"), "nothing").expect("file");
    let mut wide = [2_u32.to_le_bytes(), 3_u32.to_le_bytes()].concat();
    wide.extend([1_f32; 6].map(f32::to_le_bytes).concat());
    fs::write(folder.at("wide.fbin"), wide).expect("file");
    let (x, bad, ids) = (
        folder.path("x.fbin"),
        folder.path("bad.npy"),
        folder.path("ids.npy"),
    );
    let (wide, missing) = (folder.path("wide.fbin"), folder.path("missing.npy"));
    let knn = |vectors: &str, k: &str, more: &[&str]| {
        run(&[&["knn", vectors, "--k", k, "--out", &ids][..], more].concat())
    };
    assert_refused(&knn(&bad, "2", &[]), 1, &["bad.npy: "]);
    assert_refused(&knn(&missing, "2", &[]), 1, &["missing.npy: "]);
    assert_refused(&knn(&x, "2", &["--queries", &bad]), 1, &["bad.npy: "]);
    assert_refused(
        &knn(&x, "2", &["--queries", &wide]),
        2,
        &["wide.fbin: ", "3 columns"],
    );
    assert_refused(
        &knn(&x, "10000000000", &[]),
        2,
        &["x.fbin: ", "10000000000", "4 rows"],
    );
}

/// Starts the command, waits until it has a temporary file in `folder`, and sends it a signal.
fn signalled(folder: &Folder, arguments: &[&str], signal: i32) -> ExitStatus {
    let mut child = annatomy(arguments)
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let begin = Instant::now();
    while folder.temporary_files().is_empty() && begin.elapsed() < Duration::from_secs(60) {
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

#[test]
fn a_signal_leaves_no_temporary_file_and_is_the_exit_status() {
    let folder = Folder::new();
    let out = folder.path("rows.npy");
    let arguments = ["generate", "resnet50-like", "--n", "20000", "--out", &out];
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let status = signalled(&folder, &arguments, signal);
        // It may be done before the signal comes.
        assert!(
            status.signal() == Some(signal) || status.success(),
            "{status}"
        );
        assert_eq!(folder.temporary_files(), [""; 0]);
        let _ = fs::remove_file(&out);
    }
}

#[test]
fn what_a_killed_run_left_is_gone_after_the_next() {
    const SIGKILL: i32 = 9;
    let folder = Folder::new();
    let out = folder.path("rows.npy");
    let generate = |n: &'static str| ["generate", "resnet50-like", "--n", n, "--out"];
    let status = signalled(
        &folder,
        &[&generate("20000")[..], &[&out]].concat(),
        SIGKILL,
    );
    if status.signal() == Some(SIGKILL) {
        assert_eq!(folder.temporary_files().len(), 1);
    }
    let output = run(&[&generate("5")[..], &[&out]].concat());
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(folder.temporary_files(), [""; 0]);
}

#[test]
fn an_ignored_hangup_stays_ignored() {
    let folder = Folder::new();
    let out = folder.path("rows.npy");
    let script = "trap '' HUP; \"$0\" \"$@\" & sleep .1; kill -HUP $!; wait $!";
    let status = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_annatomy")])
        .args(["generate", "resnet50-like", "--n", "2000", "--out", &out])
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("a shell").success());
    assert!(Path::new(&out).exists());
}

#[test]
fn messages_that_cannot_be_written_are_lost_and_the_work_is_not() {
    let folder = Folder::new();
    small(&folder.at("x.fbin"), 20);
    let (x, ids) = (folder.path("x.fbin"), folder.path("ids.npy"));
    for redirection in ["2> /dev/full", "2>&-", "2> >(exit)"] {
        let script = format!("\"$0\" \"$@\" {redirection}");
        let _ = fs::remove_file(&ids);
        let status = Command::new("bash")
            .args(["-c", &script, env!("CARGO_BIN_EXE_annatomy")])
            .args(["knn", &x, "--k", "2", "--out", &ids])
            .status();
        assert!(status.expect("bash").success(), "{redirection}");
        assert_eq!(fs::metadata(&ids).expect("ids").len(), 128 + 20 * 2 * 4);
        let status = Command::new("bash")
            .args(["-c", &script, env!("CARGO_BIN_EXE_annatomy")])
            .args(["knn", "missing.npy", "--k", "2", "--out", &ids])
            .status();
        assert_eq!(status.expect("bash").code(), Some(1), "{redirection}");
    }
}

#[test]
fn a_limit_on_file_sizes_is_an_error_that_names_the_file() {
    let folder = Folder::new();
    let out = folder.path("rows.npy");
    let arguments = ["generate", "resnet50-like", "--n", "500", "--out", &out];
    let output = run_under("ulimit -f 100", &arguments);
    assert_refused(&output, 1, &["rows.npy: ", "File too large"]);
    assert!(!Path::new(&out).exists());
    assert_eq!(folder.temporary_files(), [""; 0]);
    // Not even a marker: a claim that could not be written leaves no folder.
    small(&folder.at("x.fbin"), 60);
    let (x, out) = (folder.path("x.fbin"), folder.path("out"));
    for arguments in [
        &["audit", &x, "--k", "3", "--out", &out][..],
        &["study", "--data", &x, "--ks", "3", "--out", &out],
        &["reproduce", "--dry-run", "--data-dir", &out, "--out", &out],
    ] {
        let output = run_under("ulimit -f 0", arguments);
        assert_refused(&output, 1, &["out", "File too large"]);
        assert!(!Path::new(&out).exists(), "{arguments:?}");
    }
}

#[test]
fn devices_and_fifos_are_named_within_a_moment() {
    let folder = Folder::new();
    let (fifo, ids) = (folder.path("x.npy"), folder.path("ids.npy"));
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .expect("mkfifo")
            .success()
    );
    small(&folder.at("x.fbin"), 5);
    let x = folder.path("x.fbin");
    let begin = Instant::now();
    let knn = |vectors| run(&["knn", vectors, "--k", "1", "--out", &ids]);
    assert_refused(
        &knn("/dev/urandom"),
        1,
        &["/dev/urandom", "is a device, not a regular file"],
    );
    assert_refused(&knn(&fifo), 1, &["x.npy", "is a FIFO, not a regular file"]);
    assert_refused(&run(&["audit", &fifo]), 1, &["x.npy", "is a FIFO"]);
    assert_refused(
        &run(&["audit", &x, "--neighbors", &fifo]),
        1,
        &["x.npy", "is a FIFO"],
    );
    assert_refused(
        &run(&["audit", "--index", &fifo]),
        1,
        &["x.npy", "is a FIFO"],
    );
    let out = folder.path("study");
    assert_refused(
        &run(&["study", "--data", &fifo, "--out", &out]),
        1,
        &["x.npy", "is a FIFO"],
    );
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure_and_a_reader_that_left_is_none() {
    let folder = Folder::new();
    small(&folder.at("x.fbin"), 60);
    let x = folder.path("x.fbin");
    let audit = ["audit", &x, "--k", "3", "--graphs", "1", "--json"];
    for arguments in [
        &audit[..],
        &audit[..6],
        &["--help"],
        &["--version"],
        &["knn", "--help"],
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("/dev/full");
        let output = annatomy(arguments)
            .stdout(full)
            .output()
            .expect("the command starts");
        assert_refused(&output, 1, &["writing to stdout: ", "space"]);
        let mut child = annatomy(arguments);
        let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("the command starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("a child");
        assert!(output.status.success(), "{}", said(&output));
    }
}

#[test]
fn more_than_memory_holds_is_refused_with_the_numbers() {
    let folder = Folder::new();
    let out = folder.path("rows.npy");
    let arguments = [
        "generate",
        "resnet50-like",
        "--n",
        "100000000",
        "--out",
        &out,
    ];
    assert_refused(&run(&arguments), 1, &["100000000 rows", "819 GB"]);
    let rows = folder.rows("rows.npy", 2_000);
    let ids = folder.path("ids.npy");
    let knn = ["knn", &rows, "--k", "5", "--threads", "2", "--out", &ids];
    let mut ends = Vec::new();
    for kibibytes in [60_000, 100_000, 400_000, 1_000_000] {
        let output = run_under(&format!("ulimit -v {kibibytes}"), &knn);
        let said = said(&output);
        assert!(
            output.status.success() || output.status.code() == Some(1),
            "{kibibytes} KiB: {} {said}",
            output.status
        );
        ends.push(output.status.success());
    }
    assert_eq!(
        (ends.first(), ends.last()),
        (Some(&false), Some(&true)),
        "{ends:?}"
    );
}

#[test]
fn a_billion_threads_are_as_many_as_help() {
    let folder = Folder::new();
    small(&folder.at("x.fbin"), 20);
    let (x, ids) = (folder.path("x.fbin"), folder.path("ids.npy"));
    let arguments = [
        "knn",
        &x,
        "--k",
        "2",
        "--threads",
        "1000000000",
        "--out",
        &ids,
    ];
    assert!(run(&arguments).status.success());
    let mut command = annatomy(&["knn", &x, "--k", "2", "--out", &ids]);
    let output = command.env("RAYON_NUM_THREADS", "100000").output();
    let output = output.expect("the command starts");
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn escape_characters_in_names_are_escaped() {
    let folder = Folder::new();
    let name = folder.path("a\u{1b}[31m.npy");
    let ids = folder.path("\u{1b}[2J.npy");
    small(&folder.at("x.fbin"), 5);
    let outputs = [
        run(&["knn", &name, "--k", "1", "--out", &folder.path("ids.npy")]),
        run(&["knn", &folder.path("x.fbin"), "--k", "1", "--out", &ids]),
        run(&["audit", &name]),
        run(&["study", "--data", &name, "--out", &folder.path("out")]),
    ];
    for output in outputs {
        let said = said(&output);
        assert!(!said.contains('\u{1b}'), "{said:?}");
        assert!(said.contains("\\u{1b}"), "{said:?}");
    }
    // The argument parser strips them.
    let x = folder.path("x.fbin");
    for arguments in [
        &["\u{1b}[31mknn"][..],
        &["knn", &x, "--metric", "\u{1b}[31m"],
    ] {
        let said = said(&run(arguments));
        assert!(!said.is_empty() && !said.contains('\u{1b}'), "{said:?}");
    }
}
