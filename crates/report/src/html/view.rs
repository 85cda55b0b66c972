//! A study seen over its runs: what every section asks for.
//!
//! Means are over the runs in which a figure is finite; counts are totals over runs.

use annatomy_measures::breakpoints::{CorrectedBreakpointEstimates, PublishedBreakpointEstimates};
use annatomy_study::results::summary::{corrected_breakpoints, published_breakpoints};
use annatomy_study::results::{
    Artefacts, ConditionResult, Figures, Measurement, StudyKind, StudyResults,
};

/// Neighbor counts that tables show where the study has them.
const SHOWN_KS: [usize; 6] = [10, 50, 100, 200, 300, 500];

/// The study and its conditions over runs.
#[derive(Debug)]
pub(super) struct View<'r> {
    /// Everything.
    pub(super) results: &'r StudyResults,
    /// In the order of the study.
    pub(super) conditions: Vec<Condition<'r>>,
}

/// One condition in every run.
#[derive(Debug)]
pub(super) struct Condition<'r> {
    /// The experiment.
    pub(super) study: StudyKind,
    /// The swept value.
    pub(super) value: f64,
    /// Ascending, as every run has them.
    pub(super) ks: Vec<usize>,
    runs: Vec<&'r ConditionResult>,
}

impl<'r> View<'r> {
    /// The view of `results`.
    pub(super) fn new(results: &'r StudyResults) -> Self {
        let first = results.runs.first().map_or(&[][..], |run| &run.conditions);
        let conditions = first
            .iter()
            .map(|condition| Condition::new(results, condition))
            .collect();
        Self {
            results,
            conditions,
        }
    }

    /// The conditions of one experiment.
    pub(super) fn of(&self, study: StudyKind) -> impl Iterator<Item = &Condition<'r>> {
        self.conditions
            .iter()
            .filter(move |condition| condition.study == study)
    }

    /// Runs finished.
    pub(super) fn runs(&self) -> usize {
        self.results.runs.len()
    }

    /// The experiments of which there are results.
    pub(super) fn studies(&self) -> Vec<StudyKind> {
        let all = [
            StudyKind::EfSearch,
            StudyKind::EfConstruction,
            StudyKind::Alpha,
        ];
        all.into_iter()
            .filter(|&study| self.of(study).next().is_some())
            .collect()
    }

    /// The conditions that stand for all: the second smallest `ef_search` (the study's 25), the one
    /// nearest 100, and the smallest α.
    pub(super) fn representatives(&self) -> Vec<&Condition<'r>> {
        let searches: Vec<_> = self.of(StudyKind::EfSearch).collect();
        let nearest = |wanted: f64| {
            let place = |condition: &Condition<'_>| (condition.value / wanted).ln().abs();
            searches
                .iter()
                .copied()
                .min_by(|a, b| place(a).total_cmp(&place(b)))
        };
        let mut chosen: Vec<&Condition<'r>> = Vec::new();
        let alphas = self.of(StudyKind::Alpha).next();
        let fallback = self
            .of(StudyKind::EfConstruction)
            .next()
            .filter(|_| searches.is_empty());
        for condition in [nearest(25.0), nearest(100.0), fallback, alphas]
            .into_iter()
            .flatten()
        {
            if !chosen.iter().any(|other| std::ptr::eq(*other, condition)) {
                chosen.push(condition);
            }
        }
        chosen
    }

    /// Places of the k that tables show: round ones, or up to six spread over the grid.
    pub(super) fn shown(ks: &[usize]) -> Vec<usize> {
        let round: Vec<usize> = SHOWN_KS
            .iter()
            .filter_map(|k| ks.iter().position(|other| other == k))
            .collect();
        if round.len() >= 3 || round.len() == ks.len() {
            return round;
        }
        let wanted = ks.len().min(6);
        let mut places: Vec<usize> = (0..wanted)
            .map(|place| place * ks.len().saturating_sub(1) / wanted.saturating_sub(1).max(1))
            .collect();
        places.dedup();
        places
    }

    /// Totals of the artefacts over all conditions, k and runs.
    pub(super) fn artefacts(&self) -> Artefacts {
        let mut total = Artefacts::default();
        for condition in &self.conditions {
            (0..condition.ks.len()).for_each(|place| add(&mut total, condition.artefacts(place)));
        }
        total
    }
}

impl<'r> Condition<'r> {
    fn new(results: &'r StudyResults, first: &'r ConditionResult) -> Self {
        let same = |other: &&ConditionResult| {
            other.study == first.study && other.condition == first.condition
        };
        let runs: Vec<_> = results
            .runs
            .iter()
            .filter_map(|run| run.conditions.iter().find(same))
            .collect();
        let length = runs
            .iter()
            .map(|run| run.corrected.len().min(run.published.len()))
            .min()
            .unwrap_or(0);
        let ks = first.corrected.iter().take(length).map(|m| m.k).collect();
        Self {
            study: first.study,
            value: first.value,
            ks,
            runs,
        }
    }

    /// The condition in words: ``` `ef_search` 25 ```.
    pub(super) fn label(&self) -> String {
        match self.study {
            StudyKind::EfSearch => format!("`ef_search`\u{a0}{}", self.value),
            StudyKind::EfConstruction => format!("`ef_construction`\u{a0}{}", self.value),
            StudyKind::Alpha => format!("*α* = {}", self.value),
            StudyKind::Order => format!("order {}", self.value),
            StudyKind::Methods => format!("method {}", self.value),
        }
    }

    /// Search effort at a place of the grid.
    pub(super) fn ef(&self, place: usize) -> usize {
        self.runs
            .first()
            .and_then(|run| run.corrected.get(place))
            .map_or(0, |m| m.ef)
    }

    /// A corrected figure: its mean over runs, NaN if it has none.
    pub(super) fn mean(&self, place: usize, read: impl Fn(&Measurement) -> f64) -> f64 {
        mean(
            &self
                .runs
                .iter()
                .filter_map(|run| run.corrected.get(place))
                .map(read)
                .collect::<Vec<_>>(),
        )
    }

    /// A published figure: its plain mean over runs, so that infinity stays.
    pub(super) fn published(&self, place: usize, read: impl Fn(&Figures) -> f64) -> f64 {
        let values: Vec<f64> = self
            .runs
            .iter()
            .filter_map(|run| run.published.get(place))
            .map(|metrics| read(&metrics.figures))
            .collect();
        let values: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// The smallest mean overlap over the grid, and its place.
    pub(super) fn lowest_overlap(&self) -> Option<(usize, f64)> {
        let overlaps = (0..self.ks.len()).map(|place| (place, self.mean(place, |m| m.overlap)));
        overlaps
            .filter(|(_, overlap)| overlap.is_finite())
            .min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// The steepest fall of mean overlap from one k of the grid to the next: its size and the
    /// places around it.
    pub(super) fn steepest_fall(&self) -> Option<(f64, usize, usize)> {
        let overlap = |place| self.mean(place, |m| m.overlap);
        let falls =
            (1..self.ks.len()).map(|place| (overlap(place - 1) - overlap(place), place - 1, place));
        falls
            .filter(|(fall, ..)| *fall > 0.0)
            .max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Totals of the artefacts over runs at one place of the grid.
    pub(super) fn artefacts(&self, place: usize) -> Artefacts {
        let mut total = Artefacts::default();
        for metrics in self.runs.iter().filter_map(|run| run.published.get(place)) {
            add(&mut total, metrics.figures.artefacts);
        }
        total
    }

    /// `ef_construction` of the graph behind the corrected and the published figures.
    pub(super) fn graphs(&self) -> Option<(usize, usize)> {
        self.runs
            .first()
            .map(|run| (run.ef_construction, run.published_ef_construction))
    }

    /// Where the corrected curves break.
    pub(super) fn breakpoints(&self) -> CorrectedBreakpointEstimates {
        corrected_breakpoints(&self.runs)
    }

    /// Where the published curves break.
    pub(super) fn published_breakpoints(&self) -> PublishedBreakpointEstimates {
        published_breakpoints(&self.runs)
    }

    /// Runs behind the condition, each with its results.
    pub(super) fn each_run(&self) -> &[&'r ConditionResult] {
        &self.runs
    }
}

/// The mean of the finite values; NaN of none.
pub(super) fn mean(values: &[f64]) -> f64 {
    let finite: Vec<f64> = values
        .iter()
        .copied()
        .filter(|value| value.is_finite())
        .collect();
    finite.iter().sum::<f64>() / finite.len() as f64
}

fn add(total: &mut Artefacts, more: Artefacts) {
    total.empty_slots += more.empty_slots;
    total.rows_with_one_empty_slot += more.rows_with_one_empty_slot;
    total.rows_dropped += more.rows_dropped;
    total.self_not_first += more.self_not_first;
}
