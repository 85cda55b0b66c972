//! The explorer in `report.html`, as the command writes it: names that are markup, pictures under a
//! budget, the same bytes at any number of threads. `crates/report/explorer/tests` opens such pages
//! in a browser.

use std::path::Path;
use std::process::{Command, Output};

fn annatomy(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_annatomy"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("the command starts")
}

fn report(folder: &Path, arguments: &[&str], out: &str) -> String {
    let output = annatomy(folder, &[arguments, &["--out", out]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    std::fs::read_to_string(folder.join(out).join("report.html")).expect("a page")
}

/// The text of the element of this id.
fn element<'p>(page: &'p str, id: &str) -> &'p str {
    let (_, rest) = page
        .split_once(&format!("id=\"{id}\">"))
        .expect("the element");
    rest.split_once("</script>").expect("its end").0
}

fn data(folder: &Path) {
    let made = annatomy(
        folder,
        &["generate", "resnet50-like", "--n", "120", "--out", "x.npy"],
    );
    assert!(made.status.success());
}

const AUDIT: [&str; 8] = [
    "audit", "x.npy", "--k", "5,20", "--graphs", "1", "--ef", "4",
];

#[test]
fn labels_that_are_markup_are_letters_and_pictures_keep_to_their_budget() {
    let folder = tempfile::tempdir().expect("folder");
    data(folder.path());
    let evil = "</script><script>alert(1)</script><!--";
    let labels: Vec<String> = (0..120).map(|row| format!("\"{evil} {row}\"")).collect();
    let labels = format!("name\n{}\n", labels.join("\n"));
    std::fs::write(folder.path().join("names.csv"), labels).expect("written");
    let pictures = folder.path().join("pictures");
    std::fs::create_dir(&pictures).expect("made");
    for row in 0..120 {
        let mut bytes = b"P6 9 9 255\n".to_vec();
        bytes.extend((0..243).map(|place| (place * row % 251) as u8));
        std::fs::write(pictures.join(format!("{row:03}.ppm")), bytes).expect("written");
    }
    let more = ["--labels", "names.csv::name", "--images", "pictures"];
    let page = report(folder.path(), &[&AUDIT[..], &more].concat(), "out");
    assert!(!page.contains("<script>alert"));
    let header: serde_json::Value =
        serde_json::from_str(element(&page, "explorer-header")).expect("JSON");
    assert_eq!(header["labels"]["7"], format!("{evil} 7"));
    let shown = header["pictures"].as_object().expect("pictures");
    assert_eq!(shown.len(), 120);
    assert!(
        shown["7"]
            .as_str()
            .expect("text")
            .starts_with("data:image/jpeg;base64,/9j/")
    );
    let none = [&more[..], &["--page-megabytes", "0"]].concat();
    let page = report(folder.path(), &[&AUDIT[..], &none].concat(), "none");
    let header: serde_json::Value =
        serde_json::from_str(element(&page, "explorer-header")).expect("JSON");
    assert!(header["pictures"].as_object().expect("none").is_empty());
    let note = header["notes"][0].as_str().expect("a note");
    assert!(note.contains("120 rows are left out"), "{note}");
}

#[test]
fn labels_of_other_rows_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    data(folder.path());
    std::fs::write(folder.path().join("names.txt"), "one\ntwo\n").expect("written");
    let more = ["--labels", "names.txt", "--out", "out"];
    let output = annatomy(folder.path(), &[&AUDIT[..], &more].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("2 labels of 120 rows"),
        "{said}"
    );
}

#[test]
fn the_data_block_is_the_same_at_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("folder");
    data(folder.path());
    let block = |threads: &str| {
        let words = [&AUDIT[..], &["--sample", "50", "--threads", threads]].concat();
        let page = report(folder.path(), &words, threads);
        [
            element(&page, "explorer-header"),
            element(&page, "explorer-data"),
        ]
        .map(str::to_owned)
    };
    assert_eq!(block("1"), block("3"));
}

#[test]
fn a_study_keeps_what_its_page_shows_and_no_thread_changes_it() {
    let folder = tempfile::tempdir().expect("folder");
    let study = [
        "study",
        "--subset",
        "150",
        "--ks",
        "5:15:5",
        "--runs",
        "2",
        "--studies",
        "ef,alpha",
    ];
    let block = |threads: &str, out: &str| {
        let page = report(
            folder.path(),
            &[&study[..], &["--threads", threads]].concat(),
            out,
        );
        [
            element(&page, "explorer-header"),
            element(&page, "explorer-data"),
        ]
        .map(str::to_owned)
    };
    let first = block("1", "a");
    assert_eq!(first, block("3", "b"));
    // Finished runs are read from their records.
    assert_eq!(first, block("3", "a"));
    let header: serde_json::Value = serde_json::from_str(&first[0]).expect("JSON");
    assert_eq!(header["queries"], 150);
    assert_eq!(
        header["conditions"].as_array().expect("conditions").len(),
        9
    );
    assert_eq!(header["notes"][0], "Shown is the first of 2 runs.");
}

#[cfg(feature = "parquet")]
#[test]
fn points_for_embedding_atlas_have_every_query_and_their_text() {
    let folder = tempfile::tempdir().expect("folder");
    data(folder.path());
    let names: Vec<String> = (0..120).map(|row| format!("name {row}")).collect();
    std::fs::write(folder.path().join("names.txt"), names.join("\n")).expect("written");
    let more = ["--labels", "names.txt", "--atlas", "points.parquet"];
    let output = annatomy(folder.path(), &[&AUDIT[..], &more].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && said.contains("120 points"),
        "{said}"
    );
    let table = std::fs::read(folder.path().join("points.parquet")).expect("a file");
    assert!(table.starts_with(b"PAR1") && table.ends_with(b"PAR1"));
    for (arguments, words) in [
        (vec!["--atlas", "points.csv"], ".parquet"),
        (vec!["--atlas", "x.npy"], ".parquet"),
        (vec!["--labels", "names.txt"], "--out"),
    ] {
        let output = annatomy(folder.path(), &[&AUDIT[..], &arguments[..]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(2) && said.contains(words),
            "{said}"
        );
    }
}
