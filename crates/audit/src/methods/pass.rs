//! One pass over the queries: each is searched once, and everything that is asked about it is read.
//!
//! record the search, and a scan of all codes      once; one and the same for cells
//!   (or a search for each effort                  where answers do not nest: see `replays`)
//!   presences of the true neighbors               per k: every effort
//!   answer, measures, losses by stage             per (effort, k) asked for
//!   predicted ids                                 per prediction
//!     of a graph both by a search of their own    whose queue decides where codes are equally far

use crate::cells::QueryValues;
use crate::request::Prediction;
use crate::shift::{Barycenters, Shifts};
use annatomy_eval::answers::{AnswerPrefix, RankedAnswer};
use annatomy_eval::dataset::Dataset;
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::lists::ExactList;
use annatomy_eval::missing::Missing;
use annatomy_hnsw::Visits;
use annatomy_knn::NeighborTable;
use annatomy_measures::corrected::{
    QueryMeasures, Scratch as MeasureScratch, TIE_TOLERANCE, UNKNOWN_RANK, measure,
};
use annatomy_methods::required::{Asked, FOREVER, Presence, Presences};
use annatomy_methods::stages::{Losses, Stages, losses};
use annatomy_methods::{QueryScratch, Routing, Searcher, Wanted};
use annatomy_runtime::{PerThread, TASK_QUERIES};
use annatomy_vectors::Matrix;
use rayon::prelude::*;
use std::collections::HashSet;

/// An effort and a k.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) effort: usize,
    pub(super) k: usize,
}

/// What is searched, and what is asked of it.
pub(super) struct Pass<'p> {
    pub(super) searcher: &'p Searcher<'p>,
    pub(super) data: &'p Dataset<'p>,
    /// The queries as the engine is asked, where they are not those of `data`.
    pub(super) asked: Option<&'p Matrix>,
    pub(super) truth: &'p GroundTruth<'p>,
    pub(super) ks: &'p [usize],
    pub(super) cells: &'p [Cell],
    /// Ascending; the last is searched.
    pub(super) efforts: &'p [usize],
    /// The neighbors after the transforms.
    pub(super) transformed: Option<&'p NeighborTable>,
    pub(super) predictions: &'p [Prediction],
    /// Rows of the longest answer, before it is reranked.
    pub(super) deepest: usize,
    /// Of each row, whether a path leads to it; `None` where no graph is walked.
    pub(super) reachable: Option<Vec<bool>>,
}

/// What the efforts find of one query.
pub(super) struct Searches {
    /// Per k, the efforts at which rows that count are in the answer.
    pub(super) presences: Vec<Vec<Presence>>,
    /// Rows visited at each of the efforts.
    pub(super) visited: Vec<u32>,
    /// The effort from which on the query itself is visited.
    pub(super) own_from: u32,
    /// Per effort and k, the slots filled; empty where they follow from the rows visited.
    pub(super) filled: Vec<Vec<u32>>,
}

/// What was found about one query.
pub(super) struct QueryFound {
    pub(super) searches: Searches,
    /// Per k, the share of the exact neighbors among the candidates after the transforms.
    pub(super) after_transforms: Vec<f64>,
    /// The place of each exact neighbor in the order of the codes.
    pub(super) code_places: Vec<u32>,
    /// Per cell.
    pub(super) cells: Vec<(QueryValues, Losses)>,
    /// Per prediction.
    predicted: Vec<Vec<i64>>,
}

/// Memory of one query; one per thread.
#[derive(Default)]
pub(super) struct Scratch {
    search: QueryScratch,
    visits: Visits,
    of_codes: Visits,
    /// Of the search for one cell with an engine's queue.
    of_cell: Visits,
    candidates: Vec<u32>,
    pub(super) exact: ExactList,
    /// The exact neighbors, and the query itself.
    asked_about: Vec<u32>,
    presences: Presences,
    ranked: RankedAnswer,
    prefix: AnswerPrefix,
    measure: MeasureScratch,
    measures: Vec<QueryMeasures>,
}

/// The ids predicted, as the engine names them: per prediction a row of k per query.
pub(super) fn predictions(queries: &mut [QueryFound], predictions: &[Prediction]) -> Vec<Vec<i64>> {
    let mut tables: Vec<Vec<i64>> = vec![Vec::new(); predictions.len()];
    for query in queries {
        for (table, ids) in tables.iter_mut().zip(query.predicted.drain(..)) {
            table.extend(ids);
        }
    }
    tables
}

impl Pass<'_> {
    /// Every query, in their order.
    pub(super) fn run(&self) -> Vec<QueryFound> {
        let scratch = PerThread::new(Scratch::default);
        (0..self.data.queries.count())
            .into_par_iter()
            .with_max_len(TASK_QUERIES)
            .map(|query| {
                annatomy_runtime::check();
                annatomy_runtime::advance(1);
                scratch.with(|scratch| self.of_query(query, scratch))
            })
            .collect()
    }

    /// Rows that take a place in an answer of k: one more where the query is a base row.
    pub(super) fn asked(&self, k: usize) -> usize {
        self.data.asked(k)
    }

    /// Rows handed on for k neighbors, besides the query itself.
    pub(super) fn candidates(&self, k: usize) -> usize {
        let own = self.asked(k) - k;
        self.searcher.method().candidates(self.asked(k)) - own
    }

    /// The query as the engine is asked.
    pub(super) fn vector(&self, query: usize) -> &[f32] {
        let asked = self.asked.map(|asked| asked.row(query));
        asked.unwrap_or_else(|| self.data.query(query))
    }

    /// The effort at which the engine searches for k neighbors, the query itself besides.
    pub(super) fn effort(&self, effort: usize, k: usize) -> usize {
        let effort = self.searcher.method().class().effort(effort, self.asked(k));
        effort.min(*self.efforts.last().expect("one at least"))
    }

    fn of_query(&self, query: usize, scratch: &mut Scratch) -> QueryFound {
        let own = self.data.queries.own_id(query);
        scratch.exact.read(self.truth, query);
        let searches = if self.searcher.method().answers_nest() {
            self.one_search(query, scratch)
        } else {
            self.replays(query, scratch)
        };
        let after_transforms = self.after_transforms(query, scratch);
        let code_places = code_places(own, scratch);
        let cells = self.cells.iter();
        let cells = cells.map(|&cell| self.cell(query, cell, scratch)).collect();
        let predicted = self.predictions.iter();
        let predicted = predicted.map(|wanted| self.predict(query, wanted, scratch));
        QueryFound {
            searches,
            after_transforms,
            code_places,
            cells,
            predicted: predicted.collect(),
        }
    }

    /// One search answers every effort.
    fn one_search(&self, query: usize, scratch: &mut Scratch) -> Searches {
        let own = self.data.queries.own_id(query);
        let largest = *self.efforts.last().expect("one at least");
        self.record_codes(query, scratch);
        if let Routing::Graph(_) = self.searcher.method().routing {
            self.record(query, largest, scratch);
        }
        let presences = self.presences(own, scratch);
        let visits = self.visits(scratch);
        let visited = visits.visited_at_each(self.efforts);
        let visited = visited.map(|visited| visited as u32).collect();
        let own_visit = own.and_then(|own| visits.nearest_first().iter().find(|row| row.id == own));
        let own_from = own_visit.map_or(FOREVER, |visit| visits.required_ef(visit.arrival) as u32);
        Searches {
            presences,
            visited,
            own_from,
            filled: Vec::new(),
        }
    }

    /// Records the search to `effort`.
    pub(super) fn record(&self, query: usize, effort: usize, scratch: &mut Scratch) {
        let Scratch { search, visits, .. } = scratch;
        self.searcher
            .record(self.vector(query), effort, search, visits);
    }

    /// Records a scan of all codes.
    pub(super) fn record_codes(&self, query: usize, scratch: &mut Scratch) {
        let Scratch {
            search,
            of_codes,
            exact,
            asked_about,
            ..
        } = scratch;
        let own = self.data.queries.own_id(query);
        asked_about.clear();
        asked_about.extend(exact.ids.iter().copied().chain(own));
        let wanted = Wanted {
            candidates: self.deepest,
            rows: asked_about,
        };
        self.searcher
            .record_all(self.vector(query), wanted, search, of_codes);
    }

    /// Replays the search for (effort, k), where the record is of another effort.
    fn search_again(&self, query: usize, effort: usize, k: usize, scratch: &mut Scratch) {
        let method = self.searcher.method();
        if !method.answers_nest() {
            self.record(query, method.class().effort(effort, k), scratch);
        }
    }

    /// Puts what is handed on for (effort, k) into the candidates: of a graph by a search with the engine's
    /// queue, else from the record. Returns how many rows were visited.
    fn find(&self, query: usize, (effort, k): (usize, usize), scratch: &mut Scratch) -> usize {
        let (vector, searcher) = (self.vector(query), self.searcher);
        let Scratch {
            search,
            of_cell,
            candidates,
            ..
        } = scratch;
        if searcher.search_as_engine(vector, (effort, k), search, of_cell, candidates) {
            return of_cell.visited(0);
        }
        self.search_again(query, effort, k, scratch);
        let mut candidates = std::mem::take(&mut scratch.candidates);
        let visits = self.visits(scratch);
        searcher.candidates(visits, effort, k, &mut candidates);
        let at = self.searcher.method().class().effort(effort, k);
        let visited = visits.visited(at.min(visits.ef()));
        scratch.candidates = candidates;
        visited
    }

    /// The record of the search: of cells, it is that of the codes.
    pub(super) fn visits<'s>(&self, scratch: &'s Scratch) -> &'s Visits {
        match self.searcher.method().routing {
            Routing::Graph(_) | Routing::Nsg(_) => &scratch.visits,
            Routing::Cells(_) | Routing::Exhaustive => &scratch.of_codes,
        }
    }

    /// The neighbors that count at k, those at the distance of the k-th among them, and the places of
    /// an answer.
    pub(super) fn asked_of_presences(
        &self,
        k: usize,
        own: Option<u32>,
        exact: &ExactList,
    ) -> Asked {
        let reranks = self.searcher.method().rerank.is_some();
        let distances = exact.side.distances();
        let limit = f64::from(distances[k - 1]);
        let limit = limit + limit.abs() * TIE_TOLERANCE;
        let counted = distances.partition_point(|&distance| f64::from(distance) <= limit);
        Asked {
            candidates: if reranks {
                self.searcher.method().candidates(self.asked(k))
            } else {
                k
            },
            neighbors: counted.max(k),
            left_out: own.filter(|_| !reranks),
        }
    }

    fn presences(&self, own: Option<u32>, scratch: &mut Scratch) -> Vec<Vec<Presence>> {
        let mut all = Vec::with_capacity(self.ks.len());
        let mut finder = std::mem::take(&mut scratch.presences);
        for &k in self.ks {
            let asked = self.asked_of_presences(k, own, &scratch.exact);
            let exact = &scratch.exact;
            let rank_of = |id: u32| Some(exact.rank(id)).filter(|&rank| rank != UNKNOWN_RANK);
            let mut found = Vec::new();
            finder.find(self.visits(scratch), asked, rank_of, &mut found);
            all.push(found);
        }
        scratch.presences = finder;
        all
    }

    fn after_transforms(&self, query: usize, scratch: &Scratch) -> Vec<f64> {
        let Some(table) = self.transformed else {
            return vec![1.0; self.ks.len()];
        };
        let ids = table.ids(query);
        let share = |&k: &usize| {
            let candidates = &ids[..self.candidates(k).min(ids.len())];
            let is_kept = |id: &&u32| candidates.iter().flatten().any(|point| point.0 == **id);
            scratch.exact.ids[..k].iter().filter(is_kept).count() as f64 / k as f64
        };
        self.ks.iter().map(share).collect()
    }

    fn cell(&self, query: usize, cell: Cell, scratch: &mut Scratch) -> (QueryValues, Losses) {
        let Cell { effort, k } = cell;
        let data = self.data;
        let visited = self.find(query, (effort, self.asked(k)), scratch);
        let (vector, own) = (self.vector(query), data.queries.own_id(query));
        let Scratch {
            search, candidates, ..
        } = &mut *scratch;
        let answer = self
            .searcher
            .reranked(vector, candidates, self.asked(k), search);
        let mut returned: Vec<u32> = answer.collect();
        let hit = returned.iter().any(|&id| Some(id) == own);
        returned.retain(|&id| Some(id) != own);
        returned.truncate(k);
        let candidates = candidates.iter().copied();
        let candidates: Vec<u32> = candidates.filter(|&id| Some(id) != own).collect();

        let slots = first_of_each(&returned);
        let exact = &scratch.exact;
        scratch.ranked.read(&slots, |_, id| {
            let distance = || data.metric.geometric_of_true(data.distance(query, id));
            (exact.distance_or(id, distance), exact.rank(id))
        });
        scratch.ranked.prefix(k, &mut scratch.prefix);
        let side = scratch.prefix.side();
        let measures = &mut scratch.measures;
        measure(&exact.side, side, &[k], &mut scratch.measure, measures);
        let measured = measures[0];

        let depth = self.candidates(k);
        let coded = scratch
            .of_codes
            .nearest_first()
            .iter()
            .map(|visit| visit.id);
        let coded: Vec<u32> = coded.filter(|&id| Some(id) != own).take(depth).collect();
        let transformed = self.transformed.map(|table| {
            let ids = table.ids(query).iter().take(depth).flatten();
            ids.map(|point| point.0).collect::<Vec<u32>>()
        });
        let lost = losses(&Stages {
            exact: &exact.ids[..k],
            transformed: transformed.as_deref(),
            coded: Some(&coded),
            candidates: &candidates,
            returned: &returned,
            reachable: self.reachable.as_deref(),
            tied: measured.overlap_count - measured.overlap_strict_count,
        });
        let missing = Missing {
            unreachable: lost.unreachable as usize,
            unvisited: (lost.routing - lost.unreachable) as usize,
            displaced: (lost.transform + lost.codes + lost.rerank) as usize,
            tied: lost.tied as usize,
            ..Missing::default()
        };
        let mut values = QueryValues::new(&measured, &missing, data.metric);
        values.grade(&exact.side, side, k);
        values.visited = visited as f64;
        if own.is_some() {
            values.self_hit = f64::from(u8::from(hit));
        }
        let shifts = Shifts::new(data, Barycenters::Computed);
        values.barycenter_shift = shifts.of(query, &exact.ids[..k], || {
            slots.iter().flatten().copied().collect()
        });
        (values, lost)
    }

    fn predict(&self, query: usize, wanted: &Prediction, scratch: &mut Scratch) -> Vec<i64> {
        self.find(query, (wanted.ef, wanted.k), scratch);
        let Scratch {
            search, candidates, ..
        } = scratch;
        let vector = self.vector(query);
        let answer = self.searcher.reranked(vector, candidates, wanted.k, search);
        let ids = answer.map(i64::from);
        ids.chain(std::iter::repeat(-1)).take(wanted.k).collect()
    }
}

/// Slots with the row that each holds; one that holds a row again is empty.
pub(super) fn first_of_each(returned: &[u32]) -> Vec<Option<u32>> {
    let mut seen = HashSet::with_capacity(returned.len());
    let rows = returned.iter();
    rows.map(|&id| seen.insert(id).then_some(id)).collect()
}

/// The place of each exact neighbor among all rows in the order of the codes, the query left out;
/// [`FOREVER`] where a graph over the cells leads to no cell that holds it.
fn code_places(own: Option<u32>, scratch: &Scratch) -> Vec<u32> {
    let exact = &scratch.exact;
    let mut places = vec![FOREVER; exact.ids.len()];
    let mut left = places.len();
    let others = scratch.of_codes.nearest_first().iter();
    let others = others.filter(|visit| Some(visit.id) != own);
    for (place, visit) in others.enumerate() {
        let rank = exact.rank(visit.id);
        if rank != UNKNOWN_RANK {
            places[rank as usize] = place as u32;
            left -= 1;
        }
        if left == 0 {
            break;
        }
    }
    places
}
