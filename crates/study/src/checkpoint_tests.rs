//! What an output folder may hold before a study begins, and what becomes of it.

use super::*;
use crate::config::defaults;
use crate::results::{DataFacts, StageSeconds, SurfaceGrid};

fn identity(seed: u64) -> Identity {
    Identity {
        settings: Settings {
            runs: 2,
            seed,
            ..defaults()
        },
        data: Fingerprint::default(),
        version: "1.2.3".to_owned(),
    }
}

fn record(run: usize) -> RunRecord {
    RunRecord {
        run,
        conditions: Vec::new(),
        order: None,
        methods: None,
        surface: SurfaceGrid {
            efs: Vec::new(),
            ks: Vec::new(),
            overlap: Vec::new(),
            fill: Vec::new(),
            visited: Vec::new(),
            required_ef: Vec::new(),
            ties: Vec::new(),
        },
        explored: None,
        data: DataFacts {
            rows: 8,
            columns: 2,
            duplicate_rows: 0,
            unreachable_nodes: 0,
            queries: 6,
            hubness: None,
        },
        seconds: StageSeconds::default(),
    }
}

/// A folder in which runs of the study of `identity` are kept.
fn folder_with(runs: &[usize], identity: &Identity) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("out");
    let claimed = OutputFolder::claim(&out, Owner::STUDY).expect("new");
    let checkpoints = Checkpoints::open(&claimed, identity).expect("checkpoints");
    for &run in runs {
        checkpoints.keep(&record(run)).expect("kept");
    }
    drop(checkpoints);
    (folder, out)
}

fn error_of(out: &Path, identity: &Identity) -> String {
    let claimed = OutputFolder::claim(out, Owner::STUDY).expect("ours");
    let checkpoints = Checkpoints::open(&claimed, identity);
    checkpoints.expect_err("refused").to_string()
}

fn kept_runs(out: &Path, identity: &Identity, start: Start) -> Vec<usize> {
    let claimed = OutputFolder::claim(out, Owner::STUDY).expect("ours");
    let checkpoints = Checkpoints::open(&claimed, identity).expect("checkpoints");
    checkpoints.begin(start, 2).expect("removable");
    let is_kept = |run: &usize| matches!(checkpoints.read(*run), Ok(Kept::Run(_)));
    (0..2).filter(is_kept).collect()
}

#[test]
fn finished_runs_are_kept_and_read_back() {
    let (_folder, out) = folder_with(&[1], &identity(1));
    assert_eq!(kept_runs(&out, &identity(1), Start::Resume), [1]);
    assert_eq!(kept_runs(&out, &identity(1), Start::Afresh), [0_usize; 0]);
    let (_folder, out) = folder_with(&[0, 1], &identity(1));
    assert_eq!(kept_runs(&out, &identity(1), Start::Afresh), [0, 1]);
}

#[test]
fn a_study_that_kept_nothing_leaves_nothing() {
    let (_folder, out) = folder_with(&[], &identity(1));
    assert!(!out.exists());
}

#[test]
fn records_alone_are_taken_over() {
    for left in [
        &[][..],
        &["settings.json"],
        &[".annatomy-0123456789abcdef-0"],
    ] {
        let folder = tempfile::tempdir().expect("folder");
        let out = folder.path().join("out");
        fs::create_dir_all(out.join(RECORDS)).expect("folder");
        for name in left {
            fs::write(out.join(RECORDS).join(name), "").expect("file");
        }
        assert_eq!(kept_runs(&out, &identity(1), Start::Resume), [0_usize; 0]);
        assert_eq!(kept_runs(&out, &identity(1), Start::Afresh), [0_usize; 0]);
    }
}

#[test]
fn other_settings_are_refused_only_where_work_would_be_lost() {
    let (_folder, out) = folder_with(&[0], &identity(1));
    let error = error_of(&out, &identity(2));
    assert!(error.contains("seed is 1 there, 2 here"), "{error}");
    let newer = Identity {
        version: "1.2.4".to_owned(),
        ..identity(1)
    };
    let error = error_of(&out, &newer);
    assert!(
        error.contains("written by version 1.2.3, this is 1.2.4"),
        "{error}"
    );
    fs::remove_file(out.join("records/run00.bin")).expect("record");
    assert_eq!(kept_runs(&out, &identity(2), Start::Resume), [0_usize; 0]);
}

#[test]
fn a_long_list_that_differs_is_named_by_its_ends() {
    let (_folder, out) = folder_with(&[0], &identity(1));
    let mut other = identity(1);
    other.settings.ks = (1..=100_000).collect();
    let error = error_of(&out, &other);
    assert!(
        error.contains("ks is [10,20,…,500] there, [1,2,…,100000] here"),
        "{error}"
    );
}

#[test]
fn results_without_settings_are_left_alone() {
    let (_folder, out) = folder_with(&[0], &identity(1));
    fs::remove_file(out.join("records/settings.json")).expect("settings");
    let error = error_of(&out, &identity(1));
    assert!(
        error.contains("records/run00.bin and no settings.json"),
        "{error}"
    );
    fs::write(out.join("report.html"), "mine").expect("file");
    let error = error_of(&out, &identity(1));
    assert!(error.contains("report.html"), "{error}");
}

#[test]
fn damaged_settings_are_an_error_where_runs_are_kept() {
    let (_folder, out) = folder_with(&[0], &identity(1));
    let settings = out.join("records/settings.json");
    fs::write(&settings, "{\"settings\": 3").expect("file");
    let error = error_of(&out, &identity(1));
    assert!(error.contains("settings.json is damaged"), "{error}");
    fs::remove_file(out.join("records/run00.bin")).expect("record");
    assert_eq!(kept_runs(&out, &identity(1), Start::Resume), [0_usize; 0]);
}

#[test]
fn other_data_of_the_same_name_is_named() {
    let of = |text: &str| Identity {
        data: Fingerprint {
            bytes: 7,
            sha256: text.repeat(16),
        },
        ..identity(1)
    };
    let (_folder, out) = folder_with(&[0], &of("abcd"));
    let error = error_of(&out, &of("ef01"));
    assert!(
        error.contains("7 bytes, SHA-256 ef01ef01ef01… now, 7 bytes, SHA-256 abcdabcdabcd… then"),
        "{error}"
    );
}

/// A folder of a version without fingerprints and checksums: the study is recognized, its records
/// are not used.
#[test]
fn a_folder_of_an_earlier_version_is_recognized() {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("out");
    fs::create_dir_all(out.join(RECORDS)).expect("folder");
    let mut held = serde_json::to_value(identity(1)).expect("plain data");
    let fields = held.as_object_mut().expect("an object");
    fields.remove("data");
    fields.insert("data_bytes".to_owned(), 7.into());
    fields.insert("data_checksum".to_owned(), 8.into());
    let text = serde_json::to_vec(&held).expect("plain data");
    fs::write(out.join("records/settings.json"), text).expect("file");
    let bare = postcard::to_allocvec(&record(0)).expect("plain data");
    fs::write(out.join("records/run00.bin"), bare).expect("file");
    let asked = Identity {
        data: Fingerprint {
            bytes: 7,
            sha256: "abcd".repeat(16),
        },
        ..identity(1)
    };
    let claimed = OutputFolder::claim(&out, Owner::STUDY).expect("ours");
    let checkpoints = Checkpoints::open(&claimed, &asked).expect("checkpoints");
    let kept = checkpoints.read(0).expect("readable");
    assert!(
        matches!(
            kept,
            Kept::Damaged {
                fault: RecordFault::NotARecord,
                ..
            }
        ),
        "{kept:?}"
    );
}

#[test]
fn results_from_elsewhere_are_not_written_beside_records() {
    let (_folder, out) = folder_with(&[0], &identity(1));
    let error = claim_for_results(&out).expect_err("records").to_string();
    assert!(error.contains("holds the records of a study"), "{error}");
    let other = out.with_file_name("other");
    drop(claim_for_results(&other).expect("new"));
    assert!(!other.exists());
}
