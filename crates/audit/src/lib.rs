//! What happens in *your* system: your vectors, your index, your answers; and what to do about it.
//!
//! [`AuditRequest`] names the inputs that are files, [`Given`] those in memory. The way through:
//!
//! * `data`: base rows and queries, from files, a saved index or `memory`; `queries`, `metric`:
//!   whose neighbors, and under what;
//! * `sight`: how queries see the base: from a table of all pairs, from vectors, or in an engine's
//!   own arithmetic;
//! * `trace`: each query traverses each graph once, and every (ef, k) of fill and overlap is known;
//!   `cells`: all measures at chosen (class, ef, k);
//! * `advice`: the smallest ef that meets each target, with its interval over queries and graphs;
//!   `remedy`: what a denser graph would do where there is none;
//! * `answers`: neighbor tables of any engine, sentinels separated from neighbors;
//! * `repair`: the same tables with bad rows searched again, exactly.
//!
//! Leaves: [`AuditOutcome`], whose [`AuditResults`] are plain data.
//!
//! **No result depends on the number of threads.**

#![deny(missing_docs)]

mod advice;
mod answers;
mod cells;
mod curves;
mod data;
mod difficulty;
mod distance_kind;
mod engines;
mod error;
mod estimates;
mod exact;
mod given;
mod graphs;
mod load;
mod memory;
mod metric;
mod notes;
mod predict;
mod queries;
mod remedy;
mod repair;
mod request;
mod results;
mod run;
mod shift;
mod summarize;
mod target;

pub use distance_kind::DistanceKind;
pub use engines::{ENGINES, EngineDefault};
pub use error::AuditError;
pub use given::{Given, GivenAnswers, GivenIndex};
pub use notes::Note;
pub use queries::draw_queries;
pub use repair::RepairedTable;
pub use request::{AuditRequest, GraphRequest, Prediction};
pub use results::{
    Advice, AnswerFacts, AuditResults, Causes, CellResult, Curve, DataFacts, Difficulty,
    GraphFacts, Remedy, RunFacts, Sentinels, WorstQuery,
};
pub use run::{AuditOutcome, DEFAULT_KS, audit, audit_given};
pub use target::{Measure, Target, TargetError};
