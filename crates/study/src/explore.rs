//! What the explorer of a study's report shows: a sample of the first run's queries, on every graph
//! of that run.
//!
//! Enters: exact neighbors, of which [`Sample`] and its map are made while graphs are built; then the graphs. Leaves:
//! [`Explored`], plain columns. Cost: the exact neighbors of the sample among itself, a layout on one thread, one more
//! traversal per query of the sample and graph.

use super::plan::Plan;
use crate::results::Settings;
use annatomy_eval::distance_source::DistanceSource;
use annatomy_eval::every_effort::{EveryEffort, ExactColumns};
use annatomy_eval::explored::{Column, Explored, Near, QueryMap, Replay, efforts, replayed};
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::query_state::Searched;
use annatomy_hnsw::{EngineClass, Graph};
use annatomy_knn::ExactError;
use annatomy_runtime::stage;
use annatomy_vectors::subset::numpy_choice;
use annatomy_vectors::{Matrix, Metric};

/// Most queries that a page holds.
const MOST_QUERIES: usize = 2_000;
/// Neighbors of all of them, about; but of [`LEAST_QUERIES`] at least. On five graphs they take 1.8 MB
/// of a page.
const MOST_NEIGHBORS: usize = 150_000;
const LEAST_QUERIES: usize = 200;

/// Bytes for the neighbors of the sample among itself.
const BUDGET_BYTES: u64 = 1 << 28;

/// The first run's queries that are shown, with what their map is made from.
pub(crate) struct Sample {
    /// Which of the run's queries, ascending.
    chosen: Vec<usize>,
    /// Their base rows.
    rows: Vec<usize>,
    exact: ExactColumns,
    near: Near,
    seed: u64,
}

/// The first run, when it is measured.
pub(crate) struct FirstRun<'r, S> {
    pub(crate) settings: &'r Settings,
    pub(crate) plan: &'r Plan,
    pub(crate) source: &'r S,
    pub(crate) truth: &'r GroundTruth<'r>,
    pub(crate) graphs: &'r [Graph],
    pub(crate) reachable: &'r [Vec<bool>],
}

impl Sample {
    /// Draws the sample from `queries`, base rows of a run; reads their neighbors in the base and finds those among
    /// themselves.
    ///
    /// # Errors
    /// If the memory for the sample's neighbors is more than there is.
    pub(crate) fn read(
        settings: &Settings,
        plan: &Plan,
        base: &Matrix,
        queries: &[usize],
        truth: &GroundTruth<'_>,
    ) -> Result<Self, ExactError> {
        let k = plan.largest_k();
        let chosen = chosen(settings.seed, queries.len(), k);
        let exact = ExactColumns::read(truth, &chosen, k);
        let rows: Vec<usize> = chosen.iter().map(|&query| queries[query]).collect();
        let near = if rows.len() == base.rows() && k >= annatomy_layout::NEIGHBORS {
            Near::of_neighbors(&exact.ids, &exact.distances, k)
        } else {
            let sample = base.view().select(&rows);
            Near::of_rows(&sample, settings.metric, BUDGET_BYTES)?
        };
        Ok(Self {
            chosen,
            rows,
            exact,
            near,
            seed: settings.seed,
        })
    }

    /// Where the queries lie in the plane, on one thread.
    pub(crate) fn map(&self) -> QueryMap {
        QueryMap::of_near(self.near.clone(), self.rows.len(), self.seed)
    }
}

/// Which of `count` queries, ascending: all, or drawn by the seed.
fn chosen(seed: u64, count: usize, k: usize) -> Vec<usize> {
    let held = (MOST_NEIGHBORS / k.max(1)).clamp(LEAST_QUERIES, MOST_QUERIES);
    if count <= held {
        return (0..count).collect();
    }
    let mut chosen = numpy_choice(seed ^ 0xe791_0e57, count, held).expect("fewer than there are");
    chosen.sort_unstable();
    chosen
}

impl<S: DistanceSource> FirstRun<'_, S> {
    /// Records the sample, whose map this is.
    pub(crate) fn explore(&self, sample: Sample, map: QueryMap) -> Explored {
        stage("explorer", 0);
        let k = self.plan.largest_k();
        let Sample {
            chosen,
            rows,
            exact,
            ..
        } = sample;
        let efs = self.efs();
        let record = |(number, graph): (usize, &Graph)| {
            let largest = self.plan.graphs[number].ef;
            let known: Vec<usize> = efs.iter().copied().filter(|&ef| ef <= largest).collect();
            EveryEffort::record(&self.on(number, graph), &chosen, k, largest, &known)
        };
        let graphs: Vec<EveryEffort> = self.graphs.iter().enumerate().map(record).collect();
        let configured = self.plan.graph(self.settings.ef_construction);
        let to_replay = replayed(&graphs[configured], chosen.len(), k);
        let on = self.on(configured, &self.graphs[configured]);
        let replays = Replay::record(&on, &chosen, &to_replay, graphs[configured].ef);
        Explored {
            ids: None,
            columns: columns(self.settings.metric, &exact),
            graph_names: names_of_graphs(self.plan),
            class: Some(EngineClass::StopEarly),
            names: rows.iter().map(|&row| row as i64).collect(),
            rows_of_queries: rows.iter().map(|&row| row as u32).collect(),
            labels: None,
            answers: None,
            replayed_graph: configured,
            exact,
            graphs,
            efs,
            map,
            replays,
        }
    }

    fn on<'s>(&'s self, number: usize, graph: &'s Graph) -> Searched<'s, S> {
        Searched {
            source: self.source,
            truth: self.truth,
            graph,
            reachable: &self.reachable[number],
            filter: None,
        }
    }

    /// Efforts of the conditions that have one for all k, those of the surface, and others between.
    fn efs(&self) -> Vec<usize> {
        let plan = self.plan;
        let largest = plan.graphs.iter().map(|graph| graph.ef).max().unwrap_or(1);
        let fixed = plan.conditions.iter().filter_map(|condition| {
            let (first, rest) = condition.efs.split_first()?;
            rest.iter().all(|ef| ef == first).then_some(*first)
        });
        let ends = plan.graphs.iter().map(|graph| graph.ef);
        efforts(
            largest,
            fixed.chain(ends).chain(plan.surface_efs.iter().copied()),
        )
    }
}

fn names_of_graphs(plan: &Plan) -> Vec<String> {
    let name =
        |graph: &super::plan::GraphPlan| format!("ef_construction {}", graph.ef_construction);
    plan.graphs.iter().map(name).collect()
}

fn columns(metric: Metric, exact: &ExactColumns) -> Vec<Column> {
    if metric == Metric::InnerProduct {
        return Vec::new();
    }
    let k = exact.k;
    let last = exact.distances.chunks(k).map(|row| f64::from(row[k - 1]));
    vec![
        Column {
            id: "lid".to_owned(),
            name: format!("LID (k {k})"),
            values: exact.lid.clone(),
        },
        Column {
            id: "distance".to_owned(),
            name: format!("distance of neighbor {k}"),
            values: last.collect(),
        },
    ]
}
