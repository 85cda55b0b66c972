//! The state of one query on one graph, read by every measure.
//!
//! Enters: a graph, where distances come from, the exact neighbors. Leaves: [`QueryState`] {exact,
//! visited}, and from it the answer of any engine class at any (ef, k), measured.
//!
//! read the exact list                                once per query
//!   record one traversal to the largest effort       once per graph
//!     answer (class, ef, k): a prefix of the visits  O(visited / 16)
//!     measure it, count what is missing              O(k)
//!     or search the cell as the engine does          where equal distances decide, see `by_engine`

mod by_engine;

use crate::allowed::Filter;
use crate::distance_source::DistanceSource;
use crate::ground_truth::GroundTruth;
use crate::lists::{Answer, Columns, ExactList, Kept, NEVER, Prefix, ReturnedRows, VisitedList};
use crate::missing::{Missing, NotVisited};
use annatomy_hnsw::{
    Answer as EngineAnswer, CandidateQueue, EngineClass, FilterRule, Graph, Links, Traversal,
    Visit, VisitCounts, Visits,
};
use annatomy_measures::corrected::{QueryMeasures, ReturnedSide, Scratch, measure};
use by_engine::ByEngine;
pub(crate) use by_engine::queue_of_cell;

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
    /// The rows that answers may hold, by place of the query; all where there is no filter.
    pub filter: Option<&'e Filter>,
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

/// A traversal in short: any cell of no larger effort is measured from it, but of
/// [`EngineClass::RowCap`].
#[derive(Clone, Debug)]
pub struct KeptTraversal {
    counts: VisitCounts,
    visited: VisitedList,
    first_ids: Vec<u32>,
}

/// The first visits whose ids are kept, too: with M = 16, all to an effort of some 700.
const KEPT_IDS: usize = 8_192;

impl KeptTraversal {
    /// The effort of the traversal.
    pub fn ef(&self) -> usize {
        self.counts.ef()
    }

    /// The rows that a search of effort `ef` visits, in their order; `None` where they are not kept, or
    /// depend on how its queue breaks ties.
    pub fn visited_ids(&self, ef: usize) -> Option<&[u32]> {
        let is_known = ef <= self.ef() && !self.counts.is_tied(ef);
        is_known.then(|| self.first_ids.get(..self.counts.visited(ef)))?
    }

    /// Bytes in memory, about.
    pub fn bytes(&self) -> usize {
        self.counts.bytes() + self.visited.bytes() + size_of_val(&self.first_ids[..])
    }
}

/// The lists of one query and the memory to measure them; one per thread.
#[derive(Debug, Default)]
pub struct QueryState<Q> {
    traversal: Traversal<Q>,
    filtered: Option<Filtered>,
    /// The first nodes of the segments after the first.
    more_segments: Vec<u32>,
    /// Where one cell was searched as its engine does, not recorded for all.
    by_engine: ByEngine,
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

/// What a filter leaves of the visits of the query at hand.
#[derive(Debug)]
struct Filtered {
    rule: FilterRule,
    /// The allowed ones, nearest first.
    visits: Vec<Visit>,
}

/// Of the visits, those that the searches of an effort hand on.
struct HandedOn<'s> {
    visited: usize,
    /// Most rows of the answer.
    rows: usize,
    /// Per segment the key and id of the last row; empty where all are handed on.
    last: Vec<Option<(u32, u32)>>,
    more_segments: &'s [u32],
    /// The ids that an engine's own search returned, ascending.
    returned: Option<&'s [u32]>,
}

impl HandedOn<'_> {
    /// Leaves the first `most` of each segment among `nearest_first`.
    fn cut(&mut self, nearest_first: &[Visit], most: usize) {
        self.last = vec![None; self.more_segments.len() + 1];
        let mut counts = vec![0; self.last.len()];
        for visit in nearest_first {
            if visit.arrival as usize >= self.visited {
                continue;
            }
            let segment = self.segment_of(visit.id);
            counts[segment] += 1;
            if counts[segment] == most {
                self.last[segment] = Some((visit.key, visit.id));
            }
        }
    }

    fn segment_of(&self, id: u32) -> usize {
        self.more_segments.partition_point(|&first| first <= id)
    }

    fn holds(&self, visit: &Visit) -> bool {
        if visit.arrival as usize >= self.visited {
            return false;
        }
        if let Some(returned) = self.returned {
            return returned.binary_search(&visit.id).is_ok();
        }
        let is_nearer = |last: (u32, u32)| (visit.key, visit.id) <= last;
        let last = || self.last[self.segment_of(visit.id)];
        self.last.is_empty() || last().is_none_or(is_nearer)
    }

    /// The arrivals of the visits of `list`, [`NEVER`] for those that are not handed on; `None` where
    /// all are.
    fn arrivals(&self, list: &VisitedList) -> Option<Vec<u32>> {
        let arrival = |visit: &Visit| {
            if self.holds(visit) {
                visit.arrival
            } else {
                NEVER
            }
        };
        let is_all = self.last.is_empty() && self.returned.is_none();
        (!is_all).then(|| list.visits.iter().map(arrival).collect())
    }
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
        if on.filter.is_some() || most_rows >= on.graph.nodes() {
            self.record(on, query, effort);
        } else {
            self.begin_record(on);
            let (scorer, visits) = (on.source.scorer(query), &mut self.visits);
            self.traversal
                .record_for_k(on.graph, scorer, effort, most_rows, visits);
        }
        self.read_visited(on, query, Kept::OfUse);
    }

    /// As [`traverse`](Self::traverse), to what `cells` need.
    pub fn traverse_for_cells<S: DistanceSource<Queue = Q>>(
        &mut self,
        on: &Searched<'_, S>,
        query: usize,
        effort: usize,
        cells: &[Cell],
    ) {
        self.record(on, query, effort);
        // Where each segment hands on some rows alone, any row may be among the nearest of these.
        let is_cut = |cell: &Cell| self.rows_of_each(cell.class, cell.ef, cell.k).is_some();
        let kept = if self.more_segments.is_empty() || !cells.iter().any(is_cut) {
            Kept::OfUse
        } else {
            Kept::All
        };
        self.read_visited(on, query, kept);
    }

    /// The traversal of one graph without segments or filter, to be measured later.
    pub fn keep(&self) -> KeptTraversal {
        KeptTraversal {
            counts: self.visits.counts(),
            visited: self.visited.clone(),
            first_ids: self.visits.first_ids(KEPT_IDS).to_vec(),
        }
    }

    /// Begins query number `query` with a traversal that was kept.
    pub fn take_up(&mut self, truth: &GroundTruth<'_>, query: usize, kept: &KeptTraversal) {
        self.begin(truth, query);
        self.filtered = None;
        self.more_segments.clear();
        self.by_engine.answer = None;
        self.visits.count_as(&kept.counts);
        self.visited.clone_from(&kept.visited);
    }

    fn read_visited<S: DistanceSource<Queue = Q>>(
        &mut self,
        on: &Searched<'_, S>,
        query: usize,
        kept: Kept,
    ) {
        let nearest_first = match &self.filtered {
            Some(filtered) => &filtered.visits,
            None => self.visits.nearest_first(),
        };
        self.visited.read(
            on.source,
            on.truth,
            query,
            (nearest_first, kept),
            &self.exact,
        );
        self.visited.mark_reachable(&self.exact, on.reachable);
    }

    fn begin_record<S>(&mut self, on: &Searched<'_, S>) {
        annatomy_runtime::check();
        self.filtered = None;
        self.by_engine.answer = None;
        self.more_segments.clear();
        self.more_segments.extend(on.graph.more_segments());
    }

    /// Records the traversal of query number `query` to `effort` without comparing it with anything:
    /// enough for [`ids`](Self::ids).
    pub fn record<S: DistanceSource<Queue = Q>>(
        &mut self,
        on: &Searched<'_, S>,
        query: usize,
        effort: usize,
    ) {
        self.begin_record(on);
        if let Some(filter) = on.filter {
            self.record_filtered(on, filter, query, effort);
            return;
        }
        let scorer = on.source.scorer(query);
        self.traversal
            .record(on.graph, scorer, effort, &mut self.visits);
    }

    /// Records until the search under the filter has stopped, whatever the rule.
    fn record_filtered<S: DistanceSource<Queue = Q>>(
        &mut self,
        on: &Searched<'_, S>,
        filter: &Filter,
        query: usize,
        effort: usize,
    ) {
        let scorer = on.source.scorer(query);
        let is_allowed = |id| filter.allowed.holds(query, id);
        let visits = &mut self.visits;
        if filter.rule == FilterRule::CountAllowed {
            let allowed = (filter.allowed.count(query), is_allowed);
            self.traversal
                .record_allowed(on.graph, scorer, effort, allowed, visits);
        } else {
            self.traversal.record(on.graph, scorer, effort, visits);
        }
        let visits = self.visits.nearest_first().iter().copied();
        self.filtered = Some(Filtered {
            rule: filter.rule,
            visits: visits.filter(|visit| is_allowed(visit.id)).collect(),
        });
    }

    /// The ids of the answer of an engine of `class` to (ef, k), nearest first: allowed rows alone,
    /// where there is a filter, and none where the engine refuses.
    ///
    /// # Panics
    /// If the traversal was recorded to less than [`EngineClass::effort`].
    pub fn ids(&self, class: EngineClass, ef: usize, k: usize) -> Vec<u32> {
        if let Some(answer) = &self.by_engine.answer {
            return answer.in_order.iter().map(|row| row.id).collect();
        }
        let Some(handed_on) = self.handed_on(class, ef, k) else {
            return Vec::new();
        };
        let seen = self.allowed_visits().iter();
        let seen = seen.filter(|visit| handed_on.holds(visit));
        seen.map(|visit| visit.id).take(handed_on.rows).collect()
    }

    /// The visits that an answer is taken from; `None` where the engine refuses.
    fn handed_on(&self, class: EngineClass, ef: usize, k: usize) -> Option<HandedOn<'_>> {
        if let Some(answer) = &self.by_engine.answer {
            return Some(HandedOn {
                visited: self.visits.visited(0),
                rows: answer.ids.len(),
                last: Vec::new(),
                more_segments: &self.more_segments,
                returned: Some(&answer.ids),
            });
        }
        let answer = class.answer(ef, k, |effort| self.visits.visited(effort));
        let EngineAnswer::Rows { visited, rows } = answer else {
            return None;
        };
        let mut handed_on = HandedOn {
            visited,
            rows,
            last: Vec::new(),
            more_segments: &self.more_segments,
            returned: None,
        };
        if let Some(most) = self.rows_of_each(class, ef, k) {
            handed_on.rows = k;
            // The rows that a search itself hands on: before the filter, or after it.
            match &self.filtered {
                Some(filtered) if filtered.rule != FilterRule::AfterSearch => {
                    handed_on.cut(&filtered.visits, most);
                }
                _ => handed_on.cut(self.visits.nearest_first(), most),
            }
        }
        Some(handed_on)
    }

    /// The most rows that each search, one a segment, hands on, whatever k is; `None` where it hands on
    /// the k nearest.
    fn rows_of_each(&self, class: EngineClass, ef: usize, k: usize) -> Option<usize> {
        let rule = self.filtered.as_ref().map(|filtered| filtered.rule);
        match (rule, class) {
            (Some(FilterRule::AfterSearch), _) => Some(class.effort(ef, k)),
            (_, EngineClass::RowCap) => Some(ef),
            _ => None,
        }
    }

    /// Whether answers hold allowed rows alone.
    pub fn is_filtered(&self) -> bool {
        self.filtered.is_some()
    }

    /// The visits that an answer may hold, nearest first.
    fn allowed_visits(&self) -> &[Visit] {
        match &self.filtered {
            Some(filtered) => &filtered.visits,
            None => self.visits.nearest_first(),
        }
    }

    /// The smallest ef whose search visits the row that arrived after `arrival` others.
    pub fn required_ef(&self, arrival: u32) -> usize {
        self.visits.required_ef(arrival)
    }

    /// The arrivals of the first `k` visits that an answer may hold, the query itself left out,
    /// ascending.
    pub fn first_arrivals(&self, k: usize) -> Vec<u32> {
        let own = self.visited.own_arrival;
        let others = self.allowed_visits().iter().map(|visit| visit.arrival);
        let mut arrivals: Vec<u32> = others.filter(|&arrival| arrival != own).collect();
        if k < arrivals.len() {
            arrivals.select_nth_unstable(k);
            arrivals.truncate(k);
        }
        arrivals.sort_unstable();
        arrivals
    }

    /// The answer to `cell`, measured; `None` where the engine refuses it.
    pub fn measure(&mut self, truth: &GroundTruth<'_>, cell: &Cell) -> Option<Measured> {
        let asked = cell.asked(truth);
        let handed_on = self.handed_on(cell.class, cell.ef, asked)?;
        let (visited, rows) = (handed_on.visited, handed_on.rows);
        let arrivals = handed_on.arrivals(&self.visited);
        let columns = Columns {
            ids: true,
            reduced: false,
            distances: true,
        };
        let prefix = Prefix {
            arrivals: arrivals.as_deref().unwrap_or(&self.visited.arrivals),
            visited,
            rows: rows.min(asked),
        };
        self.answer.read_of(&self.visited, prefix, cell.k, columns);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{brute_force, noise, on_graph, unit_noise};
    use annatomy_vectors::{MatrixView, Metric};

    const CLASSES: [EngineClass; 5] = [
        EngineClass::StopEarly,
        EngineClass::Raise,
        EngineClass::RowCap,
        EngineClass::Refuse,
        EngineClass::BeamIsK,
    ];

    fn compare(rows: MatrixView<'_>, metric: Metric) {
        let (efs, ks) = ([1, 3, 9, 30], [1, 4, 12]);
        on_graph(rows, metric, 12, |on| {
            let mut state = QueryState::default();
            for query in (0..rows.rows()).step_by(7) {
                let exact = brute_force(rows, metric, query);
                state.begin(on.truth, query);
                state.traverse(on, query, 40);
                let ids: Vec<u32> = exact.iter().take(12).map(|row| row.1).collect();
                assert_eq!(state.exact.ids, ids, "query {query}");
                for class in CLASSES {
                    for ef in efs {
                        for k in ks {
                            check(&mut state, on, query, Cell { class, ef, k }, &exact);
                        }
                    }
                }
            }
        });
    }

    /// One answer against what the recorded traversal returns and float64 distances say.
    fn check<S: DistanceSource>(
        state: &mut QueryState<S::Queue>,
        on: &Searched<'_, S>,
        query: usize,
        cell: Cell,
        exact: &[(f64, u32)],
    ) {
        let asked = cell.k + 1;
        let engine = state.visits.answer(cell.class, cell.ef, asked);
        let refused = cell.class == EngineClass::Refuse && asked > cell.ef;
        let mut returned: Vec<u32> = state.visits.rows(engine).collect();
        returned.retain(|&id| id != query as u32);
        returned.truncate(cell.k);
        let measured = state.measure(on.truth, &cell);
        assert_eq!(measured.is_none(), refused, "{cell:?}");
        let Some(measured) = measured else { return };
        assert_eq!(state.returned().ids, returned, "{cell:?}, query {query}");
        let nearest: Vec<u32> = exact.iter().take(cell.k).map(|row| row.1).collect();
        let found = returned.iter().filter(|id| nearest.contains(id)).count();
        assert_eq!(measured.measures.overlap_strict_count, found);
        assert_eq!(measured.measures.filled, returned.len());
        assert_eq!(measured.missing.total(), cell.k - found, "causes add up");
        let of = |id: u32| exact.iter().find(|row| row.1 == id).expect("a row").0;
        if !returned.is_empty() && on.truth.metric() != Metric::InnerProduct {
            let squares: f64 = match on.truth.metric() {
                Metric::L2 => 1.0,
                _ => 2.0,
            };
            let lengths = returned
                .iter()
                .map(|&id| (squares * of(id)).max(0.0).sqrt());
            let mean = lengths.sum::<f64>() / returned.len() as f64;
            let error = (measured.measures.mean_returned_distance - mean).abs();
            assert!(error < 1e-4 * mean, "{cell:?}: {error}");
        }
        for (rank, &id) in nearest.iter().enumerate() {
            let visited = (state.visited.arrival_of_rank[rank] as usize) < measured.visited;
            if !visited {
                assert!(
                    !returned.contains(&id),
                    "what is not visited is not returned"
                );
            }
        }
    }

    #[test]
    fn answers_are_the_engines_and_their_measures_float64s() {
        compare(noise(70, 6, 11).view(), Metric::L2);
        compare(unit_noise(70, 6, 12).view(), Metric::Cosine);
        compare(noise(70, 6, 13).view(), Metric::InnerProduct);
    }

    #[test]
    fn a_row_that_nothing_links_to_is_unreachable_and_not_merely_unvisited() {
        let rows = noise(50, 4, 21);
        on_graph(rows.view(), Metric::L2, 5, |on| {
            let mut state = QueryState::default();
            state.begin(on.truth, 10);
            let lost = state.exact.ids[0] as usize;
            let mut reachable = on.reachable.to_vec();
            reachable[lost] = false;
            let on = Searched {
                reachable: &reachable,
                ..*on
            };
            state.traverse(&on, 10, 50);
            let class = EngineClass::StopEarly;
            let all = state.measure(
                on.truth,
                &Cell {
                    class,
                    ef: 50,
                    k: 5,
                },
            );
            assert_eq!(
                all.expect("an answer").missing,
                Missing::default(),
                "all are visited"
            );
            // At ef 1 next to nothing is visited: what is missing is charged to one cause each.
            let few = state.measure(on.truth, &Cell { class, ef: 1, k: 5 });
            let few = few.expect("an answer");
            let unseen = (state.visited.arrival_of_rank[0] as usize) >= few.visited;
            assert_eq!(few.missing.unreachable, usize::from(unseen));
        });
    }

    #[test]
    fn efforts_count_the_query_itself() {
        let rows = noise(20, 4, 2);
        on_graph(rows.view(), Metric::L2, 5, |on| {
            let raise = |k| Cell {
                class: EngineClass::Raise,
                ef: 3,
                k,
            };
            assert_eq!(raise(5).asked(on.truth), 6, "one more for the query itself");
            assert_eq!(raise(5).effort(on.truth), 6, "ef is raised to it");
            assert_eq!(raise(1).effort(on.truth), 3);
        });
    }
}
