//! Small data sets, graphs made by hand, and their best-first search written out plainly in float64,
//! for the unit tests of this crate.

use crate::graphs::{Graphs, with_facts};
use annatomy_eval::dataset::{Base, Dataset, QueryRows};
use annatomy_eval::index::IndexFacts;
use annatomy_hnsw::{EngineClass, Graph, Links};
use annatomy_measures::corrected::QueryMeasures;
use annatomy_vectors::{Matrix, Metric};
use std::borrow::Cow;

/// Measures of an answer to one neighbor that is empty.
pub(crate) const EMPTY_ANSWER: QueryMeasures = QueryMeasures {
    k: 1,
    filled: 0,
    overlap_strict_count: 0,
    overlap_count: 0,
    mean_exact_distance: f64::NAN,
    mean_returned_distance: f64::NAN,
    relative_distance_error: f64::NAN,
    ranks_left_out: 0,
    lid_exact: f64::NAN,
    lid_returned: f64::NAN,
    zero_exact: 0,
    zero_returned: 0,
};

/// `rows` × `columns` values in −1..1, the same at every call.
pub(crate) fn noise(rows: usize, columns: usize, seed: u32) -> Matrix {
    let mut state = seed;
    let values = (0..rows * columns).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 23) as f32 - 1.0
    });
    Matrix::new(rows, columns, values.collect()).expect("shape")
}

/// Rows that are all queries, or with queries of their own, under L2.
pub(crate) fn dataset(rows: Matrix, queries: Option<Matrix>) -> Dataset<'static> {
    let count = rows.rows();
    let queries = match queries {
        None => QueryRows::base_rows((0..count).collect(), count),
        Some(queries) => {
            let count = queries.rows();
            QueryRows::held_out(queries.into(), (0..count).collect(), count)
        }
    };
    Dataset {
        name: "hand".to_owned(),
        base: Base::InMemory(rows.into()),
        queries,
        metric: Metric::L2,
        ids: None,
        filter: None,
    }
}

/// Rows at the points of a line.
pub(crate) fn line(points: &[f32]) -> Matrix {
    Matrix::new(points.len(), 1, points.to_vec()).expect("n × 1")
}

/// ‖x − y‖ of a query and a base row, in float64.
pub(crate) fn distance(data: &Dataset<'_>, query: usize, row: u32) -> f64 {
    let rows = data.base.select(&[row as usize]);
    let pairs = data.query(query).iter().zip(rows.row(0));
    let squares = pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2));
    squares.sum::<f64>().sqrt()
}

/// The `k` nearest other rows of a query by a full sort.
pub(crate) fn nearest(data: &Dataset<'_>, query: usize, k: usize) -> Vec<u32> {
    let own = data.queries.own_id(query);
    let mut rows: Vec<u32> = (0..data.base.rows() as u32).collect();
    rows.retain(|&row| Some(row) != own);
    rows.sort_by(|&a, &b| distance(data, query, a).total_cmp(&distance(data, query, b)));
    rows.truncate(k);
    rows
}

/// A graph of one layer that is entered at node 0.
#[derive(Clone)]
pub(crate) struct HandGraph(pub(crate) Vec<Vec<u32>>);

impl Links for HandGraph {
    fn levels(&self) -> &[u8] {
        &[0; 2_048][..self.0.len()]
    }

    fn entry_point(&self) -> Option<u32> {
        Some(0)
    }

    fn links(&self, node: u32, _level: usize) -> &[u32] {
        &self.0[node as usize]
    }
}

/// Every node linked to the next and to `links` others, and none to those of `lost`.
pub(crate) fn random_graph(nodes: u32, links: u32, lost: &[u32], seed: u32) -> HandGraph {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % nodes
    };
    let links_of = |node: u32| {
        let mut linked = Vec::new();
        let next = (node + 1..nodes).find(|next| !lost.contains(next));
        for other in next.into_iter().chain((0..links).map(|_| draw())) {
            if other != node && !lost.contains(&other) && !linked.contains(&other) {
                linked.push(other);
            }
        }
        linked
    };
    HandGraph((0..nodes).map(links_of).collect())
}

impl HandGraph {
    /// The rows that a search at `effort` sees, nearest first: expand the nearest unexpanded row
    /// until `effort` seen rows are nearer than it.
    pub(crate) fn seen(&self, data: &Dataset<'_>, query: usize, effort: usize) -> Vec<u32> {
        let far = |row: &u32| distance(data, query, *row);
        let nearer = |a: &u32, b: &u32| far(a).total_cmp(&far(b));
        let (mut seen, mut open) = (vec![0], vec![0]);
        while let Some(node) = open.iter().copied().min_by(|a, b| nearer(a, b)) {
            open.retain(|&other| other != node);
            if seen.iter().filter(|row| far(row) < far(&node)).count() >= effort {
                break;
            }
            for &next in &self.0[node as usize] {
                if !seen.contains(&next) {
                    seen.push(next);
                    open.push(next);
                }
            }
        }
        seen.sort_by(nearer);
        seen
    }

    /// What an engine of `class` returns at (ef, k), nearest first, the query itself taken out of
    /// one more; `None` where it refuses. The number of rows seen comes second.
    pub(crate) fn answer(
        &self,
        data: &Dataset<'_>,
        query: usize,
        class: EngineClass,
        (ef, k): (usize, usize),
    ) -> Option<(Vec<u32>, usize)> {
        let own = data.queries.own_id(query);
        let asked = k + usize::from(own.is_some());
        let (effort, rows) = match class {
            EngineClass::Raise => (ef.max(asked), asked),
            EngineClass::RowCap => (ef, asked.min(ef)),
            EngineClass::Refuse if asked > ef => return None,
            EngineClass::StopEarly | EngineClass::Refuse => (ef, asked),
            EngineClass::BeamIsK => (asked, asked),
        };
        let mut ids = self.seen(data, query, effort);
        let seen = ids.len();
        ids.truncate(rows);
        ids.retain(|&row| Some(row) != own);
        ids.truncate(k);
        Some((ids, seen))
    }

    /// Mean share of the exact neighbors among what is returned, over queries.
    pub(crate) fn overlap(
        &self,
        data: &Dataset<'_>,
        class: EngineClass,
        cell: (usize, usize),
    ) -> f64 {
        let queries = data.queries.count();
        let found = (0..queries).map(|query| {
            let exact = nearest(data, query, cell.1);
            let answer = self.answer(data, query, class, cell);
            let ids = answer.expect("not refused").0;
            ids.iter().filter(|id| exact.contains(id)).count() as f64 / cell.1 as f64
        });
        found.sum::<f64>() / queries as f64
    }
}

/// Graphs with what is known of them, of M 3 and efConstruction 9.
pub(crate) fn graphs(all: &[HandGraph], class: EngineClass, data: &Dataset<'_>) -> Graphs<'static> {
    let all = all.iter().map(|graph| Cow::Owned(Graph::freeze(graph)));
    let facts = IndexFacts {
        segments: Vec::new(),
        source: "by hand".to_owned(),
        class,
        m: 3,
        ef_construction: 9,
        ef_search: Some(4),
    };
    with_facts(all.collect(), facts, data)
}
