//! Answers that any engine gave, told from the sentinels among them and measured.
//!
//! Enters: tables of ids and, if at hand, of distances. Leaves: [`Answers`], each row its valid
//! neighbors, distances computed anew from the vectors, nearest first; [`AnswerFacts`] on what was
//! found instead of neighbors.
//!
//! files → [`Tables`](tables) → `convention` detects where ids begin, whether the query is among
//! its neighbors, what the distances are → `clean` sorts slots into neighbors and sentinels, row by
//! row → `measure`.

mod clean;
mod convention;
mod measure;
mod tables;

pub(super) use clean::CleanRow;
pub(super) use measure::measure_answers;

use super::error::AuditError;
use super::given::GivenAnswers;
use super::request::AuditRequest;
use super::results::{AnswerFacts, RunFacts, Sentinels};
use annatomy_eval::dataset::Dataset;
use annatomy_formats::BenchmarkRun;
use clean::Cleaner;
use convention::Conventions;
use rayon::prelude::*;
use tables::Tables;

/// The answers to every query measured.
pub(super) struct Answers {
    /// One per query, in the order of the queries.
    pub(super) rows: Vec<CleanRow>,
    /// Neighbors a row can hold besides the query itself.
    pub(super) slots: usize,
    pub(super) facts: AnswerFacts,
}

/// Reads and cleans the answers asked about; nothing if there are none.
pub(super) fn read(request: &AuditRequest, data: &Dataset) -> Result<Option<Answers>, AuditError> {
    Ok(Tables::read(request, data)?.map(|tables| clean(&tables, data)))
}

/// As [`read`], from memory.
pub(super) fn given(
    answers: Option<GivenAnswers>,
    data: &Dataset,
) -> Result<Option<Answers>, AuditError> {
    let tables = answers
        .map(|answers| Tables::given(answers, data))
        .transpose()?;
    Ok(tables.map(|tables| clean(&tables, data)))
}

fn clean(tables: &Tables, data: &Dataset) -> Answers {
    let conventions = Conventions::detect(tables, data);
    let cleaner = Cleaner::new(tables, data, conventions.first_id);
    let rows: Vec<CleanRow> = (0..data.queries.count())
        .into_par_iter()
        .map(|query| cleaner.clean(query))
        .collect();
    let sentinels = rows
        .iter()
        .fold(Sentinels::default(), |sum, row| sum.plus(&row.sentinels));
    let facts = AnswerFacts {
        name: tables.name.clone(),
        run: tables.run.clone().map(RunFacts::from),
        rows: tables.ids.rows(),
        columns: tables.ids.columns(),
        first_id: conventions.first_id,
        self_included: conventions.self_included,
        distance_kind: conventions.distance_kind.map(str::to_owned),
        distance_deviation: conventions.distance_deviation,
        rows_out_of_order: rows.iter().filter(|row| row.out_of_order).count(),
        sentinels,
    };
    let slots = tables.ids.columns() - usize::from(conventions.self_included);
    Answers { rows, slots, facts }
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

impl Sentinels {
    fn plus(&self, other: &Self) -> Self {
        Self {
            negative_ids: self.negative_ids + other.negative_ids,
            ids_out_of_range: self.ids_out_of_range + other.ids_out_of_range,
            duplicates: self.duplicates + other.duplicates,
            padding: self.padding + other.padding,
            nan_distances: self.nan_distances + other.nan_distances,
            sentinel_distances: self.sentinel_distances + other.sentinel_distances,
            short_rows: self.short_rows + other.short_rows,
        }
    }

    /// Slots that hold no neighbor.
    pub fn slots(&self) -> usize {
        self.negative_ids
            + self.ids_out_of_range
            + self.duplicates
            + self.padding
            + self.nan_distances
            + self.sentinel_distances
    }
}
