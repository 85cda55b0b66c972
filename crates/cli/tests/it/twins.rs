//! Rows that repeat (blank pictures, empty texts) cost about what distinct rows cost.

use crate::hostile::{Folder, said};
use crate::user::run;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const ROWS: u32 = 2_000;
const COLUMNS: u32 = 64;

/// Noise as .fbin, of which three rows in ten are the first row where `twins`.
fn write_rows(path: &Path, twins: bool) {
    let mut state = 5u32;
    let mut bytes = [ROWS.to_le_bytes(), COLUMNS.to_le_bytes()].concat();
    let mut first = Vec::new();
    for row in 0..ROWS {
        let mut values = Vec::new();
        for _ in 0..COLUMNS {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            values.extend(((state >> 8) as f32 / (1u32 << 24) as f32).to_le_bytes());
        }
        if row == 0 {
            first.clone_from(&values);
        }
        bytes.extend(if twins && row % 10 < 3 {
            &first
        } else {
            &values
        });
    }
    fs::write(path, bytes).expect("file");
}

fn seconds(arguments: &[&str]) -> Duration {
    let begin = Instant::now();
    let output = run(arguments);
    assert!(output.status.success(), "{}", said(&output));
    begin.elapsed()
}

/// Twenty to forty times as long before twins were looked for.
#[test]
fn twins_cost_an_audit_and_a_study_about_the_time_of_distinct_rows() {
    let folder = Folder::new();
    let path = |twins| folder.path(if twins { "twins.fbin" } else { "distinct.fbin" });
    let out = folder.path("study");
    let [distinct, twins] = [false, true].map(|twins| {
        let rows = path(twins);
        write_rows(Path::new(&rows), twins);
        let audit = seconds(&["audit", &rows, "--k", "10", "--graphs", "1"]);
        let study = [
            "study",
            "--data",
            &rows,
            "--runs",
            "1",
            "--studies",
            "ef",
            "--ks",
            "10",
            "--out",
            &out,
        ];
        let study = seconds(&study);
        fs::remove_dir_all(&out).expect("folder");
        (audit, study)
    });
    let near = |twins: Duration, distinct: Duration| twins < 5 * distinct + Duration::from_secs(2);
    assert!(near(twins.0, distinct.0), "audit: {twins:?}, {distinct:?}");
    assert!(near(twins.1, distinct.1), "study: {twins:?}, {distinct:?}");
}
