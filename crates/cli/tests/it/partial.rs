//! `annatomy knn --partial` and `annatomy merge`: the files of one run, byte for byte, or an error
//! that names what is wrong.

use std::fs;
use std::path::Path;
use std::process::Command;

/// stderr and the exit code.
fn ran(words: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_annatomy"))
        .args(words)
        .output()
        .expect("the command starts");
    assert!(output.stdout.is_empty(), "stdout is for data");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    (said, output.status.code())
}

fn assert_works(words: &[&str]) {
    let (said, code) = ran(words);
    assert_eq!(code, Some(0), "{words:?}: {said}");
}

fn assert_fails(words: &[&str], code: i32, phrases: &[&str]) {
    let (said, found) = ran(words);
    assert_eq!(found, Some(code), "{words:?}: {said}");
    for phrase in phrases {
        assert!(
            said.contains(phrase),
            "{words:?}: {said}, without {phrase:?}"
        );
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.path(name), bytes).expect("file");
        self.path(name)
    }
}

/// Whole numbers in 0..12, so that many distances are equal and rows are there many times.
fn numbers(count: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut draw = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8 % 12 + 1
    };
    (0..count).map(|_| draw()).collect()
}

const COLUMNS: usize = 6;

fn fbin(rows: &[u8]) -> Vec<u8> {
    let count = (rows.len() / COLUMNS) as u32;
    let mut bytes = [count.to_le_bytes(), (COLUMNS as u32).to_le_bytes()].concat();
    bytes.extend(
        rows.iter()
            .flat_map(|&value| f32::from(value).to_le_bytes()),
    );
    bytes
}

fn bvecs(rows: &[u8]) -> Vec<u8> {
    let length = (COLUMNS as u32).to_le_bytes();
    let rows = rows.chunks(COLUMNS);
    rows.flat_map(|row| [&length[..], row].concat()).collect()
}

fn npy(rows: &[u8]) -> Vec<u8> {
    let count = rows.len() / COLUMNS;
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({count}, {COLUMNS}), }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16 + 1).to_le_bytes());
    bytes.extend(header.bytes().chain([b'\n']));
    bytes.extend(
        rows.iter()
            .flat_map(|&value| f32::from(value).to_le_bytes()),
    );
    bytes
}

#[test]
fn merged_files_are_those_of_one_run() {
    let folder = Folder::new();
    let (rows, queries) = (numbers(300 * COLUMNS, 1), numbers(9 * COLUMNS, 2));
    let queries = folder.write("queries.npy", &npy(&queries));
    let bases = [
        folder.write("base.npy", &npy(&rows)),
        folder.write("base.fbin", &fbin(&rows)),
        folder.write("base.bvecs", &bvecs(&rows)),
    ];
    let out = |name: &str| folder.path(name);
    let ending = |name: &str| [out(&format!("{name}.npy")), out(&format!("{name}-d.fvecs"))];
    for (base, metric, own) in [
        (&bases[0], "l2", false),
        (&bases[1], "cosine", false),
        (&bases[2], "ip", false),
        (&bases[1], "l2", true),
        (&bases[2], "cosine", true),
    ] {
        let mut knn = vec!["knn", base, "--k", "60", "--metric", metric];
        if !own {
            knn.extend(["--queries", &queries]);
        }
        let [ids, distances] = ending("one");
        assert_works(&[&knn[..], &["--out", &ids, "--distances", &distances]].concat());
        let mut partials = Vec::new();
        // One row, fewer than k, and the rest; then five equal parts.
        let ranges = ["40:41", "0:40", "41:300"].map(str::to_owned).to_vec();
        let fifths = (0..5).map(|part| format!("{part}/5")).collect();
        for parts in [ranges, fifths] {
            partials.clear();
            for (place, rows) in parts.iter().enumerate() {
                let partial = out(&format!("{place}.partial"));
                let threads = ["1", "2"][place % 2];
                let part = ["--rows", rows, "--partial", &partial, "--threads", threads];
                assert_works(&[&knn[..], &part].concat());
                partials.push(partial);
            }
            let mut merge: Vec<&str> = partials.iter().map(String::as_str).collect();
            let [merged, merged_distances] = ending("merged");
            merge.extend(["--out", &merged, "--distances", &merged_distances]);
            assert_works(&[&["merge"], &merge[..]].concat());
            assert_eq!(
                folder.bytes("merged.npy"),
                folder.bytes("one.npy"),
                "{base}"
            );
            let distances = folder.bytes("merged-d.fvecs");
            assert_eq!(distances, folder.bytes("one-d.fvecs"), "{base}");
        }
    }
}

/// A shard is numbered from `--first-row` on; no other file is needed.
#[test]
fn shards_of_several_files_merge() {
    let folder = Folder::new();
    let rows = numbers(120 * COLUMNS, 3);
    let base = folder.write("base.fbin", &fbin(&rows));
    let queries = folder.write("queries.fbin", &fbin(&numbers(5 * COLUMNS, 4)));
    let (first, second) = rows.split_at(50 * COLUMNS);
    let shards = [
        folder.write("0.fbin", &fbin(first)),
        folder.write("1.npy", &npy(second)),
    ];
    let [a, b, ids] = ["a.partial", "b.partial", "ids.ibin"].map(|name| folder.path(name));
    let knn = |shard, first_row, partial| {
        let from = ["knn", shard, "--queries", &queries, "--k", "70"];
        assert_works(&[&from[..], &["--first-row", first_row, "--partial", partial]].concat());
    };
    knn(&shards[0], "0", &a);
    knn(&shards[1], "50", &b);
    assert_works(&["merge", &b, &a, "--out", &ids]);
    let one = folder.path("one.ibin");
    assert_works(&[
        "knn",
        &base,
        "--queries",
        &queries,
        "--k",
        "70",
        "--out",
        &one,
    ]);
    assert_eq!(folder.bytes("ids.ibin"), folder.bytes("one.ibin"));
    knn(&shards[1], "51", &b);
    assert_fails(
        &["merge", &a, &b, "--out", &ids],
        1,
        &["rows 50:51 are missing", "hint: "],
    );
    let few = ["merge", &a, "--out", &ids];
    assert_fails(&few, 1, &["k = 70 neighbors out of 50 rows"]);
}

/// Rows outside the range are not looked at: they hold no numbers.
#[test]
fn no_other_rows_are_read() {
    let folder = Folder::new();
    let mut bytes = fbin(&numbers(100 * COLUMNS, 5));
    let row = 4 * COLUMNS;
    for place in (8..8 + 40 * row).chain(8 + 60 * row..bytes.len()) {
        bytes[place] = 0xff;
    }
    let base = folder.write("base.fbin", &bytes);
    let queries = folder.write("queries.fbin", &fbin(&numbers(5 * COLUMNS, 6)));
    let partial = folder.path("p");
    let knn = [
        "knn",
        &base,
        "--queries",
        &queries,
        "--k",
        "9",
        "--partial",
        &partial,
    ];
    assert_works(&[&knn[..], &["--rows", "40:60"]].concat());
    let phrases = [
        "base.fbin: rows 39:60, counted from 39: ",
        "the first is row 0",
    ];
    assert_fails(&[&knn[..], &["--rows", "39:60"]].concat(), 1, &phrases);
}

#[test]
fn what_cannot_merge_is_refused_by_name() {
    let folder = Folder::new();
    let rows = numbers(100 * COLUMNS, 7);
    let base = folder.write("base.npy", &npy(&rows));
    let queries = folder.write("queries.npy", &npy(&numbers(5 * COLUMNS, 8)));
    let others = folder.write("others.npy", &npy(&numbers(5 * COLUMNS, 9)));
    let other_base = folder.write("other.npy", &npy(&numbers(100 * COLUMNS, 10)));
    let partial = |name: &str, base: &str, queries: &str, more: &[&str]| {
        let out = folder.path(name);
        let knn = ["knn", base, "--queries", queries, "--partial", &out];
        assert_works(&[&knn[..], more].concat());
        out
    };
    let usual = |name, rows| partial(name, &base, &queries, &["--k", "3", "--rows", rows]);
    let (a, b, c) = (
        usual("a", "0:40"),
        usual("b", "40:100"),
        usual("c", "30:100"),
    );
    let rest = ["--k", "3", "--rows", "40:100"];
    let cosine = [&rest[..], &["--metric", "cosine"]].concat();
    let ids = folder.path("ids.npy");
    let refuse = |partials: &[&str], phrases: &[&str]| {
        assert_fails(
            &[&["merge"], partials, &["--out", &ids]].concat(),
            1,
            phrases,
        );
        assert!(!Path::new(&ids).exists(), "nothing is written");
    };
    refuse(&[&a], &["error: rows 40:100 are missing", "hint: "]);
    refuse(&[&b], &["rows 0:40 are missing"]);
    refuse(&[&a, &b, &a], &["/a, ", "rows 0:40 are there twice"]);
    refuse(&[&a, &c], &["/a, ", "/c: rows 0:40 and 30:100 overlap"]);
    let wide = partial("k", &base, &queries, &["--k", "4", "--rows", "40:100"]);
    refuse(
        &[&a, &wide],
        &["/k, ", "rows 40:100 has k = 4, that of rows 0:40 has k = 3"],
    );
    let of = partial("m", &base, &queries, &cosine);
    refuse(&[&a, &of], &["metric cosine", "metric l2"]);
    let of = partial("q", &base, &others, &rest);
    refuse(&[&a, &of], &["queries with checksum "]);
    let of = partial("o", &other_base, &queries, &rest);
    refuse(&[&a, &of], &["a base of 100 rows with checksum "]);
    refuse(&[&a, &base], &["base.npy: no partial exact neighbors"]);
    refuse(&[&a, &folder.path("none")], &["none: "]);
    let whole = folder.bytes("b");
    let cut = folder.write("cut", &whole[..whole.len() - 1]);
    refuse(
        &[&a, &cut],
        &["cut: the header asks for ", "(5 queries of 3 slots)"],
    );
    let mut changed = whole;
    changed[200] ^= 4;
    let changed = folder.write("changed", &changed);
    refuse(&[&a, &changed], &["changed: damaged: the checksum is "]);
    assert_works(&["merge", &b, &a, "--out", &ids]);
    let named = folder.write("a.npy", &folder.bytes("a"));
    let over_input = ["merge", &named, &b, "--out", &named];
    assert_fails(&over_input, 2, &["it would be overwritten"]);
    assert_fails(&["merge", &a, &b, "--out", "x.txt"], 2, &["unknown ending"]);
}

#[test]
fn rows_and_outputs_that_make_no_sense_are_bad_usage() {
    let folder = Folder::new();
    let base = folder.write("base.npy", &npy(&numbers(10 * COLUMNS, 11)));
    let [p, ids] = ["p", "ids.npy"].map(|name| folder.path(name));
    let knn = |more: &[&str], phrases: &[&str]| {
        assert_fails(&[&["knn", &base, "--k", "3"], more].concat(), 2, phrases);
    };
    knn(&[], &["--out"]);
    knn(&["--out", &ids, "--partial", &p], &["--partial"]);
    knn(&["--out", &ids, "--rows", "0:3"], &["--partial"]);
    knn(&["--partial", &p, "--distances", &ids], &["--distances"]);
    for rows in ["3", "3:3", "4:3", "-1:3", "3/3", "a:b", "0/0"] {
        let option = format!("--rows={rows}");
        knn(
            &["--partial", &p, &option],
            &["expected rows A:B with A < B, or part I/N"],
        );
    }
    knn(
        &["--partial", &p, "--rows", "5:11"],
        &["rows 5:11 asked for, the file has 10 rows"],
    );
    knn(
        &["--partial", &p, "--rows", "2/20"],
        &["rows 1:1 asked for"],
    );
    knn(&["--partial", &p, "--first-row", "5"], &["--queries"]);
    knn(&["--partial", &base], &["it would be overwritten"]);
    let far = [
        "--queries",
        &base,
        "--partial",
        &p,
        "--first-row",
        "4294967290",
    ];
    knn(&far, &["ids can number"]);
    assert_fails(
        &["knn", &base, "--k", "10", "--partial", &p],
        2,
        &["k = 10 neighbors out of 9"],
    );
    assert_fails(&["merge", "--out", &ids], 2, &["PARTIAL"]);
    assert!(!Path::new(&p).exists() && !Path::new(&ids).exists());
}

#[test]
fn a_plan_is_printed_for_the_nodes_asked_for() {
    let folder = Folder::new();
    let base = folder.path("base.npy");
    assert_works(&["generate", "resnet50-like", "--n", "300", "--out", &base]);
    let planned = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_annatomy"));
        let output = command
            .args(["knn", &base, "--k", "5", "--plan"])
            .args(more)
            .output();
        let output = output.expect("the command starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        String::from_utf8(output.stdout).expect("text")
    };
    let all = planned(&["--threads", "1"]);
    assert!(
        all.contains("300 queries, k 5, among 300 × 2") && all.contains("on 1 thread:"),
        "{all}"
    );
    assert_eq!(all.lines().count(), 11, "{all}");
    let three = planned(&["--nodes", "3", "--queries", &base]);
    let last: Vec<&str> = three
        .lines()
        .last()
        .expect("a line")
        .split_whitespace()
        .collect();
    assert_eq!(last[..2], ["3", "100"], "{three}");
    assert_fails(
        &["knn", &base, "--k", "300", "--plan"],
        2,
        &["base.npy", "300 neighbors"],
    );
    assert_fails(
        &["knn", &base, "--k", "5", "--plan", "--nodes", "0"],
        2,
        &["--nodes"],
    );
    assert_fails(&["knn", &base, "--k", "5", "--nodes", "2"], 2, &["--plan"]);
    let out = folder.path("ids.npy");
    assert_fails(
        &["knn", &base, "--k", "5", "--plan", "--nodes", "301"],
        2,
        &["301", "300 rows"],
    );
    let unplanned = ["knn", &base, "--k", "5", "--nodes", "2", "--out", &out];
    assert_fails(&unplanned, 2, &["--nodes goes with --plan"]);
    assert_fails(
        &["knn", &base, "--k", "5", "--plan", "--out", &out],
        2,
        &["--out"],
    );
}
