//! What the explorer of a report shows: every query under every (ef, k), on a map.
//!
//! Enters: the data, their exact neighbors, graphs and answers. Leaves: [`Explored`], plain columns.
//! Cost: one traversal per query and graph, a layout, and of sampled or held-out queries the exact
//! neighbors among themselves.

mod answers;
mod columns;
mod depth;
mod map;

pub(super) use depth::depth;
pub(super) use map::Neighbors;

use super::answers::Answers;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::every_effort::EveryEffort;
use annatomy_eval::explored::{Explored, QueryMap, Replay};
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_formats::RowIds;
use annatomy_hnsw::EngineClass;

/// What was recorded on graphs.
#[derive(Default)]
pub(super) struct Recorded {
    pub(super) class: Option<EngineClass>,
    pub(super) efs: Vec<usize>,
    pub(super) graphs: Vec<EveryEffort>,
    /// On the first graph.
    pub(super) replays: Vec<Replay>,
}

/// Gathers all columns, of as many neighbors as were read.
pub(super) fn explore(
    data: &Dataset<'_>,
    truth: &GroundTruth<'_>,
    (Neighbors { exact, .. }, map): (Neighbors, QueryMap),
    recorded: Recorded,
    answers: Option<&Answers>,
    seed: u64,
) -> Explored {
    let columns = columns::columns(data, truth, &exact, seed);
    let labels: Option<Vec<u32>> = match data.ids.as_deref() {
        Some(RowIds::Integers(ids)) => {
            let narrow = |&id: &i64| u32::try_from(id).ok().filter(|&id| id < u32::MAX);
            ids.iter().map(narrow).collect()
        }
        _ => None,
    };
    let name = |query: usize| match data.queries.own_id(query) {
        Some(row) => i64::from(labels.as_ref().map_or(row, |labels| labels[row as usize])),
        None => data.queries.numbers[query] as i64,
    };
    let names = (0..data.queries.count()).map(name).collect();
    Explored {
        answers: answers.map(|answers| answers::explored(answers, data, truth, exact.k)),
        graphs: recorded.graphs,
        graph_names: Vec::new(),
        replays: recorded.replays,
        replayed_graph: 0,
        class: recorded.class,
        efs: recorded.efs,
        names,
        rows_of_queries: (0..data.queries.count())
            .filter_map(|query| data.queries.own_id(query))
            .collect(),
        ids: data.ids.clone().filter(|_| labels.is_none()),
        labels,
        exact,
        map,
        columns,
    }
}
