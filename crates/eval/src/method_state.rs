//! One query of a method: searched once, its answer to any (effort, k) measured.
//!
//! Enters: a [`Searcher`] over codes, cells or a graph, and the data set that it searches. Leaves: per
//! (effort, k) the returned list, with true distances and exact ranks, and its measures. What a
//! [`QueryState`](crate::query_state::QueryState) is to a graph over vectors, this is to a method.
//!
//! record the search                         once a query
//!   answer, less the query itself           per (effort, k)
//!     true distances, exact ranks, measures
//!
//! Cost: one search to the largest effort; per (effort, k) a sort of k, and d for the distance of each
//! row returned that is no exact neighbor.

use crate::answers::{AnswerPrefix, RankedAnswer};
use crate::dataset::Dataset;
use crate::ground_truth::GroundTruth;
use crate::lists::ExactList;
use annatomy_hnsw::Visits;
use annatomy_measures::corrected::{
    QueryMeasures, ReturnedSide, Scratch as MeasureScratch, measure,
};
use annatomy_methods::{QueryScratch, Searcher};
use annatomy_vectors::Matrix;

/// A method over a data set.
#[derive(Clone, Copy, Debug)]
pub struct SearchedMethod<'s> {
    /// What is searched.
    pub searcher: &'s Searcher<'s>,
    /// Base rows and queries.
    pub data: &'s Dataset<'s>,
    /// The queries as the engine is asked, where they are not those of `data`.
    pub asked: Option<&'s Matrix>,
}

/// An answer, measured.
#[derive(Clone, Copy, Debug)]
pub struct MethodAnswer {
    /// Measures in corrected conventions.
    pub measures: QueryMeasures,
    /// Whether the engine returned the query itself.
    pub hit_itself: bool,
}

/// One query, its search and the answer that was measured last; reused from query to query.
#[derive(Debug, Default)]
pub struct MethodState {
    /// Its exact neighbors.
    pub exact: ExactList,
    /// The record of its search.
    pub visits: Visits,
    /// What the search left.
    pub search: QueryScratch,
    returned: Vec<u32>,
    slots: Vec<Option<u32>>,
    ranked: RankedAnswer,
    prefix: AnswerPrefix,
    scratch: MeasureScratch,
    measures: Vec<QueryMeasures>,
}

impl<'s> SearchedMethod<'s> {
    /// The query as the engine is asked.
    pub fn vector(&self, query: usize) -> &'s [f32] {
        let asked = self.asked.map(|asked| asked.row(query));
        asked.unwrap_or_else(|| self.data.query(query))
    }
}

impl MethodState {
    /// Begins with query number `query`, and records its search to `effort`.
    pub fn record(
        &mut self,
        on: &SearchedMethod<'_>,
        truth: &GroundTruth<'_>,
        query: usize,
        effort: usize,
    ) {
        self.exact.read(truth, query);
        let vector = on.vector(query);
        on.searcher
            .record(vector, effort, &mut self.search, &mut self.visits);
    }

    /// Reads and measures the answer to (`effort`, `k`) of query number `query`, which was recorded to
    /// that effort; the query itself is taken out, and takes no slot.
    pub fn measure(
        &mut self,
        on: &SearchedMethod<'_>,
        query: usize,
        effort: usize,
        k: usize,
    ) -> MethodAnswer {
        let data = on.data;
        let own = data.queries.own_id(query);
        let answer = on.searcher.answer(
            on.vector(query),
            &self.visits,
            effort,
            data.asked(k),
            &mut self.search,
        );
        self.returned.clear();
        let mut hit_itself = false;
        for id in answer {
            if Some(id) == own {
                hit_itself = true;
            } else {
                self.returned.push(id);
            }
        }
        self.returned.truncate(k);
        self.slots.clear();
        self.slots.extend(self.returned.iter().map(|&id| Some(id)));
        let exact = &self.exact;
        self.ranked.read(&self.slots, |_, id| {
            let distance = || data.metric.geometric_of_true(data.distance(query, id));
            (exact.distance_or(id, distance), exact.rank(id))
        });
        self.ranked.prefix(k, &mut self.prefix);
        let (side, measures) = (self.prefix.side(), &mut self.measures);
        measure(&exact.side, side, &[k], &mut self.scratch, measures);
        MethodAnswer {
            measures: self.measures[0],
            hit_itself,
        }
    }

    /// The rows of the answer that was measured last, in the engine's order.
    pub fn returned(&self) -> &[u32] {
        &self.returned
    }

    /// The same by true distance, as measures read them.
    pub fn side(&self) -> ReturnedSide<'_> {
        self.prefix.side()
    }
}
