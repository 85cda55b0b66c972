//! Settings that no machine can carry out: refused with their numbers, before any work.

use crate::user::run;
use std::fs;
use std::process::{Command, Output};

/// The settings are fine and this machine is too small for them: exit code 1. Code 2 is that of
/// settings that no machine could carry out.
fn does_not_fit(output: &Output, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for word in words {
        assert!(said.contains(word), "{word} in {said}");
    }
}

#[test]
fn endless_runs_and_a_hundred_thousand_conditions_are_refused_with_the_numbers() {
    let folder = tempfile::tempdir().expect("folder");
    let (config, out) = (folder.path().join("study.toml"), folder.path().join("out"));
    let names = [&config, &out].map(|path| path.display().to_string());
    let values: Vec<String> = (1..=100_000).map(|value| value.to_string()).collect();
    let many = values.join(", ");
    for (text, words) in [
        (
            "runs = 9223372036854775807".to_owned(),
            ["9223372036854775807 runs", "of memory"],
        ),
        (
            format!("ef_values = [{many}]"),
            ["100010 conditions", "of memory"],
        ),
        (
            format!("ef_construction_values = [{many}]"),
            ["100009 conditions", "of memory"],
        ),
        (
            "m = 1000000000000".to_owned(),
            ["14 conditions", "of memory"],
        ),
    ] {
        fs::write(&config, text).expect("file");
        let output = run(&["study", "--config", &names[0], "--out", &names[1]]);
        does_not_fit(&output, &words);
        assert!(!out.exists());
    }
}

#[test]
fn a_billion_threads_are_capped() {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("out").display().to_string();
    let study = [
        "study",
        "--subset",
        "100",
        "--ks",
        "5",
        "--runs",
        "1",
        "--studies",
        "ef",
        "--out",
        &out,
    ];
    let output = run(&[&study[..], &["--threads", "1000000000"]].concat());
    assert!(output.status.success());
    let output = Command::new(env!("CARGO_BIN_EXE_annatomy"))
        .args(study)
        .env("RAYON_NUM_THREADS", "100000")
        .output()
        .expect("the command starts");
    assert!(output.status.success());
}

#[cfg(target_os = "linux")]
#[test]
fn a_study_that_does_not_fit_in_memory_is_refused_with_the_numbers() {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("out");
    let command = format!(
        "ulimit -v 1300000; exec {} study --runs 1 --threads 2 --out {}",
        env!("CARGO_BIN_EXE_annatomy"),
        out.display()
    );
    let output = Command::new("sh")
        .args(["-c", &command])
        .output()
        .expect("sh");
    does_not_fit(
        &output,
        &["10000 queries", "1.20 GB of memory", "hint: --sample"],
    );
    assert!(!out.exists());
}

#[cfg(target_os = "linux")]
#[test]
fn more_built_in_rows_than_memory_holds_are_refused_with_the_numbers() {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("rows.npy");
    let name = out.display().to_string();
    let output = run(&[
        "generate",
        "resnet50-like",
        "--n",
        "100000000",
        "--out",
        &name,
    ]);
    does_not_fit(&output, &["100000000 rows", "819 GB"]);
    assert!(!out.exists());
}
