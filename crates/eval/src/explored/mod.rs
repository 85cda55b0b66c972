//! What the explorer of a report shows: every query under every (ef, k), on a map, as plain columns.
//!
//! `map`: where queries lie in the plane. `replay`: which rows a search visits, in order. `efforts`:
//! at which efs the rows visited are counted. An audit and a study fill [`Explored`]; a page reads
//! it.

mod efforts;
mod map;
mod replay;

pub use efforts::efforts;
pub use map::{Near, QueryMap};
pub use replay::{Replay, replayed};

use crate::every_effort::{EveryEffort, ExactColumns};
use annatomy_formats::RowIds;
use annatomy_hnsw::EngineClass;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Every query under every (ef, k), on a map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explored {
    /// The first K exact neighbors.
    pub exact: ExactColumns,
    /// Traversals of each graph; none where answers alone were given.
    pub graphs: Vec<EveryEffort>,
    /// What a page calls each graph; empty where they differ in their seed alone.
    pub graph_names: Vec<String>,
    /// The rule of the graphs' own engine.
    pub class: Option<EngineClass>,
    /// The efs of [`EveryEffort::visited`], ascending; a graph has those up to its largest.
    pub efs: Vec<usize>,
    /// What a report calls each query.
    pub names: Vec<i64>,
    /// The base rows that the queries are; empty where they are held out.
    pub rows_of_queries: Vec<u32>,
    /// What an engine calls each base row; `None` where that is its number, or not of 32 bits.
    pub labels: Option<Vec<u32>>,
    /// The primary keys of the base rows, where `labels` cannot hold them.
    #[serde(skip)]
    pub ids: Option<Arc<RowIds>>,
    /// Where the queries lie.
    pub map: QueryMap,
    /// Further figures per query.
    pub columns: Vec<Column>,
    /// The answers given.
    pub answers: Option<ExploredAnswers>,
    /// Traversals of some queries on
    /// graph number [`replayed_graph`](Self::replayed_graph).
    pub replays: Vec<Replay>,
    /// The graph that [`replays`](Self::replays) are of.
    pub replayed_graph: usize,
}

/// One figure of every query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Short and without spaces.
    pub id: String,
    /// As a page prints it.
    pub name: String,
    /// One per query; NaN where it has none.
    pub values: Vec<f64>,
}

/// Answers as columns, queries × slots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExploredAnswers {
    /// What a report calls them.
    pub name: String,
    /// Slots per query, that of the query itself taken out.
    pub slots: usize,
    /// Base rows; 0 in empty slots.
    pub ids: Vec<u32>,
    /// The first k whose k-th distance the row is not beyond, ties included: 0 in an empty slot,
    /// `u32::MAX` beyond all K.
    pub first_k: Vec<u32>,
}
