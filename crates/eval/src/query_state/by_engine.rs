//! One cell, searched with the queue of the engine that saved the graph, where equal distances decide.
//!
//! Enters: a traversal of the query, a cell. Leaves: whether the engine's queue may visit or return other
//! rows than the traversal says, and the engine's own answer. A queue that ends among rows of equal
//! distance may visit others, an answer that ends among them may hold others. Cost: a look at the list
//! of visits; a search of the cell's effort where there are ties. Which of two equal rows is expanded first
//! decides too, even where a queue has room for both ([`Visits::decided_above`]).
//!
//! [`Visits::decided_above`]: annatomy_hnsw::Visits::decided_above

use super::{Cell, Filtered, QueryState, Searched};
use crate::distance_source::DistanceSource;
use crate::lists::{Kept, UNKNOWN_RANK};
use annatomy_hnsw::{
    Beam, CandidateQueue, EngineClass, EngineSearch, QueryScorer, QueueRule, Scored, Visit,
};

/// The engine's search, and what it returned where one cell was searched.
#[derive(Debug, Default)]
pub(super) struct ByEngine {
    search: EngineSearch,
    pub(super) answer: Option<EngineRows>,
}

/// The rows that an engine returned.
#[derive(Debug)]
pub(super) struct EngineRows {
    /// In its order.
    pub(super) in_order: Vec<Scored>,
    /// Ascending.
    pub(super) ids: Vec<u32>,
}

/// The queue that answers `cell`, asked for `k` rows; `None` where it is no engine's that is followed.
fn queue_of<S: DistanceSource>(
    on: &Searched<'_, S>,
    query: usize,
    (class, ef, k): (EngineClass, usize, usize),
) -> Option<(QueueRule, Beam)> {
    let rule = on.source.scorer(query).queue_rule()?;
    let queue = class.queue(rule, ef, k)?;
    let filters = on
        .filter
        .is_none_or(|filter| queue.0.filters_by(filter.rule));
    filters.then_some(queue)
}

/// The queue that answers `cell`, and all k for which it visits the same rows: of ef rows, or of k where it grows
/// with k. `None` where the graph is no engine's whose queue is followed.
pub(crate) fn queue_of_cell<S: DistanceSource>(
    on: &Searched<'_, S>,
    query: usize,
    cell: &Cell,
) -> Option<(QueueRule, usize, usize)> {
    let asked = (cell.class, cell.ef, cell.asked(on.truth));
    let (rule, Beam { ef, k }) = queue_of(on, query, asked)?;
    Some((rule, ef, ef.max(k)))
}

impl<Q: CandidateQueue> QueryState<Q> {
    /// Whether `cell` may be answered otherwise than the traversal of query number `query` says, because
    /// rows are equally far. Under a filter, where traces do not know of all ties, it always may.
    pub fn is_up_to_the_queue<S: DistanceSource<Queue = Q>>(
        &self,
        on: &Searched<'_, S>,
        query: usize,
        cell: &Cell,
    ) -> bool {
        let asked = cell.asked(on.truth);
        self.visits_are_up_to_the_queue(on, query, cell)
            || (queue_of_cell(on, query, cell).is_some()
                && self.ends_among_equals(self.visits.visited(cell.effort(on.truth)), asked))
    }

    /// Whether the search of `cell` may visit other rows than the traversal of query number `query` says.
    pub(crate) fn visits_are_up_to_the_queue<S: DistanceSource<Queue = Q>>(
        &self,
        on: &Searched<'_, S>,
        query: usize,
        cell: &Cell,
    ) -> bool {
        let is_decided = || cell.effort(on.truth) > self.visits.decided_above() as usize;
        queue_of_cell(on, query, cell).is_some() && (self.is_filtered() || is_decided())
    }

    /// Whether the first `rows` of the first `visited` visits end among rows of one distance.
    fn ends_among_equals(&self, visited: usize, rows: usize) -> bool {
        let mut seen = self.visited.visits.iter();
        let mut next = || seen.find(|visit| (visit.arrival as usize) < visited);
        let Some(last) = (0..rows).map_while(|_| next()).last() else {
            return false;
        };
        next().is_some_and(|next| next.key == last.key)
    }

    /// Searches query number `query` for `cell` with the engine's queue, ready to be measured; false where
    /// the graph is no engine's whose queue is followed.
    pub fn search_cell<S: DistanceSource<Queue = Q>>(
        &mut self,
        on: &Searched<'_, S>,
        query: usize,
        cell: &Cell,
    ) -> bool {
        let asked = cell.asked(on.truth);
        let is_searched = self.search_as_engine(on, query, (cell.class, cell.ef, asked));
        if is_searched {
            self.begin(on.truth, query);
            self.leave_first(cell.k, on.truth.queries().own_id(query));
            self.read_returned(on, query);
        }
        is_searched
    }

    /// Leaves the first `k` rows of the answer other than the query itself, where one row more was asked for.
    fn leave_first(&mut self, k: usize, own: Option<u32>) {
        if let Some(answer) = &mut self.by_engine.answer {
            let mut others = 0;
            answer.in_order.retain(|row| {
                others += usize::from(Some(row.id) != own);
                Some(row.id) == own || others <= k
            });
            answer.ids = answer.in_order.iter().map(|row| row.id).collect();
            answer.ids.sort_unstable();
        }
    }

    /// Reads the visits that were returned, those of exact neighbors and that of the query itself: all that
    /// measures look at.
    fn read_returned<S: DistanceSource<Queue = Q>>(&mut self, on: &Searched<'_, S>, query: usize) {
        let own = on.truth.queries().own_id(query);
        let answer = self.by_engine.answer.as_ref();
        let returned = answer.map_or(&[][..], |answer| &answer.ids);
        let is_of_use = |visit: &&Visit| {
            Some(visit.id) == own
                || self.exact.rank(visit.id) != UNKNOWN_RANK
                || returned.binary_search(&visit.id).is_ok()
        };
        let visits: Vec<Visit> = self
            .allowed_visits()
            .iter()
            .filter(is_of_use)
            .copied()
            .collect();
        let visits = (&visits[..], Kept::All);
        self.visited
            .read(on.source, on.truth, query, visits, &self.exact);
        self.visited.mark_reachable(&self.exact, on.reachable);
    }

    /// As [`search_cell`](Self::search_cell), without the engine's choice among the rows that it visited: what
    /// is measured are the nearest of them, in `cell` and in all cells of the same
    /// [`queue_of_cell`].
    pub(crate) fn visit_as_engine<S: DistanceSource<Queue = Q>>(
        &mut self,
        on: &Searched<'_, S>,
        query: usize,
        cell: &Cell,
    ) {
        let asked = cell.asked(on.truth);
        if self.search_as_engine(on, query, (cell.class, cell.ef, asked)) {
            self.begin(on.truth, query);
            self.read_visited(on, query, Kept::OfUse);
            self.by_engine.answer = None;
        }
    }

    /// Searches query number `query` for `k` rows at `ef` with the engine's queue: enough for
    /// [`ids`](Self::ids) of the same class, ef and k. False where the graph is no engine's whose queue is
    /// followed; then nothing is searched.
    pub fn search_as_engine<S: DistanceSource<Queue = Q>>(
        &mut self,
        on: &Searched<'_, S>,
        query: usize,
        asked: (EngineClass, usize, usize),
    ) -> bool {
        let Some(queue) = queue_of(on, query, asked) else {
            return false;
        };
        self.begin_record(on);
        let is_allowed = |id| {
            on.filter
                .is_none_or(|filter| filter.allowed.holds(query, id))
        };
        let scorer = on.source.scorer(query);
        let mut in_order = Vec::new();
        let visits = (is_allowed, &mut self.visits);
        self.by_engine
            .search
            .record(on.graph, scorer, queue, visits, &mut in_order);
        in_order.truncate(asked.2);
        self.filtered = on.filter.map(|filter| {
            let visits = self.visits.nearest_first().iter().copied();
            Filtered {
                rule: filter.rule,
                visits: visits.filter(|visit| is_allowed(visit.id)).collect(),
            }
        });
        let mut ids: Vec<u32> = in_order.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        self.by_engine.answer = Some(EngineRows { in_order, ids });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distance_source::AsEngine;
    use crate::ground_truth::GroundTruth;
    use crate::surface::{Grid, SelfMatch, count};
    use crate::testing::noise;
    use annatomy_hnsw::import::{Arithmetic, Engine, EngineBuild, EngineDistances};
    use annatomy_hnsw::{Graph, Links, Parameters, VectorDistances, reachable};
    use annatomy_knn::Queries;
    use annatomy_vectors::{Matrix, Metric};

    const CELLS: [(usize, usize); 7] =
        [(1, 1), (2, 5), (6, 3), (6, 9), (20, 8), (20, 20), (55, 10)];

    /// Runs `work` on a graph whose distances are those of an engine; rows on a lattice, where most tie, and
    /// in general position.
    fn on_engines(work: impl Fn(&Searched<'_, AsEngine<'_>>, EngineClass, bool)) {
        let noise = noise(300, 4, 31);
        let lattice = noise.values().iter().map(|value| (1.5 * value).round());
        let lattice = Matrix::new(300, 4, lattice.collect()).expect("shape");
        for (rows, has_ties) in [(&lattice, true), (&noise, false)] {
            for engine in [Engine::Faiss, Engine::Hnswlib, Engine::Usearch] {
                let arithmetic = Arithmetic::Avx2;
                let build = EngineBuild { engine, arithmetic };
                let distances = VectorDistances::new(rows.view(), Metric::L2);
                let graph = Graph::build(&distances, &Parameters::faiss(4, 20, 1)).expect("graph");
                let queries = Queries::AllRows(rows.view());
                let truth = GroundTruth::compute(&rows.view(), queries, 20, Metric::L2, 1 << 20);
                let distances = EngineDistances::new(rows.view(), Metric::L2, build);
                let on = Searched {
                    source: &AsEngine::new(distances, queries),
                    truth: &truth.expect("exact"),
                    graph: &graph,
                    reachable: &reachable(&graph),
                    filter: None,
                };
                work(&on, engine.class(), has_ties);
            }
        }
    }

    fn sorted(mut ids: Vec<u32>) -> Vec<u32> {
        ids.sort_unstable();
        ids
    }

    #[test]
    fn a_cell_that_is_not_up_to_the_queue_has_the_engine_s_rows_and_visits() {
        on_engines(|on, class, has_ties| {
            let (mut traced, mut searched) = (QueryState::default(), QueryState::default());
            let mut up_to_the_queue = 0;
            for query in 0..on.graph.nodes() {
                traced.begin(on.truth, query);
                traced.traverse(on, query, 60);
                for (ef, k) in CELLS {
                    let cell = Cell { class, ef, k };
                    let asked = cell.asked(on.truth);
                    assert!(searched.search_as_engine(on, query, (class, ef, asked)));
                    if traced.is_up_to_the_queue(on, query, &cell) {
                        up_to_the_queue += 1;
                        continue;
                    }
                    let visited = traced.visits.visited(cell.effort(on.truth));
                    let what = format!("{class}, query {query}, ef {ef}, k {k}");
                    assert_eq!(visited, searched.visits.visited(0), "{what}");
                    let [trace, own] = [&traced, &searched].map(|by| by.ids(class, ef, asked));
                    assert_eq!(sorted(trace), sorted(own), "{what}");
                }
            }
            let share = up_to_the_queue as f64 / (CELLS.len() * on.graph.nodes()) as f64;
            assert_eq!(
                share > 0.5,
                has_ties,
                "{class}: {share} are up to the queue"
            );
        });
    }

    #[test]
    fn cells_and_surfaces_are_measured_on_the_rows_that_the_engine_returns() {
        on_engines(|on, class, _| {
            let (efs, ks) = ([1, 2, 6, 20], [1, 3, 8, 20]);
            let grid = Grid::new(&efs, &ks, class, SelfMatch::LeftOut).expect("a grid");
            let surface = count(on, &grid).surface(&grid);
            let mut state = QueryState::default();
            for (place, (overlap, fill)) in surface.overlap.iter().zip(&surface.fill).enumerate() {
                let (ef, k) = (efs[place / ks.len()], ks[place % ks.len()]);
                let cell = Cell { class, ef, k };
                let (mut found, mut filled) = (0.0, 0.0);
                for query in 0..on.graph.nodes() {
                    state.search_cell(on, query, &cell);
                    let measured = state.measure(on.truth, &cell).expect("not refused");
                    let mut ids = state.ids(class, ef, cell.asked(on.truth));
                    ids.retain(|&id| id != query as u32);
                    ids.truncate(k);
                    let returned = sorted(state.returned().ids.clone());
                    assert_eq!(returned, sorted(ids), "query {query}, {cell:?}");
                    found += measured.measures.overlap();
                    filled += measured.measures.fill();
                }
                let queries = on.graph.nodes() as f64;
                let what = format!("{class}, ef {ef}, k {k}");
                assert!((overlap - found / queries).abs() < 1e-12, "{what}");
                assert!((fill - filled / queries).abs() < 1e-12, "{what}");
            }
        });
    }
}
