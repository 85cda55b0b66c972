//! What happens in *your* system: your vectors, your index, your answers; and what to do about it.
//!
//! [`AuditRequest`] names the inputs that are files, [`Given`] those in memory. The way through
//! (`run`): open once, then decide, then prepare, then measure.
//!
//! * `load` opens every file once; `metric` is decided from what is open;
//! * `prepare`, `memory`: base rows, queries and index, from files or from memory;
//! * `side_tables`: primary keys of the base rows (`keys`), by which all that follows names them; the
//!   rows that are allowed (`filter`); a group per query (`groups`);
//! * `answers`: neighbor tables of any engine, sentinels separated from neighbors;
//! * `job`: the exact neighbors, then graphs and answers; `repair`: bad rows of answers searched
//!   again, exactly;
//! * `on_graphs`: all that is found on graphs. `graphs` are those of the index or built here;
//!   `advice` reads the smallest ef that meets each target from one traversal a query and graph;
//!   `cells`: all measures at chosen (class, ef, k); `remedy`: what a denser graph would do;
//! * `graph_health`: components, in-degrees, self-recall and hubs of those graphs;
//! * `segments`: several indexes over parts of the base, their answers merged;
//! * `selectivity`: the same under filters of several selectivities;
//! * `growth`: the smallest ef over samples of the rows, and the law that it follows;
//! * `methods`: indexes of codes, cells, transforms or a rerank, whose neighbors can be lost at each
//!   stage;
//! * `explore`: every query under every (ef, k), on a map, for the explorer of a report;
//! * `summarize`, `estimates`: from values per graph and query to figures with their intervals.
//!
//! Leaves: [`AuditOutcome`], whose [`AuditResults`] are plain data.
//!
//! **No result depends on the number of threads.**

#![deny(missing_docs)]

mod advice;
mod answers;
mod atlas;
mod by_group;
mod cells;
mod choices;
mod compare;
mod cost;
mod curves;
mod depth;
mod difficulty;
mod distance_kind;
mod engines;
mod error;
mod estimates;
mod exact;
mod explore;
mod filter;
mod given;
mod graph_cells;
mod graph_health;
mod graphs;
mod groups;
mod growth;
mod half_width;
mod health;
mod job;
mod keys;
mod load;
mod memory;
mod methods;
mod metric;
mod notes;
mod on_graphs;
mod per_query;
mod predict;
mod prepare;
mod remedy;
mod repair;
mod request;
mod requirement;
mod results;
mod run;
mod segments;
mod selectivity;
mod shift;
mod side_tables;
mod summarize;
mod target;
#[cfg(test)]
mod testing;
mod too_costly;
mod until;
mod where_lost;

pub use annatomy_eval::explored::{Column, Explored, ExploredAnswers, QueryMap};
pub use atlas::Atlas;
pub use by_group::{Group, GroupsAt};
pub use compare::{Change, ChangedQuery, CompareError, Comparison, SideFacts, compare};
pub use depth::DEFAULT_KS;
pub use distance_kind::DistanceKind;
pub use engines::{ENGINES, EngineDefault};
pub use error::AuditError;
pub use exact::ExactSearch;
pub use given::{Given, GivenAnswers};
pub use growth::results::{GrowthForecast, GrowthLaw, GrowthPoint, GrowthResult};
pub use half_width::{Until, UntilError};
pub use health::{GraphHealth, HealthWarning, Hubs, InDegree};
pub use job::AuditOutcome;
pub use notes::Note;
pub use per_query::{PerQuery, QueryRow};
pub use repair::RepairedTable;
pub use request::{AuditRequest, GraphRequest, Growth, Prediction, draw_queries};
pub use requirement::{Requirement, RequirementError};
pub use results::{
    Advice, AllowedFacts, AnswerFacts, AuditResults, Causes, CellResult, CellSpread, Curve,
    DataFacts, Difficulty, EightBits, FilterKind, GraphFacts, Judged, MethodFacts, OneGraph,
    QueriesForWidth, Recommended, Remedy, RequirementResult, RerankDepth, RunFacts, SegmentFacts,
    SegmentsAt, SegmentsResult, SelectivityResult, Sentinels, StageLosses, StageResult, UnknownIds,
    UntilResult, WorstQuery,
};
pub use run::{audit, audit_given};
pub use target::{Measure, Target, TargetError};
pub use too_costly::TooCostly;
pub use where_lost::{Part, WhereLost};
