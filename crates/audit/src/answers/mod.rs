//! Answers of any engine: conventions detected, sentinels counted, neighbors measured.
//!
//! Enters: tables of ids and perhaps of distances. Leaves: [`Answers`], each row its slots with
//! distances computed from the vectors; [`AnswerFacts`](crate::AnswerFacts) on conventions and
//! sentinels.
//!
//! `tables` checks their shapes → `names`: are ids row numbers, or those of a column of the base →
//! `convention` detects the first id, whether the query is among its neighbors, the kind of the
//! distances → `clean` sorts slots into neighbors and sentinels, row by row; `normalize` runs them
//! all → `measure`.

mod clean;
mod convention;
mod measure;
mod names;
mod normalize;
mod tables;
#[cfg(test)]
mod tests;

pub(super) use clean::CleanRow;
pub(super) use measure::measure_answers;
pub(super) use normalize::{Answers, given, of_file, other_metric};
