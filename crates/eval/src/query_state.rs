//! The state of one query on one graph, read by every measure.
//!
//! Enters: a graph, where distances come from, the exact neighbors. Leaves: [`QueryState`] {exact,
//! visited}, and from it the answer of any engine class at any (ef, k), measured.
//!
//! read the exact list                                once per query
//!   record one traversal to the largest effort       once per graph
//!     answer (class, ef, k): a prefix of the visits  O(visited / 16)
//!     measure it, count what is missing              O(k)

use crate::distance_source::DistanceSource;
use crate::ground_truth::GroundTruth;
use crate::lists::{Answer, Columns, ExactList, ReturnedRows, VisitedList};
use crate::missing::{Missing, NotVisited};
use annatomy_hnsw::{
    Answer as EngineAnswer, CandidateQueue, EngineClass, Graph, Links, Traversal, Visits,
};
use annatomy_measures::corrected::{QueryMeasures, ReturnedSide, Scratch, measure};

/// What all queries of one graph share.
#[derive(Debug)]
pub struct Searched<'e, S> {
    /// Where distances come from.
    pub source: &'e S,
    /// The exact neighbors.
    pub truth: &'e GroundTruth<'e>,
    /// The graph.
    pub graph: &'e Graph,
    /// Per node, whether some path from the entry point reaches it.
    pub reachable: &'e [bool],
}

/// One request to an engine: k neighbors at effort ef.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The engine's rule.
    pub class: EngineClass,
    /// Its effort.
    pub ef: usize,
    /// Neighbors wanted, the query itself not counted.
    pub k: usize,
}

impl Cell {
    /// The k that the engine is asked for: one more where it returns the query itself.
    pub fn asked(&self, truth: &GroundTruth<'_>) -> usize {
        self.k + usize::from(truth.queries().are_base_rows())
    }

    /// The effort of the search that answers it.
    pub fn effort(&self, truth: &GroundTruth<'_>) -> usize {
        self.class.effort(self.ef, self.asked(truth))
    }
}

/// One answer, measured.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Fill, overlap, distances, LID.
    pub measures: QueryMeasures,
    /// Why exact neighbors are missing.
    pub missing: Missing,
    /// Rows that the search visited.
    pub visited: usize,
}

/// The lists of one query and the memory to measure them; one per thread.
#[derive(Debug, Default)]
pub struct QueryState<Q> {
    traversal: Traversal<Q>,
    /// The recorded traversal.
    pub visits: Visits,
    /// The exact neighbors.
    pub exact: ExactList,
    /// The visited rows.
    pub visited: VisitedList,
    answer: Answer,
    not_visited: NotVisited,
    scratch: Scratch,
    measures: Vec<QueryMeasures>,
}

impl<Q: CandidateQueue> QueryState<Q> {
    /// Reads the exact neighbors of query number `query`.
    pub fn begin(&mut self, truth: &GroundTruth<'_>, query: usize) {
        annatomy_runtime::check();
        self.exact.read(truth, query);
    }

    /// Records the traversal of the query that was begun, to `effort`.
    pub fn traverse<S: DistanceSource<Queue = Q>>(
        &mut self,
        on: &Searched<'_, S>,
        query: usize,
        effort: usize,
    ) {
        self.traverse_for_k(on, query, effort, on.graph.nodes());
    }

    /// As [`traverse`](Self::traverse), where no answer of more than `most_rows` rows is wanted:
    /// rows that cannot be in one are counted without being evaluated.
    pub fn traverse_for_k<S: DistanceSource<Queue = Q>>(
        &mut self,
        on: &Searched<'_, S>,
        query: usize,
        effort: usize,
        most_rows: usize,
    ) {
        let (scorer, visits) = (on.source.scorer(query), &mut self.visits);
        if most_rows < on.graph.nodes() {
            let traversal = &mut self.traversal;
            traversal.record_for_k(on.graph, scorer, effort, most_rows, visits);
        } else {
            self.traversal.record(on.graph, scorer, effort, visits);
        }
        self.visited
            .read(on.source, on.truth, query, &self.visits, &self.exact);
        self.visited.mark_reachable(&self.exact, on.reachable);
    }

    /// The answer to `cell`, measured; `None` where the engine refuses it.
    pub fn measure(&mut self, truth: &GroundTruth<'_>, cell: &Cell) -> Option<Measured> {
        let asked = cell.asked(truth);
        let EngineAnswer::Rows { visited, rows } = self.visits.answer(cell.class, cell.ef, asked)
        else {
            return None;
        };
        // The query itself takes one of the rows that an engine returns.
        let own = usize::from((self.visited.own_arrival as usize) < visited);
        let limit = rows.saturating_sub(own).min(cell.k);
        let columns = Columns {
            ids: true,
            reduced: false,
            distances: true,
        };
        self.answer.read(&self.visited, visited, limit, columns);
        let returned = &self.answer.returned;
        let side = ReturnedSide::new(&returned.distances, &returned.ranks);
        let ks = [cell.k];
        measure(
            &self.exact.side,
            side,
            &ks,
            &mut self.scratch,
            &mut self.measures,
        );
        self.not_visited.read(&self.visited, visited, cell.k);
        let (unreachable, unvisited) = self.not_visited.count(0..cell.k);
        Some(Measured {
            measures: self.measures[0],
            missing: Missing::on_graph(&self.measures[0], unreachable, unvisited),
            visited,
        })
    }

    /// The rows of the answer that was measured last, nearest first, the query itself left out.
    pub fn returned(&self) -> &ReturnedRows {
        &self.answer.returned
    }
}
