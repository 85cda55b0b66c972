//! The study's own files: `runNN/<study>/<condition>/metrics.json`, so that a notebook written for
//! it reads ours.
//!
//! A JSON array, one object per k, with the study's key names and always in published conventions.
//! As Python's `json` writes them, values that JSON lacks stand as `NaN` and `Infinity`.

use super::{ConditionResult, PublishedMetrics, StudyKind, StudyResults};
use std::fmt::Write;
use std::path::PathBuf;

/// Every file, as (path under the output folder, text).
pub fn files(results: &StudyResults) -> impl Iterator<Item = (PathBuf, String)> + '_ {
    results.runs.iter().flat_map(|run| {
        run.conditions.iter().map(move |condition| {
            let folder = PathBuf::from(format!("run{:02}", run.run));
            (
                folder
                    .join(condition.study.folder())
                    .join(&condition.condition)
                    .join("metrics.json"),
                text(condition),
            )
        })
    })
}

fn text(condition: &ConditionResult) -> String {
    let objects: Vec<String> = condition
        .published
        .iter()
        .map(|metrics| object(condition, metrics))
        .collect();
    format!("[\n{}\n]\n", objects.join(",\n"))
}

fn object(condition: &ConditionResult, metrics: &PublishedMetrics) -> String {
    let mut text = format!("  {{\n    \"k\": {}", metrics.k);
    if condition.study == StudyKind::Alpha {
        let _ = write!(
            text,
            ",\n    \"alpha\": {:?},\n    \"efSearch\": {}",
            condition.value, metrics.ef
        );
    }
    let figures = [
        ("mean_overlap", metrics.mean_overlap),
        ("mean_exact_dist", metrics.mean_exact_dist),
        ("mean_ann_dist", metrics.mean_ann_dist),
        ("mean_barycenter_shift", metrics.mean_barycenter_shift),
        ("mean_lid_diff", metrics.mean_lid_diff),
        ("mean_lid_exact", metrics.mean_lid_exact),
        ("mean_lid_ann", metrics.mean_lid_ann),
    ];
    for (key, value) in figures {
        let _ = write!(text, ",\n    \"{key}\": {}", number(value));
    }
    text.push_str("\n  }");
    text
}

fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        _ => format!("{value:?}"),
    }
}
