//! What an audit says it needs is enough, and half of it is refused with the numbers, before any
//! work.

use crate::hostile::{Folder, assert_refused, run_under, said};
use crate::user::run;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Instant;

/// Clustered rows of 64 columns, as .fbin.
fn write_rows(path: &Path, rows: u32) {
    const COLUMNS: u32 = 64;
    let mut state = 7u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 24) as f32
    };
    let mut bytes = [rows.to_le_bytes(), COLUMNS.to_le_bytes()].concat();
    for row in 0..rows * COLUMNS {
        let center = (row / COLUMNS % 50 * 13 + row % COLUMNS * 7) % 31;
        bytes.extend((draw() + center as f32 / 20.0).to_le_bytes());
    }
    fs::write(path, bytes).expect("file");
}

/// Threads of the command that are not of a pool: the main one, those for signals and for the bar.
const OTHER_THREADS: u64 = 3;
/// Of the audit's pool and of the process's.
const THREADS: u64 = 2;

/// The shell's limit, in KiB of address space, under which an audit that needs `bytes` ends well
/// (docs/performance.md): a third more, 200 MB, and 66 MB that are reserved for each thread.
fn documented(bytes: f64) -> u64 {
    let threads = (2 * THREADS + OTHER_THREADS) as f64;
    ((bytes * 4.0 / 3.0 + 200e6 + 66e6 * threads) / 1024.0) as u64
}

/// A backtrace would read the symbols of the whole binary: more than the limit leaves. The command
/// prints none, though the environment asks for one.
fn run_in(kibibytes: u64, audit: &[&str]) -> Output {
    let environment = format!("export RUST_BACKTRACE=1 RAYON_NUM_THREADS={THREADS}");
    let limit = format!("{environment}; ulimit -v {kibibytes}");
    run_under(&limit, audit)
}

/// Bytes in words such as `needs 1.25 GB of memory`.
fn needed(said: &str) -> f64 {
    let rest = said.split("needs ").nth(1).expect(said);
    let mut words = rest.split(' ');
    let number: f64 = words.next().expect(said).parse().expect(said);
    number
        * match words.next().expect(said) {
            "MB" => 1e6,
            "GB" => 1e9,
            unit => panic!("{unit} in {said}"),
        }
}

/// Hears the number under less than any audit needs; the documented memory for it is enough, and less
/// than half of that, by 150 MB, is refused.
fn assert_needs_what_it_says(audit: &[&str]) {
    // With less than its threads reserve it does not come to say what it needs.
    let mut limits = [250_000, 265_000, 280_000, 300_000, 320_000].into_iter();
    let heard = limits.find_map(|limit| {
        let said = said(&run_in(limit, audit));
        said.contains("needs ").then_some(said)
    });
    let bytes = needed(&heard.expect("a number"));
    let begin = Instant::now();
    let output = run_in(documented(bytes) / 2 - 145_508, audit);
    let words = ["the audit of ", "of memory", "available", "hint: "];
    assert_refused(&output, 1, &words);
    assert!(begin.elapsed().as_secs() < 20, "before any work");
    let output = run_in(documented(bytes), audit);
    assert!(output.status.success(), "{bytes}: {}", said(&output));
}

/// An audit of rows alone, on small graphs built here.
fn assert_an_audit_needs_what_it_says(rows: u32, options: &[&str]) {
    let folder = Folder::new();
    let file = folder.path("rows.fbin");
    write_rows(Path::new(&file), rows);
    let words = "--k 5 --m 4 --ef-construction 8 --threads 2 --target overlap=0.5";
    let mut audit = vec!["audit", &file];
    audit.extend(words.split(' ').chain(options.iter().copied()));
    assert_needs_what_it_says(&audit);
}

#[test]
fn an_audit_on_graphs_needs_the_memory_that_it_says() {
    assert_an_audit_needs_what_it_says(60_000, &["--graphs", "1", "--sample", "50"]);
}

#[test]
fn an_audit_by_tables_of_all_pairs_needs_the_memory_that_it_says() {
    assert_an_audit_needs_what_it_says(5_000, &["--graphs", "2"]);
}

#[test]
fn answers_to_a_large_base_take_no_memory_for_its_rows() {
    let folder = Folder::new();
    let (rows, queries, ids) = (
        folder.path("rows.fbin"),
        folder.path("q.fbin"),
        folder.path("i.npy"),
    );
    write_rows(Path::new(&rows), 400_000);
    write_rows(Path::new(&queries), 20);
    let knn = [
        "knn",
        &rows,
        "--queries",
        &queries,
        "--k",
        "5",
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
        "5",
        "--threads",
        "2",
    ];
    // 102 MB of rows.
    let output = run_in(documented(90e6), &audit);
    assert!(output.status.success(), "{}", said(&output));
}
