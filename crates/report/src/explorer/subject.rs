//! What a page is about, whether an audit or a study fills the explorer.

use crate::text::number::count;
use annatomy_audit::{AuditResults, CellResult};
use annatomy_study::results::{Measurement, StudyKind, StudyResults};
use serde::Serialize;
use std::collections::BTreeSet;

/// What the header says besides the columns.
pub(crate) struct Subject {
    pub(super) name: String,
    pub(super) metric: String,
    pub(super) rows: usize,
    pub(super) query_is_row: bool,
    /// Every k that is reported.
    pub(super) ks: Vec<usize>,
    pub(super) presets: Vec<Preset>,
    /// Of a study: its conditions.
    pub(super) conditions: Vec<Condition>,
    /// Conditions × ks: what `measurements.csv` has of the run shown.
    pub(super) measured: Measured,
    /// The number of queries behind [`measured`](Self::measured).
    pub(super) measured_queries: usize,
    pub(super) notes: Vec<String>,
}

/// An effort that the page names.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Preset {
    who: String,
    class: String,
    ef: usize,
    k: usize,
}

/// One condition of a study.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Condition {
    name: String,
    graph: usize,
    /// The effort at each k.
    efs: Vec<usize>,
}

/// Columns of means over all queries.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    pub(super) overlap: Vec<f64>,
    pub(super) fill: Vec<f64>,
    pub(super) p5: Vec<f64>,
    pub(super) visited: Vec<f64>,
}

impl Subject {
    /// The data of an audit.
    pub(crate) fn of_audit(results: &AuditResults) -> Self {
        let ks: BTreeSet<usize> = results.difficulty.iter().map(|at| at.k).collect();
        let cells = results.efforts.iter().chain(&results.engines);
        // The page cuts an answer to ef rows in all, and such an engine that of each segment.
        let is_counted = |cell: &&CellResult| {
            results.segments.is_none() || cell.class.as_deref() != Some("row-cap")
        };
        let cells = cells.filter(is_counted);
        let presets = cells.filter_map(|cell| {
            Some(Preset {
                who: cell.who.clone(),
                class: cell.class.clone()?,
                ef: cell.ef?,
                k: cell.k,
            })
        });
        Self {
            name: results.data.name.clone(),
            metric: results.data.metric.clone(),
            rows: results.data.rows,
            query_is_row: results.data.queries_are_base_rows,
            ks: ks.into_iter().collect(),
            presets: presets.collect(),
            conditions: Vec::new(),
            measured: Measured::default(),
            measured_queries: 0,
            notes: Vec::new(),
        }
    }

    /// The first run of a study, of whose queries `shown` are on the page.
    pub(crate) fn of_study(results: &StudyResults, shown: usize) -> Option<Self> {
        let (settings, run) = (&results.settings, results.runs.first()?);
        let mut graphs: Vec<usize> = vec![settings.ef_construction];
        for condition in &run.conditions {
            graphs.push(condition.ef_construction);
            graphs.push(condition.published_ef_construction);
        }
        graphs.sort_unstable();
        graphs.dedup();
        let mut measured = Measured::default();
        let mut conditions = Vec::new();
        let mut presets = Vec::new();
        for condition in &run.conditions {
            for row in &condition.corrected {
                measured.add(row);
            }
            let efs: Vec<usize> = condition.corrected.iter().map(|row| row.ef).collect();
            if condition.study == StudyKind::EfSearch
                && let Some(row) = condition.corrected.get(1).or(condition.corrected.first())
            {
                presets.push(Preset {
                    who: condition.condition.clone(),
                    class: "stop-early".to_owned(),
                    ef: row.ef,
                    k: row.k,
                });
            }
            conditions.push(Condition {
                name: condition.condition.clone(),
                graph: graphs
                    .binary_search(&condition.ef_construction)
                    .unwrap_or(0),
                efs,
            });
        }
        let queries = run.data.queries;
        let mut notes = Vec::new();
        if results.runs.len() > 1 {
            notes.push(format!(
                "Shown is the first of {} runs.",
                results.runs.len()
            ));
        }
        if shown < queries {
            notes.push(format!(
                "Shown are {} of its {} queries, drawn at random.",
                count(shown as u64),
                count(queries as u64)
            ));
        }
        Some(Self {
            name: settings.data.clone(),
            metric: settings.metric.to_string(),
            rows: run.data.rows,
            query_is_row: true,
            ks: settings.ks.clone(),
            presets,
            conditions,
            measured,
            measured_queries: queries,
            notes,
        })
    }
}

impl Measured {
    fn add(&mut self, row: &Measurement) {
        self.overlap.push(row.overlap);
        self.fill.push(row.fill);
        self.p5.push(row.overlap_p5);
        self.visited.push(row.visited);
    }
}
