//! `summary.json`: every figure over runs as an estimate with its 95 % interval, and where each
//! curve breaks.
//!
//! Figures that are not finite in some run (the study's means over `FLT_MAX` overflow) are
//! estimated over the runs in which they are, and n says how many; a figure finite in no run is
//! null.

use super::methods::{EqualOverlap, equal_overlap};
use super::order::{self, OrderCell};
use super::{
    ConditionResult, DataFacts, Figures, Machine, Measurement, Settings, StageSeconds, StudyResults,
};
use annatomy_measures::breakpoints::{
    CorrectedBreakpointEstimates, CorrectedBreakpoints, CorrectedCurve,
    PublishedBreakpointEstimates, PublishedBreakpoints, PublishedCurve, PublishedParameters,
};
use annatomy_measures::estimate::Estimate;
use serde::Serialize;
use std::collections::BTreeMap;

/// The whole summary.
#[derive(Debug, Serialize)]
pub struct Summary<'r> {
    /// What was asked.
    pub settings: &'r Settings,
    /// Where it ran.
    pub machine: &'r Machine,
    /// Per condition, in the order of the study.
    pub conditions: Vec<ConditionSummary>,
    /// The surface of the configured graph, overlap and fill averaged over runs.
    pub surface: SurfaceSummary,
    /// Of the study of insertion orders, per (ef, k): means and variance components.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Vec<OrderCell>>,
    /// Of the study of methods: what is left at equal overlap, and differences.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<EqualOverlap>,
    /// What the data of each run look like.
    pub data: Vec<&'r DataFacts>,
    /// Where the time of each run went.
    pub seconds: Vec<&'r StageSeconds>,
}

/// One condition over runs.
#[derive(Debug, Serialize)]
pub struct ConditionSummary {
    /// The experiment's folder.
    pub study: &'static str,
    /// The condition's folder.
    pub condition: String,
    /// The swept value.
    pub value: f64,
    /// Per k.
    pub rows: Vec<RowSummary>,
    /// Where the corrected curves break.
    pub breakpoints: CorrectedBreakpointEstimates,
    /// Where the published curves break, by the study's kinds of criteria.
    pub published_breakpoints: PublishedBreakpointEstimates,
}

/// One k of one condition over runs.
#[derive(Debug, Serialize)]
pub struct RowSummary {
    /// Neighbors asked for.
    pub k: usize,
    /// Search effort.
    pub ef: usize,
    /// Corrected figures by column name.
    pub corrected: BTreeMap<&'static str, Option<Estimate>>,
    /// Published figures by the study's key names.
    pub published: BTreeMap<&'static str, Option<Estimate>>,
}

/// The surface over runs.
#[derive(Debug, Serialize)]
pub struct SurfaceSummary {
    /// Search efforts.
    pub efs: Vec<usize>,
    /// Neighbor counts.
    pub ks: Vec<usize>,
    /// Mean overlap, ef rows × k columns.
    pub overlap: Vec<f64>,
    /// Mean fill, same layout.
    pub fill: Vec<f64>,
    /// Mean V(ef) per ef.
    pub visited: Vec<f64>,
    /// Per k, the smallest ef that finds every true neighbor for 50, 90 and 99 % of queries, over
    /// runs; null where some run has neighbors that no effort reaches.
    pub required_ef: Vec<[Option<Estimate>; 3]>,
}

type Reader<T> = (&'static str, fn(&T) -> f64);

const CORRECTED: [Reader<Measurement>; 23] = [
    ("fill", |m| m.fill),
    ("overlap", |m| m.overlap),
    ("overlap_strict", |m| m.overlap_strict),
    ("mean_exact_distance", |m| m.mean_exact_distance),
    ("mean_returned_distance", |m| m.mean_returned_distance),
    ("relative_distance_error", |m| m.relative_distance_error),
    ("barycenter_shift", |m| m.barycenter_shift),
    ("lid_exact", |m| m.lid_exact),
    ("lid_returned", |m| m.lid_returned),
    ("unreachable", |m| m.unreachable),
    ("unvisited", |m| m.unvisited),
    ("tied", |m| m.tied),
    ("overlap_p1", |m| m.overlap_p1),
    ("overlap_p5", |m| m.overlap_p5),
    ("visited", |m| m.visited),
    ("robustness_90", |m| m.robustness_90),
    ("queries_with_empty_slots", |m| m.queries_with_empty_slots),
    ("zero_distances", |m| m.zero_distances),
    ("lcmc", |m| m.lcmc),
    ("epsilon_recall", |m| m.epsilon_recall),
    ("inverse_ratio", |m| m.inverse_ratio),
    ("rank_biased_overlap", |m| m.rank_biased_overlap),
    ("displacement", |m| m.displacement),
];

/// The file's text.
pub fn text(results: &StudyResults) -> String {
    let mut text =
        serde_json::to_string_pretty(&summary(results)).expect("plain data with text keys");
    text.push('\n');
    text
}

/// The summary of `results`.
pub fn summary(results: &StudyResults) -> Summary<'_> {
    let conditions = results.runs.first().map_or(0, |run| run.conditions.len());
    Summary {
        settings: &results.settings,
        machine: &results.machine,
        conditions: (0..conditions)
            .map(|index| condition(&over_runs(results, index)))
            .collect(),
        surface: surface(results),
        order: order::variance(results).and_then(Result::ok),
        methods: equal_overlap(results),
        data: results.runs.iter().map(|run| &run.data).collect(),
        seconds: results.runs.iter().map(|run| &run.seconds).collect(),
    }
}

/// One condition in every run.
fn over_runs(results: &StudyResults, index: usize) -> Vec<&ConditionResult> {
    results
        .runs
        .iter()
        .map(|run| &run.conditions[index])
        .collect()
}

fn condition(runs: &[&ConditionResult]) -> ConditionSummary {
    let first = runs[0];
    ConditionSummary {
        study: first.study.folder(),
        condition: first.condition.clone(),
        value: first.value,
        rows: (0..first.corrected.len())
            .map(|row| row_summary(runs, row))
            .collect(),
        breakpoints: corrected_breakpoints(runs),
        published_breakpoints: published_breakpoints(runs),
    }
}

fn row_summary(runs: &[&ConditionResult], row: usize) -> RowSummary {
    let estimates = |values: &dyn Fn(&ConditionResult) -> f64| {
        let finite: Vec<f64> = runs
            .iter()
            .map(|run| values(run))
            .filter(|value| value.is_finite())
            .collect();
        Estimate::of(&finite)
    };
    RowSummary {
        k: runs[0].corrected[row].k,
        ef: runs[0].corrected[row].ef,
        corrected: CORRECTED
            .iter()
            .map(|(name, read)| (*name, estimates(&|run| read(&run.corrected[row]))))
            .collect(),
        published: Figures::NAMED
            .iter()
            .map(|(name, read)| (*name, estimates(&|run| read(&run.published[row].figures))))
            .collect(),
    }
}

/// Where the corrected curves of one condition break, over runs.
pub fn corrected_breakpoints(runs: &[&ConditionResult]) -> CorrectedBreakpointEstimates {
    let of_run = |run: &&ConditionResult| {
        let column =
            |read: fn(&Measurement) -> f64| run.corrected.iter().map(read).collect::<Vec<_>>();
        CorrectedBreakpoints::of(&CorrectedCurve {
            ks: &run.corrected.iter().map(|m| m.k).collect::<Vec<_>>(),
            efs: &run.corrected.iter().map(|m| m.ef).collect::<Vec<_>>(),
            fill: &column(|m| m.fill),
            overlap: &column(|m| m.overlap),
        })
    };
    CorrectedBreakpoints::over_runs(&runs.iter().map(of_run).collect::<Vec<_>>())
}

/// Where the published curves of one condition break, over runs, by the default criteria.
pub fn published_breakpoints(runs: &[&ConditionResult]) -> PublishedBreakpointEstimates {
    let of_run = |run: &&ConditionResult| {
        let figures = || run.published.iter().map(|metrics| &metrics.figures);
        let column = |read: fn(&Figures) -> f64| figures().map(read).collect::<Vec<_>>();
        let curve = PublishedCurve {
            ks: &run.published.iter().map(|m| m.k).collect::<Vec<_>>(),
            efs: &run.published.iter().map(|m| m.ef).collect::<Vec<_>>(),
            overlap: &column(|m| m.mean_overlap),
            mean_exact_dist: &column(|m| m.mean_exact_dist),
            mean_ann_dist: &column(|m| m.mean_ann_dist),
        };
        PublishedBreakpoints::of(&curve, PublishedParameters::default())
    };
    PublishedBreakpoints::over_runs(&runs.iter().map(of_run).collect::<Vec<_>>())
}

fn surface(results: &StudyResults) -> SurfaceSummary {
    let grids = || results.runs.iter().map(|run| &run.surface);
    let mean = |read: fn(&super::SurfaceGrid) -> &Vec<f64>| -> Vec<f64> {
        let length = grids().next().map_or(0, |grid| read(grid).len());
        (0..length)
            .map(|i| grids().map(|grid| read(grid)[i]).sum::<f64>() / results.runs.len() as f64)
            .collect()
    };
    SurfaceSummary {
        efs: grids()
            .next()
            .map_or_else(Vec::new, |grid| grid.efs.clone()),
        ks: grids().next().map_or_else(Vec::new, |grid| grid.ks.clone()),
        overlap: mean(|grid| &grid.overlap),
        fill: mean(|grid| &grid.fill),
        visited: mean(|grid| &grid.visited),
        required_ef: required_efs(results),
    }
}

fn required_efs(results: &StudyResults) -> Vec<[Option<Estimate>; 3]> {
    let length = results
        .runs
        .iter()
        .map(|run| run.surface.required_ef.len())
        .min()
        .unwrap_or(0);
    let of_runs = |place: usize, level: usize| {
        let efs = results
            .runs
            .iter()
            .map(|run| run.surface.required_ef[place][level].map(|ef| ef as f64));
        Estimate::of(&efs.collect::<Option<Vec<f64>>>()?)
    };
    (0..length)
        .map(|place| [0, 1, 2].map(|level| of_runs(place, level)))
        .collect()
}
