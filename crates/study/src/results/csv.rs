//! `measurements.csv`: one row per run × study × condition × k.
//!
//! The columns up to `visited` are a contract; more may follow. Numbers are the shortest text that
//! reads back to the same float64; NaN is an empty field, infinity `inf`. In published conventions
//! the figures that the study knew hold its values (squared distances, column 0 taken for self),
//! the others stay corrected.

use super::{ConditionResult, Conventions, Measurement, PublishedMetrics, StudyResults};
use std::fmt::Write;

/// The header.
pub const COLUMNS: [&str; 30] = [
    "run",
    "study",
    "condition",
    "k",
    "ef",
    "ef_construction",
    "fill",
    "overlap",
    "overlap_strict",
    "mean_exact_distance",
    "mean_returned_distance",
    "relative_distance_error",
    "barycenter_shift",
    "lid_exact",
    "lid_returned",
    "unreachable",
    "unvisited",
    "tied",
    "overlap_p1",
    "overlap_p5",
    "visited",
    "conventions",
    "robustness_90",
    "queries_with_empty_slots",
    "zero_distances",
    "lcmc",
    "epsilon_recall",
    "inverse_ratio",
    "rank_biased_overlap",
    "displacement",
];

/// The whole file.
pub fn text(results: &StudyResults) -> String {
    let mut text = COLUMNS.join(",");
    text.push('\n');
    let queries = |run: usize| results.runs[run].data.queries;
    for (index, run) in results.runs.iter().enumerate() {
        for condition in &run.conditions {
            for (corrected, published) in condition.corrected.iter().zip(&condition.published) {
                let row = match results.settings.conventions {
                    Conventions::Corrected => Row::corrected(condition, corrected),
                    Conventions::Published => {
                        Row::published(condition, corrected, published, queries(index))
                    }
                };
                row.write(run.run, condition, results.settings.conventions, &mut text);
            }
        }
    }
    text
}

/// One row's figures after its key.
struct Row {
    ef_construction: usize,
    measurement: Measurement,
}

impl Row {
    fn corrected(condition: &ConditionResult, corrected: &Measurement) -> Self {
        Self {
            ef_construction: condition.ef_construction,
            measurement: corrected.clone(),
        }
    }

    fn published(
        condition: &ConditionResult,
        corrected: &Measurement,
        published: &PublishedMetrics,
        queries: usize,
    ) -> Self {
        let slots = (queries * published.k) as f64;
        let published = &published.figures;
        Self {
            ef_construction: condition.published_ef_construction,
            measurement: Measurement {
                fill: 1.0 - published.artefacts.empty_slots as f64 / slots,
                overlap: published.mean_overlap,
                overlap_strict: published.mean_overlap,
                mean_exact_distance: published.mean_exact_dist,
                mean_returned_distance: published.mean_ann_dist,
                barycenter_shift: published.mean_barycenter_shift,
                lid_exact: published.mean_lid_exact,
                lid_returned: published.mean_lid_ann,
                ..corrected.clone()
            },
        }
    }

    fn write(
        &self,
        run: usize,
        condition: &ConditionResult,
        conventions: Conventions,
        text: &mut String,
    ) {
        let m = &self.measurement;
        let (study, name, efc) = (
            condition.study.folder(),
            &condition.condition,
            self.ef_construction,
        );
        let _ = write!(text, "{run},{study},{name},{},{},{efc}", m.k, m.ef);
        let contract = [
            m.fill,
            m.overlap,
            m.overlap_strict,
            m.mean_exact_distance,
            m.mean_returned_distance,
            m.relative_distance_error,
            m.barycenter_shift,
            m.lid_exact,
            m.lid_returned,
            m.unreachable,
            m.unvisited,
            m.tied,
            m.overlap_p1,
            m.overlap_p5,
            m.visited,
        ];
        for value in contract {
            push_number(text, value);
        }
        text.push_str(match conventions {
            Conventions::Corrected => ",corrected",
            Conventions::Published => ",published",
        });
        for value in [
            m.robustness_90,
            m.queries_with_empty_slots,
            m.zero_distances,
            m.lcmc,
            m.epsilon_recall,
            m.inverse_ratio,
            m.rank_biased_overlap,
            m.displacement,
        ] {
            push_number(text, value);
        }
        text.push('\n');
    }
}

fn push_number(text: &mut String, value: f64) {
    text.push(',');
    if !value.is_nan() {
        // `{:?}` is the shortest text that reads back, with an exponent where digits would run
        // long.
        let _ = write!(text, "{value:?}");
    }
}
