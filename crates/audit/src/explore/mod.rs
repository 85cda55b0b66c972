//! What the explorer of a report shows: every query under every (ef, k), on a map.
//!
//! Enters: the data, their exact neighbors, graphs and answers. Leaves: [`Explored`], plain columns.
//! Cost: one traversal per query and graph, a layout, and of sampled or held-out queries the exact
//! neighbors among themselves.

mod answers;
mod columns;
mod efforts;
mod map;

pub use answers::ExploredAnswers;
pub use columns::Column;
pub use map::QueryMap;

pub(super) use efforts::{depth, efforts};

use super::answers::Answers;
use super::error::AuditError;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::every_effort::{EveryEffort, ExactColumns};
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_hnsw::EngineClass;

/// Every query under every (ef, k), on a map.
#[derive(Clone, Debug)]
pub struct Explored {
    /// The first K exact neighbors.
    pub exact: ExactColumns,
    /// Traversals of each graph; none where answers alone were given.
    pub graphs: Vec<EveryEffort>,
    /// The rule of the graphs' own engine.
    pub class: Option<EngineClass>,
    /// The efs of [`EveryEffort::visited`], ascending.
    pub efs: Vec<usize>,
    /// What a report calls each query.
    pub names: Vec<i64>,
    /// The base rows that the queries are; empty where they are held out.
    pub rows_of_queries: Vec<u32>,
    /// What an engine calls each base row; `None` where that is its number, or not of 32 bits.
    pub labels: Option<Vec<u32>>,
    /// Where the queries lie.
    pub map: QueryMap,
    /// Further figures per query.
    pub columns: Vec<Column>,
    /// The answers given.
    pub answers: Option<ExploredAnswers>,
}

/// What was recorded on graphs.
#[derive(Default)]
pub(super) struct Recorded {
    pub(super) class: Option<EngineClass>,
    pub(super) efs: Vec<usize>,
    pub(super) graphs: Vec<EveryEffort>,
}

/// Gathers all columns, K = `depth`.
pub(super) fn explore(
    data: &Dataset<'_>,
    truth: &GroundTruth<'_>,
    recorded: Recorded,
    answers: Option<&Answers>,
    depth: usize,
    (seed, budget_bytes): (u64, u64),
) -> Result<Explored, AuditError> {
    let exact = ExactColumns::read(truth, depth);
    let map = QueryMap::new(data, &exact, seed, budget_bytes)?;
    let columns = columns::columns(data, truth, &exact, seed);
    let labels: Option<Vec<u32>> = data.labels.as_ref().and_then(|labels| {
        let narrow = |&label: &i64| u32::try_from(label).ok().filter(|&label| label < u32::MAX);
        labels.iter().map(narrow).collect()
    });
    let name = |query: usize| match data.queries.own_id(query) {
        Some(row) => i64::from(labels.as_ref().map_or(row, |labels| labels[row as usize])),
        None => data.query_name(query),
    };
    let names = (0..data.queries.count()).map(name).collect();
    Ok(Explored {
        answers: answers.map(|answers| ExploredAnswers::new(answers, data, truth, depth)),
        graphs: recorded.graphs,
        class: recorded.class,
        efs: recorded.efs,
        names,
        rows_of_queries: (0..data.queries.count())
            .filter_map(|query| data.queries.own_id(query))
            .collect(),
        labels,
        exact,
        map,
        columns,
    })
}
