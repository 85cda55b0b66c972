//! The written files, byte for byte, of a study small enough to read: two runs, one condition each
//! of two experiments, two k, with the values that files find hardest (NaN, infinity, `FLT_MAX`)
//! among the figures.

use super::{
    Artefacts, ConditionResult, Conventions, DataFacts, Figures, Machine, Measurement,
    PublishedMetrics, RunRecord, StageSeconds, StudyKind, StudyResults, SurfaceGrid, csv, layout,
    summary, write_all,
};
use serde_json::{Value, json};
use std::path::PathBuf;

fn measurement(k: usize, ef: usize, overlap: f64) -> Measurement {
    Measurement {
        k,
        ef,
        fill: 1.0,
        overlap,
        overlap_strict: overlap,
        mean_exact_distance: 8.5,
        mean_returned_distance: 8.75,
        relative_distance_error: 0.1 + 0.2,
        barycenter_shift: 1e-7,
        lid_exact: 22.0,
        lid_returned: f64::NAN,
        unreachable: 0.0,
        unvisited: 0.5,
        tied: 0.0,
        overlap_p1: 0.25,
        overlap_p5: 0.5,
        visited: 431.25,
        robustness_90: 0.75,
        queries_with_empty_slots: 0.125,
        zero_distances: 0.0,
        lcmc: 0.5,
        epsilon_recall: 0.75,
        inverse_ratio: 0.875,
        rank_biased_overlap: 0.625,
        displacement: 0.125,
    }
}

fn published(k: usize, ef: usize, overlap: f64, empty_slots: u64) -> PublishedMetrics {
    PublishedMetrics {
        k,
        ef,
        figures: Figures {
            mean_overlap: overlap,
            mean_exact_dist: 75.796_875,
            mean_ann_dist: if empty_slots > 0 {
                f64::INFINITY
            } else {
                3.402_823_583_246_828_3e33
            },
            mean_barycenter_shift: 0.0625,
            mean_lid_diff: f64::NAN,
            mean_lid_exact: 11.0,
            mean_lid_ann: f64::NAN,
            artefacts: Artefacts {
                empty_slots,
                ..Artefacts::default()
            },
        },
    }
}

fn condition(
    study: StudyKind,
    name: &str,
    value: f64,
    efs: [usize; 2],
    overlap: f64,
) -> ConditionResult {
    ConditionResult {
        study,
        condition: name.to_owned(),
        value,
        ef_construction: 200,
        published_ef_construction: if study == StudyKind::Alpha { 400 } else { 200 },
        corrected: vec![
            measurement(2, efs[0], overlap),
            measurement(4, efs[1], overlap / 2.0),
        ],
        published: vec![
            published(2, efs[0], overlap, 0),
            published(4, efs[1], overlap / 2.0, 3),
        ],
    }
}

fn study(runs: usize, conventions: Conventions) -> StudyResults {
    let mut settings = crate::config::defaults();
    (settings.runs, settings.ks, settings.conventions) = (runs, vec![2, 4], conventions);
    let record = |run: usize| RunRecord {
        run,
        conditions: vec![
            condition(
                StudyKind::EfSearch,
                "ef_3",
                3.0,
                [3, 3],
                1.0 - 0.25 * run as f64,
            ),
            condition(StudyKind::Alpha, "alpha_0.5", 0.5, [2, 2], 0.5),
        ],
        order: None,
        methods: None,
        surface: SurfaceGrid {
            efs: vec![2, 3],
            ks: vec![2, 4],
            overlap: vec![0.5, 0.25, 1.0, 0.5 + 0.5 * run as f64],
            fill: vec![1.0, 0.5, 1.0, 1.0],
            visited: vec![6.0, 9.0],
            required_ef: vec![[Some(2), Some(3), Some(4 + 2 * run)], [Some(4), None, None]],
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
    };
    let machine = Machine {
        version: "0.1.0".to_owned(),
        platform: "an operating system".to_owned(),
        processor: "a processor".to_owned(),
        instructions: "scalar".to_owned(),
        threads: 1,
        started: "2026-01-01T00:00:00Z".to_owned(),
    };
    StudyResults {
        settings,
        machine,
        runs: (0..runs).map(record).collect(),
    }
}

/// A reviewer should see: the contract's columns first, an empty field for NaN, numbers that read
/// back exactly.
#[test]
fn the_table_in_corrected_conventions() {
    let text = csv::text(&study(1, Conventions::Corrected));
    let expected = "\
run,study,condition,k,ef,ef_construction,fill,overlap,overlap_strict,mean_exact_distance,mean_returned_distance,\
relative_distance_error,barycenter_shift,lid_exact,lid_returned,unreachable,unvisited,tied,overlap_p1,overlap_p5,visited,\
conventions,robustness_90,queries_with_empty_slots,zero_distances,lcmc,epsilon_recall,inverse_ratio,rank_biased_overlap,\
displacement
0,efSearch_study,ef_3,2,3,200,1.0,1.0,1.0,8.5,8.75,0.30000000000000004,1e-7,22.0,,0.0,0.5,0.0,0.25,0.5,431.25,\
corrected,0.75,0.125,0.0,0.5,0.75,0.875,0.625,0.125
0,efSearch_study,ef_3,4,3,200,1.0,0.5,0.5,8.5,8.75,0.30000000000000004,1e-7,22.0,,0.0,0.5,0.0,0.25,0.5,431.25,\
corrected,0.75,0.125,0.0,0.5,0.75,0.875,0.625,0.125
0,alpha_study,alpha_0.5,2,2,200,1.0,0.5,0.5,8.5,8.75,0.30000000000000004,1e-7,22.0,,0.0,0.5,0.0,0.25,0.5,431.25,\
corrected,0.75,0.125,0.0,0.5,0.75,0.875,0.625,0.125
0,alpha_study,alpha_0.5,4,2,200,1.0,0.25,0.25,8.5,8.75,0.30000000000000004,1e-7,22.0,,0.0,0.5,0.0,0.25,0.5,431.25,\
corrected,0.75,0.125,0.0,0.5,0.75,0.875,0.625,0.125
";
    assert_eq!(text, expected);
}

/// A reviewer should see: the study's squared distances, its `FLT_MAX` mean, `inf` where it
/// overflowed, the fill of its own table (3 of 6 × 4 slots empty), and the alpha study on the graph
/// it really ran on.
#[test]
fn the_table_in_published_conventions() {
    let text = csv::text(&study(1, Conventions::Published));
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(
        rows[1],
        "0,efSearch_study,ef_3,2,3,200,1.0,1.0,1.0,75.796875,3.4028235832468283e33,0.30000000000000004,0.0625,11.0,,0.0,\
         0.5,0.0,0.25,0.5,431.25,published,0.75,0.125,0.0,0.5,0.75,0.875,0.625,0.125"
    );
    assert_eq!(
        rows[4],
        "0,alpha_study,alpha_0.5,4,2,400,0.875,0.25,0.25,75.796875,inf,0.30000000000000004,0.0625,11.0,,0.0,0.5,0.0,0.25,\
         0.5,431.25,published,0.75,0.125,0.0,0.5,0.75,0.875,0.625,0.125"
    );
}

/// A reviewer should see: one file per run and condition, one object of equally long lists (it was a
/// list of objects, which the study's notebook cannot read), `alpha` and `efSearch` in the alpha
/// study alone, `NaN` and `Infinity` as Python's `json` writes and reads them.
#[test]
fn metrics_are_one_object_of_lists_as_the_studys_notebook_reads_them() {
    let results = study(2, Conventions::Corrected);
    let files: Vec<(PathBuf, String)> = layout::files(&results).collect();
    let paths: Vec<_> = files
        .iter()
        .map(|(path, _)| path.to_str().expect("ASCII"))
        .collect();
    let expected = [
        "run00/efSearch_study/ef_3/metrics.json",
        "run00/alpha_study/alpha_0.5/metrics.json",
        "run01/efSearch_study/ef_3/metrics.json",
        "run01/alpha_study/alpha_0.5/metrics.json",
    ];
    assert_eq!(
        paths,
        expected.map(|path| path.replace('/', std::path::MAIN_SEPARATOR_STR))
    );
    assert!(!files[0].1.contains("alpha") && !files[0].1.contains("efSearch"));
    let alpha = r#"{
  "k": [2, 4],
  "alpha": 0.5,
  "efSearch": [2, 2],
  "mean_overlap": [0.5, 0.25],
  "mean_exact_dist": [75.796875, 75.796875],
  "mean_ann_dist": [3.4028235832468283e33, Infinity],
  "mean_barycenter_shift": [0.0625, 0.0625],
  "mean_lid_diff": [NaN, NaN],
  "mean_lid_exact": [11.0, 11.0],
  "mean_lid_ann": [NaN, NaN]
}
"#;
    assert_eq!(files[1].1, alpha);
}

fn summarized(results: &StudyResults) -> Value {
    serde_json::from_str(&summary::text(results)).expect("JSON")
}

/// Two runs at 1 and 0.75: mean 0.875, half width 12.706 × 0.125 (Student's t, one degree of
/// freedom).
#[test]
fn the_summary_estimates_over_runs() {
    let summary = summarized(&study(2, Conventions::Corrected));
    let row = &summary["conditions"][0]["rows"][0];
    let overlap = &row["corrected"]["overlap"];
    assert_eq!(
        (&overlap["point"], &overlap["n"]),
        (&json!(0.875), &json!(2))
    );
    let low = overlap["low"].as_f64().expect("two runs have an interval");
    assert!(
        (low - (0.875 - 12.706_204_736 * 0.125)).abs() < 1e-6,
        "{low}"
    );
    assert_eq!(
        row["corrected"]["lid_returned"],
        Value::Null,
        "NaN in every run"
    );
    assert_eq!(
        row["published"]["mean_exact_dist"]["point"],
        json!(75.796_875)
    );
    assert_eq!(
        summary["conditions"][0]["rows"][1]["published"]["mean_ann_dist"],
        Value::Null,
        "infinite in every run"
    );
    assert_eq!(summary["conditions"][1]["condition"], json!("alpha_0.5"));
    assert_eq!(summary["data"][1]["queries"], json!(6));
}

#[test]
fn the_summary_holds_the_surface_and_the_effort_that_finds_all() {
    let surface = &summarized(&study(2, Conventions::Corrected))["surface"];
    assert_eq!(surface["overlap"], json!([0.5, 0.25, 1.0, 0.75]));
    let required = &surface["required_ef"];
    assert_eq!(
        required[0][2]["point"],
        json!(5.0),
        "4 in one run, 6 in the other"
    );
    assert_eq!(
        required[1],
        json!([{"point": 4.0, "low": 4.0, "high": 4.0, "standard_error": 0.0, "n": 2}, null, null])
    );
}

#[test]
fn one_run_has_no_interval() {
    let summary = summarized(&study(1, Conventions::Corrected));
    let overlap = &summary["conditions"][0]["rows"][0]["corrected"]["overlap"];
    assert_eq!(
        overlap,
        &json!({"point": 1.0, "low": null, "high": null, "standard_error": null, "n": 1})
    );
}

#[test]
fn no_finished_run_still_writes() {
    let folder = tempfile::tempdir().expect("folder");
    write_all(folder.path(), &study(0, Conventions::Corrected)).expect("writable");
    let table = std::fs::read_to_string(folder.path().join("measurements.csv")).expect("table");
    assert_eq!(table.lines().count(), 1, "the header");
}

#[test]
fn everything_lies_where_the_contract_says_and_nothing_else() {
    let folder = tempfile::tempdir().expect("folder");
    let results = study(2, Conventions::Corrected);
    write_all(folder.path(), &results).expect("writable");
    write_all(folder.path(), &results).expect("a second time, too");
    let mut names: Vec<_> = std::fs::read_dir(folder.path())
        .expect("folder")
        .map(|entry| {
            entry
                .expect("entry")
                .file_name()
                .into_string()
                .expect("ASCII")
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["measurements.csv", "run00", "run01", "summary.json"]
    );
    let metrics = folder
        .path()
        .join("run01")
        .join("alpha_study")
        .join("alpha_0.5")
        .join("metrics.json");
    assert!(
        std::fs::read_to_string(metrics)
            .expect("metrics")
            .starts_with("{\n  \"k\": [2, 4],")
    );
}

#[test]
fn a_place_that_cannot_be_written_is_named_and_left_as_it_was() {
    let folder = tempfile::tempdir().expect("folder");
    let table = folder.path().join("measurements.csv");
    std::fs::create_dir_all(table.join("in the way")).expect("folder");
    let error = write_all(folder.path(), &study(1, Conventions::Corrected))
        .expect_err("a folder stands there");
    assert_eq!(error.path, table);
    assert!(error.to_string().contains("measurements.csv"), "{error}");
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("folder")
        .map(|entry| entry.expect("entry").path())
        .collect();
    assert_eq!(left, [table], "no temporary file stays behind");
}
