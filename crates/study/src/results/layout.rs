//! The study's own files: `runNN/<study>/<condition>/metrics.json`, which the study's notebook
//! reads unchanged.
//!
//! Each file is one JSON object of equally long lists, an entry per k, as
//! `pandas.DataFrame(json.load(file))` takes it; in the alpha study `alpha` is one number and
//! `efSearch` a list. The conventions are always the published ones. Values that JSON lacks stand
//! as `NaN`, `Infinity` and `-Infinity`, as Python's `json` writes and reads them.

use super::{ConditionResult, PublishedMetrics, StudyKind, StudyResults};
use std::path::{Path, PathBuf};

/// A key of the study's files and the figure under it.
type Figure = (&'static str, fn(&PublishedMetrics) -> f64);

/// The figures of one k, by the study's key names.
const FIGURES: [Figure; 7] = [
    ("mean_overlap", |metrics| metrics.mean_overlap),
    ("mean_exact_dist", |metrics| metrics.mean_exact_dist),
    ("mean_ann_dist", |metrics| metrics.mean_ann_dist),
    ("mean_barycenter_shift", |metrics| {
        metrics.mean_barycenter_shift
    }),
    ("mean_lid_diff", |metrics| metrics.mean_lid_diff),
    ("mean_lid_exact", |metrics| metrics.mean_lid_exact),
    ("mean_lid_ann", |metrics| metrics.mean_lid_ann),
];

/// Every file, as (path under the output folder, text).
pub fn files(results: &StudyResults) -> impl Iterator<Item = (PathBuf, String)> + '_ {
    results.runs.iter().flat_map(|run| {
        run.conditions
            .iter()
            .map(|condition| (path(run.run, condition), text(condition)))
    })
}

fn path(run: usize, condition: &ConditionResult) -> PathBuf {
    Path::new(&format!("run{run:02}"))
        .join(condition.study.folder())
        .join(&condition.condition)
        .join("metrics.json")
}

fn text(condition: &ConditionResult) -> String {
    let rows = &condition.published;
    let mut entries = vec![("k", list(rows, |row| row.k.to_string()))];
    if condition.study == StudyKind::Alpha {
        entries.push(("alpha", number(condition.value)));
        entries.push(("efSearch", list(rows, |row| row.ef.to_string())));
    }
    for (key, figure) in FIGURES {
        entries.push((key, list(rows, |row| number(figure(row)))));
    }
    let lines: Vec<String> = entries
        .into_iter()
        .map(|(key, value)| format!("  \"{key}\": {value}"))
        .collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

fn list(rows: &[PublishedMetrics], value: impl Fn(&PublishedMetrics) -> String) -> String {
    let values: Vec<String> = rows.iter().map(value).collect();
    format!("[{}]", values.join(", "))
}

/// The shortest text that reads back to the same float64.
fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        _ => format!("{value:?}"),
    }
}
