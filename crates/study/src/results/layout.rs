//! The study's own files: `runNN/<study>/<condition>/metrics.json`, which the study's notebook
//! reads unchanged.
//!
//! Each file is one JSON object of equally long lists, an entry per k, as
//! `pandas.DataFrame(json.load(file))` takes it; in the alpha study `alpha` is one number and
//! `efSearch` a list. The conventions are always the published ones. Values that JSON lacks stand
//! as `NaN`, `Infinity` and `-Infinity`, as Python's `json` writes and reads them.

use super::{ConditionResult, Figures, PublishedMetrics, StudyKind, StudyResults};
use std::path::{Path, PathBuf};

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
    for (key, figure) in Figures::NAMED {
        entries.push((key, list(rows, |row| number(figure(&row.figures)))));
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
