//! Tables of answers to rows of slots: conventions, then sentinels, then what a report says of both.

use super::clean::{CleanRow, Cleaner};
use super::convention::{Conventions, DistanceFit};
use super::names;
use super::tables::Tables;
use crate::error::AuditError;
use crate::given::GivenAnswers;
use crate::load::OpenAnswers;
use crate::notes::Note;
use crate::results::{AnswerFacts, RunFacts, Sentinels, UnknownIds};
use annatomy_eval::dataset::{Dataset, all_have_unit_length};
use annatomy_formats::{BenchmarkRun, IdColumn};
use annatomy_vectors::Metric;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashSet};

/// The answers to every query measured.
pub(crate) struct Answers {
    /// One per query, in the order of the queries.
    pub(crate) rows: Vec<CleanRow>,
    /// Slots per row, besides that of the query itself.
    pub(crate) slots: usize,
    pub(crate) facts: AnswerFacts,
}

/// Reads and cleans the answers asked about; nothing if there are none.
///
/// `column` are ids that the base's file holds: if the answers name rows by them, `data` is labeled
/// so, and a note says it.
pub(crate) fn of_file(
    opened: Option<OpenAnswers>,
    column: Option<IdColumn>,
    data: &mut Dataset<'_>,
    notes: &mut Vec<Note>,
) -> Result<Option<Answers>, AuditError> {
    let Some(opened) = opened else {
        return Ok(None);
    };
    let (column, note) = names::adopt_if_needed(column, &opened.ids, data);
    notes.extend(note);
    let mut tables = Tables::new(opened, data)?;
    notes.extend(column.and_then(|column| names::adopt(column, &mut tables, data)));
    Ok(Some(clean(&tables, data)))
}

/// As [`of_file`], from memory.
pub(crate) fn given(
    answers: Option<GivenAnswers>,
    data: &Dataset,
) -> Result<Option<Answers>, AuditError> {
    let tables = answers
        .map(|answers| Tables::given(answers, data))
        .transpose()?;
    Ok(tables.map(|tables| clean(&tables, data)))
}

pub(super) fn clean(tables: &Tables, data: &Dataset) -> Answers {
    if data.base.in_memory().is_none() {
        data.base.expect(&tables.named_rows(data.base.rows()));
    }
    let conventions = Conventions::detect(tables, data);
    let cleaner = Cleaner::new(tables, data, conventions.first_id);
    let rows: Vec<CleanRow> = (0..data.queries.count())
        .into_par_iter()
        .map(|query| cleaner.clean(query))
        .collect();
    let sentinels = rows
        .iter()
        .fold(Sentinels::default(), |sum, row| sum.plus(&row.sentinels));
    let mut facts = AnswerFacts {
        name: tables.name.clone(),
        run: tables.run.clone().map(RunFacts::from),
        rows: tables.ids.rows(),
        columns: tables.ids.columns(),
        first_id: conventions.first_id,
        keys: tables.named,
        unknown_ids: unknown_ids(tables, data),
        self_included: conventions.self_included,
        distance_kind: None,
        distance_deviation: None,
        distance_outliers: None,
        distances_fit: conventions.distances.map(|fit| fit != DistanceFit::None),
        queries_not_returned: (conventions.self_included && data.queries.are_base_rows())
            .then(|| rows.iter().filter(|row| !row.answer.holds_query()).count()),
        rows_out_of_order: rows.iter().filter(|row| row.out_of_order).count(),
        ids_of_another_base: names_another_base(tables, data, &conventions, &sentinels),
        sentinels,
    };
    if let Some(DistanceFit::Kind {
        kind,
        deviation,
        outliers,
    }) = conventions.distances
    {
        facts.distance_kind = Some(kind);
        facts.distance_deviation = Some(deviation);
        facts.distance_outliers = Some(outliers);
    }
    let slots = tables.ids.columns() - usize::from(conventions.self_included);
    Answers { rows, slots, facts }
}

/// That the distances are of another metric than the audit's. Among rows of unit length all metrics
/// order neighbors alike, and under cosine all rows have it.
pub(crate) fn other_metric(answers: &Answers, data: &Dataset) -> Option<Note> {
    const ROWS: usize = 256;
    let kind = answers.facts.distance_kind?;
    if data.metric == Metric::Cosine || kind.metric() == data.metric {
        return None;
    }
    let step = data.base.rows().div_ceil(ROWS).max(1);
    let rows: Vec<usize> = (0..data.base.rows()).step_by(step).collect();
    if all_have_unit_length(data.base.select(&rows).view()) {
        return None;
    }
    Some(Note::DistancesOfOtherMetric {
        kind,
        theirs: kind.metric().to_string(),
        metric: data.metric.to_string(),
    })
}

/// The ids that no row has, in the answers to the queries measured.
fn unknown_ids(tables: &Tables, data: &Dataset) -> Option<UnknownIds> {
    const NAMED: usize = 8;
    if !tables.named {
        return None;
    }
    let rows = data.base.rows();
    let (mut slots, mut places) = (0, BTreeSet::new());
    for &number in &tables.places {
        let numbers = tables.ids.row(number).iter();
        let beyond = numbers.filter_map(|&id| usize::try_from(id).ok()?.checked_sub(rows));
        for place in beyond {
            slots += 1;
            places.insert(place);
        }
    }
    Some(UnknownIds {
        slots,
        distinct: places.len(),
        first: places
            .iter()
            .take(NAMED)
            .map(|&place| tables.unknown[place].clone())
            .collect(),
    })
}

/// Whether enough different ids name no row that the answers seem to be of another base. A few
/// values repeated are an engine's sentinels.
fn names_another_base(
    tables: &Tables,
    data: &Dataset,
    conventions: &Conventions,
    sentinels: &Sentinels,
) -> bool {
    const SHARE: f64 = 0.01;
    const DISTINCT: usize = 3;
    let slots = data.queries.count() * tables.ids.columns();
    if (sentinels.ids_out_of_range as f64) < SHARE * slots as f64 {
        return false;
    }
    let mut distinct = HashSet::new();
    for &number in &tables.places {
        for &id in tables.ids.row(number) {
            let row = tables.base_row(id, conventions.first_id, data.base.rows());
            if row.is_none() && id >= 0 && distinct.insert(id) && distinct.len() == DISTINCT {
                return true;
            }
        }
    }
    false
}

impl From<BenchmarkRun> for RunFacts {
    fn from(run: BenchmarkRun) -> Self {
        let BenchmarkRun {
            algorithm,
            name,
            dataset,
            distance,
            count,
        } = run;
        Self {
            algorithm,
            name,
            dataset,
            distance,
            count,
        }
    }
}
