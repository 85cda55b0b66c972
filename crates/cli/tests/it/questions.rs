//! Questions about an answer, as a user asks them: which queries, is it good enough, has it changed?

use crate::user::{golden, run};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// stdout, stderr and the exit code.
fn ran(arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = run(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        text(&output.stdout),
        text(&output.stderr),
        output.status.code(),
    )
}

fn audit_into(folder: &Path, extra: &[&str]) {
    let out = folder.display().to_string();
    let index = golden("faiss_l2.index");
    let base = ["audit", "--index", &index, "--k", "5,40", "--out", &out];
    let (_, said, code) = ran(&[&base, extra].concat());
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn every_query_stands_in_a_table_whose_means_are_the_figures() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("queries.csv").display().to_string();
    let index = golden("faiss_l2.index");
    let (json, said, code) = ran(&[
        "audit",
        "--index",
        &index,
        "--k",
        "5,40",
        "--per-query",
        &file,
        "--json",
    ]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("400 rows"), "{said}");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let text = fs::read_to_string(&file).expect("a table");
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("names").split(',').collect();
    let begin = "query,k,ef,overlap,overlap_strict,fill,unreachable,unvisited,displaced,tied,required_ef,visited,lid,contrast,self_hit";
    assert!(text.starts_with(begin), "{}", &text[..200]);
    let mut overlaps: HashMap<String, Vec<f64>> = HashMap::new();
    for line in lines {
        let fields: HashMap<&str, &str> = names.iter().copied().zip(line.split(',')).collect();
        let overlap = fields["overlap"].parse().expect("a number");
        overlaps
            .entry(fields["k"].to_owned())
            .or_default()
            .push(overlap);
        assert_eq!(fields["ef"], "16", "the index's own");
    }
    for cell in json["efforts"].as_array().expect("cells") {
        let values = &overlaps[&cell["k"].to_string()];
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let point = cell["overlap"]["point"].as_f64().expect("a figure");
        assert!((mean - point).abs() < 1e-12, "{mean} and {point}");
    }
}

#[test]
fn a_gate_ends_with_3_and_says_which_condition_is_not_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let xml = folder.path().join("gate.xml").display().to_string();
    let index = golden("faiss_l2.index");
    let gate = |conditions: &str| {
        ran(&[
            "audit",
            "--index",
            &index,
            "--k",
            "5",
            "--require",
            conditions,
            "--junit",
            &xml,
        ])
    };
    let (out, said, code) = gate("overlap@5>=0.05,fill@5>=1");
    assert_eq!(code, Some(0), "{said}");
    assert!(out.contains("overlap@5>=0.05 at ef 16 is shown"), "{out}");
    let (out, said, code) = gate("overlap@5>=0.05,overlap@30>=0.9999");
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("error: overlap@30>=0.9999 at ef 16 is not shown"),
        "{said}"
    );
    assert!(
        !said.contains("overlap@5"),
        "what is shown is no error: {said}"
    );
    assert!(out.contains("is not shown"), "the verdict is still printed");
    let junit = fs::read_to_string(&xml).expect("a file");
    assert!(junit.contains("tests=\"2\" failures=\"1\""), "{junit}");
    assert!(
        junit.contains("name=\"overlap@30&gt;=0.9999 at ef 16\"><failure"),
        "{junit}"
    );
    for (conditions, words) in [
        ("overlap>=0.9", "MEASURE@K>=BOUND"),
        ("overlap@5<=0.9", "a share, so the bound follows >="),
        ("recall@5>=0.9", "unknown measure"),
    ] {
        let (out, said, code) = gate(conditions);
        assert_eq!(code, Some(2), "{said}");
        assert!(out.is_empty() && said.contains(words), "{said}");
    }
}

#[test]
fn two_audits_of_the_same_queries_are_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let named = |name: &str| folder.path().join(name);
    audit_into(&named("a"), &["--ef", "40"]);
    audit_into(&named("b"), &["--ef", "4"]);
    audit_into(&named("few"), &["--ef", "40", "--sample", "50"]);
    let path = |name: &str| named(name).display().to_string();
    let (a, b, few, out) = (path("a"), path("b"), path("few"), path("difference"));
    let (text, said, code) = ran(&["compare", &a, &a]);
    assert_eq!(code, Some(0), "{said}");
    assert!(text.contains("No difference is shown"), "{text}");
    let (text, said, code) = ran(&["compare", &a, &b, "--out", &out]);
    assert_eq!(code, Some(0), "{said}");
    assert!(text.contains("b has less overlap at k = 5"), "{text}");
    let json = fs::read_to_string(named("difference").join("compare.json")).expect("JSON");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["queries"], 200);
    let change = &json["changes"][0];
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    let difference = &change["difference"];
    assert!(
        (number(&change["b"]) - number(&change["a"]) - number(&difference["point"])).abs() < 1e-12
    );
    assert!(number(&difference["high"]) < 0.0 && number(&change["adjusted_p"]) < 1e-4);
    assert_eq!((&change["ef_a"], &change["ef_b"]), (&40.into(), &4.into()));
    assert_eq!(change["test"]["exact"], true);
    let changed = fs::read_to_string(named("difference").join("changed.csv")).expect("a table");
    let losses = changed
        .lines()
        .filter(|line| line.contains(",overlap,5,"))
        .count();
    let expected =
        change["gained"].as_u64().expect("count") + change["lost"].as_u64().expect("count");
    assert_eq!(losses as u64, expected, "every query that changed");
    let (_, said, code) = ran(&["compare", &a, &few]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("numbers of queries measured, 200 and 50"),
        "{said}"
    );
    let (_, said, code) = ran(&["compare", &a, &path("nowhere")]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("nowhere") && said.contains("audit.json"),
        "{said}"
    );
}

#[test]
fn filters_of_several_selectivities_stand_in_terminal_json_and_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let index = golden("faiss_l2.index");
    let asked = [
        "audit",
        "--index",
        &index,
        "--k",
        "5,40",
        "--ef",
        "12",
        "--selectivity",
        "0.05,0.5",
        "--require",
        "overlap@5>=0.1",
    ];
    let (said, errors, code) = ran(&[&asked[..], &["--out", &out]].concat());
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        said.contains("an engine answers that searches by count-all"),
        "{said}"
    );
    let text = fs::read_to_string(folder.path().join("audit.json")).expect("a file");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let filters = json["selectivity"].as_array().expect("filters");
    let of = |filter: &serde_json::Value| {
        let cells = filter["efforts"].as_array().expect("cells").len();
        (
            filter["kind"].to_string(),
            filter["allowed"].as_u64(),
            cells,
        )
    };
    let of: Vec<_> = filters.iter().map(of).collect();
    let random = |allowed, cells| ("\"random\"".to_owned(), Some(allowed), cells);
    assert_eq!(
        of[..2],
        [random(10, 1), random(100, 2)],
        "k = 40 is beyond 10 rows"
    );
    assert_eq!(of[2].0, "\"nearest\"");
    for filter in filters {
        for cell in filter["efforts"].as_array().expect("cells") {
            let overlap = cell["overlap"]["point"].as_f64().expect("a figure");
            let fill = cell["fill"]["point"].as_f64().expect("a figure");
            assert!((0.0..=1.0).contains(&overlap) && overlap <= fill + 1e-12);
        }
    }
    let page = fs::read_to_string(folder.path().join("report.html")).expect("a page");
    for section in ["selectivity", "health", "where-lost", "conditions"] {
        assert!(page.contains(&format!("id=\"{section}\"")), "{section}");
    }
    assert!(page.contains("overlap@5&gt;=0.1") || page.contains("overlap@5>=0.1"));
    assert!(page.contains("Overlap under filters") && page.contains("nearest, 5.00 %"));
    assert!(folder.path().join("figures/audit_selectivity.png").exists());
    for (share, words) in [("0", "selectivity 0: expected"), ("1.5", "selectivity 1.5")] {
        let (_, errors, code) = ran(&["audit", "--index", &index, "--selectivity", share]);
        assert_eq!(code, Some(2), "{errors}");
        assert!(errors.contains(words), "{errors}");
    }
}

#[test]
fn growth_is_printed_drawn_and_in_the_file() {
    let folder = tempfile::tempdir().expect("folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (vectors, out) = (at("vectors.npy"), at("audit"));
    let made = [
        "generate",
        "resnet50-like",
        "--n",
        "1800",
        "--out",
        &vectors,
    ];
    assert_eq!(ran(&made).2, Some(0));
    let asked = [
        "audit",
        &vectors,
        "--k",
        "10",
        "--m",
        "6",
        "--target",
        "overlap=0.9",
        "--ef-construction",
        "24",
        "--graphs",
        "1",
    ];
    let (said, errors, code) = ran(&[&asked[..], &["--growth", "--out", &out]].concat());
    assert_eq!(code, Some(0), "{errors}");
    for words in [
        "As the rows grow",
        "a doubling of the rows adds",
        "A forecast is no measurement",
    ] {
        assert!(said.contains(words), "{words:?} is not in\n{said}");
    }
    let text = fs::read_to_string(folder.path().join("audit/audit.json")).expect("a file");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["growth"]["points"].as_array().map(Vec::len), Some(13));
    let page = fs::read_to_string(folder.path().join("audit/report.html")).expect("a page");
    assert!(page.contains("id=\"growth\"") && page.contains("forecast, 162"));
    assert!(
        folder
            .path()
            .join("audit/figures/audit_growth.png")
            .exists()
    );
}
