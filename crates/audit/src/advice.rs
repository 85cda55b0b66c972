//! The ef that is shown to suffice for each target, and the smallest whose estimate does, with its
//! interval over queries and graphs.
//!
//! Overlap and fill at any ef are read from the traces; what needs whole lists is measured by a
//! search at that ef, and so is everything where many queues of an engine's graph end among rows of equal
//! distance. Either way the smallest ef is found by bisection, the measure taken to grow
//! with ef. An interval of ef comes from the interval of the measure: its upper end is the smallest
//! ef at which the whole interval meets the target. That ef is shown to suffice: below the true
//! smallest ef the measure misses the target, and the interval's worse end meets it there in 2.5 % of
//! samples at most. Whether the rule keeps its word on other queries is seen by applying it to one
//! half of the queries and judging its ef on the other.
//!
//! While a target is out of reach, or is not shown to be reached though some queries still lose
//! neighbors, the traces are recorded again to four times the effort, up to n.

use super::cells::{Along, Cell, CellValues, Evaluation, QueryValues, Wanted};
use super::cost::{check_visits, first_effort};
use super::estimates::{
    drawn_from, mean, mean_of_shares_knowing, over_graphs, quantile, share, share_of_queries,
};
use super::graph_cells::ValuesOfCells;
use super::graphs::Graphs;
use super::results::{Advice, Judged, Recommended};
use super::shift::Barycenters;
use super::summarize::{figure, reaching};
use super::target::{Measure, Target};
use annatomy_eval::allowed::Filter;
use annatomy_eval::dataset::Dataset;
use annatomy_eval::distance_source::DistanceSource;
use annatomy_eval::every_effort::EveryEffort;
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::lists::ExactList;
use annatomy_eval::query_state::KeptTraversal;
use annatomy_eval::surface::{Figure, RequiredEfs};
use annatomy_hnsw::{FilterRule, QueryScorer};
use annatomy_measures::estimate::{Estimate, Population};
use annatomy_runtime::NotEnoughMemory;
use std::cell::RefCell;
use std::collections::HashMap;

/// (ef, k, with barycenters) → values per graph.
type Measured = HashMap<(usize, usize, bool), Vec<Vec<QueryValues>>>;

/// Query, and its overlap and fill.
type OfTies = Vec<(usize, [f64; 2])>;

/// How much further a search goes that has not met its target.
const FURTHER: usize = 4;

/// A search goes no further than this times the smallest ef whose estimate meets the target.
const FURTHEST: usize = 64;

/// Queries that still lose neighbors where the largest loss is looked up.
const LOSING: usize = 5;

/// Searches go up or down from the ef that traces say by this part of it, then by twice as much, and so on.
const NEAR: usize = 8;

/// Fewer queries are not halved.
const LEAST_TO_HALVE: usize = 40;

/// Where a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadFrom {
    /// In the traces, which hold every row of equal distance.
    Traces,
    /// The same; where many queues end among rows of equal distance, in searches with that of the graph's engine.
    Queues,
}

/// Which queries a value is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    /// Every second query, from the first or from the second on.
    Half(usize),
}

impl Part {
    /// The first query and the step from one to the next.
    fn places(self) -> (usize, usize) {
        match self {
            Self::All => (0, 1),
            Self::Half(first) => (first, 2),
        }
    }
}

/// The effort of the first traces.
pub(super) fn traced_first(ks: &[usize], data: &Dataset<'_>) -> usize {
    first_effort(ks.last().copied().unwrap_or(1)).min(data.base.rows())
}

/// What advice is drawn from.
pub(super) struct Adviser<'a, S> {
    pub(super) source: &'a S,
    pub(super) data: &'a Dataset<'a>,
    pub(super) truth: &'a GroundTruth<'a>,
    pub(super) graphs: &'a Graphs<'a>,
    pub(super) ks: &'a [usize],
    traces: Vec<RequiredEfs>,
    /// Traversals of each graph, where they are kept.
    kept: Vec<Vec<Option<KeptTraversal>>>,
    /// Measured by search, kept.
    measured: RefCell<Measured>,
    /// The same of queries with ties.
    measured_ties: RefCell<HashMap<(usize, usize, usize), OfTies>>,
}

impl<'a, S: DistanceSource> Adviser<'a, S> {
    pub(super) fn new(
        source: &'a S,
        data: &'a Dataset<'a>,
        truth: &'a GroundTruth<'a>,
        graphs: &'a Graphs<'a>,
        ks: &'a [usize],
    ) -> Self {
        Self::reading(source, data, truth, graphs, ks, &Along::default()).0
    }

    /// The same, and what is read along: per cell the values of every graph, and the graphs as an explorer
    /// shows them.
    pub(super) fn reading(
        source: &'a S,
        data: &'a Dataset<'a>,
        truth: &'a GroundTruth<'a>,
        graphs: &'a Graphs<'a>,
        ks: &'a [usize],
        along: &Along,
    ) -> (Self, ValuesOfCells, Vec<EveryEffort>) {
        let mut adviser = Self {
            source,
            data,
            truth,
            graphs,
            ks,
            traces: Vec::new(),
            kept: Vec::new(),
            measured: RefCell::default(),
            measured_ties: RefCell::default(),
        };
        let ef = traced_first(ks, data);
        let mut values: ValuesOfCells = along.cells.iter().map(|_| Vec::new()).collect();
        let mut explored = Vec::new();
        for graph in 0..graphs.all.len() {
            let traced = adviser.evaluation(graph).trace(ks, ef, along);
            adviser.traces.push(traced.required);
            explored.extend(traced.explored);
            adviser.kept.push(traced.kept);
            for (of_cell, found) in values.iter_mut().zip(traced.cells) {
                of_cell.push(found);
            }
        }
        (adviser, values, explored)
    }

    pub(super) fn traces(&self) -> &[RequiredEfs] {
        &self.traces
    }

    /// By query the traversals of one graph, where they are kept.
    pub(super) fn kept(&self, graph: usize) -> &[Option<KeptTraversal>] {
        &self.kept[graph]
    }

    /// The largest ef that the traces answer.
    pub(super) fn largest_ef(&self) -> usize {
        self.traces.first().map_or(1, RequiredEfs::ef)
    }

    fn trace_to(&mut self, ef: usize) {
        let ef = ef.min(self.data.base.rows());
        self.traces = (0..self.graphs.all.len())
            .map(|graph| RequiredEfs::record(&self.evaluation(graph).searched(), self.ks, ef))
            .collect();
    }

    /// Advice for every k and target.
    ///
    /// # Errors
    /// If longer searches do not fit into memory.
    pub(super) fn advise(&mut self, targets: &[Target]) -> Result<Vec<Advice>, NotEnoughMemory> {
        let best: Vec<f64> = self.best_overlap();
        let wanted: Vec<(usize, Target)> = (0..self.ks.len())
            .flat_map(|k_index| targets.iter().map(move |target| (k_index, *target)))
            .collect();
        loop {
            let advice: Vec<Advice> = wanted
                .iter()
                .map(|&(k, target)| self.advise_on(k, target, best[k]))
                .collect();
            let hopeless = |advice: &Advice| {
                advice.target.measure == Measure::Overlap
                    && advice.best_overlap < advice.target.value
            };
            let largest = self.largest_ef();
            let unmet = |(advice, &(k, target)): (&Advice, &(usize, Target))| match advice.ef {
                None => !hopeless(advice),
                Some(ef) => {
                    advice.recommended.is_none()
                        && largest < ef.saturating_mul(FURTHEST)
                        && !hopeless(advice)
                        && self.some_lose(k, target.measure)
                }
            };
            if largest == self.data.base.rows() || !advice.iter().zip(&wanted).any(unmet) {
                return Ok(advice);
            }
            let further = FURTHER * self.largest_ef();
            let room = check_visits(self.data.base.rows(), self.graphs.facts.m, further);
            // What meets its target and is only not shown to is no reason to fail.
            if room.is_err() && advice.iter().all(|advice| advice.ef.is_some()) {
                return Ok(advice);
            }
            room?;
            self.trace_to(further);
        }
    }

    fn advise_on(&self, k_index: usize, target: Target, best_overlap: f64) -> Advice {
        let k = self.ks[k_index];
        let floor = self
            .graphs
            .class
            .effort(1, self.data.asked(k))
            .min(self.largest_ef());
        let measure = target.measure;
        let meets = |part: Part, end: fn(&Estimate) -> f64| {
            move |ef: usize, from: ReadFrom| {
                self.value_over((part, from), k_index, measure, ef)
                    .is_some_and(|value| target.is_met_by(end(&value)))
            }
        };
        let best_end: fn(&Estimate) -> f64 = |value| value.high.unwrap_or(value.point);
        let worst_end: fn(&Estimate) -> f64 = |value| value.low.unwrap_or(value.point);
        let (hopeful, cautious) = if measure.is_share() {
            (best_end, worst_end)
        } else {
            (worst_end, best_end)
        };
        let ef = self.smallest(floor, meets(Part::All, |value| value.point));
        let ef_high = self.smallest(floor, meets(Part::All, cautious));
        let shown = ef.unwrap_or(self.largest_ef());
        let judged = || {
            let ef = self.smallest(floor, meets(Part::Half(0), cautious))?;
            let reached =
                self.value_over((Part::Half(1), ReadFrom::Queues), k_index, measure, ef)?;
            let queries = self.data.queries.count();
            Some(Judged {
                ef,
                chosen_on: queries.div_ceil(2),
                judged_on: queries / 2,
                reached,
            })
        };
        let recommended = ef_high.map(|ef| Recommended {
            ef,
            alpha: ef as f64 / k as f64,
            distance_evaluations: self.evaluations(k, ef),
            reached: self.value(k_index, measure, ef),
            judged: if self.is_to_be_judged(measure) {
                judged()
            } else {
                None
            },
        });
        let queries_needed = match (ef, &recommended) {
            (Some(_), None) => self.queries_needed(k_index, target),
            _ => None,
        };
        Advice {
            k,
            target,
            recommended,
            ef,
            ef_low: self.smallest(floor, meets(Part::All, hopeful)),
            ef_high,
            alpha: ef.map(|ef| ef as f64 / k as f64),
            distance_evaluations: ef.map(|ef| self.evaluations(k, ef)),
            reached: self.value(k_index, measure, shown),
            largest_ef: self.largest_ef(),
            best_overlap,
            queries_needed,
        }
    }

    /// Whether many queues end among equal rows at `ef`, and that of the graph's engine is followed: then a search
    /// says what a trace does not. Where few do, such as those of repeated rows, searches would say nearly the same
    /// and take most of the time of an audit.
    fn is_up_to_the_queue(&self, ef: usize) -> bool {
        let are_many = |trace: &RequiredEfs| {
            let ef = ef.min(trace.ef());
            ef > 0 && trace.ties(ef).are_many(ef, trace.queries())
        };
        self.follows_a_queue() && self.traces.iter().any(are_many)
    }

    /// Whether cells are searched with an engine's own queue where distances are equal.
    pub(super) fn follows_a_queue(&self) -> bool {
        let queries = self.data.queries.count();
        queries > 0 && self.source.scorer(0).queue_rule().is_some()
    }

    /// Whether there is chance over queries, and the traces answer halves of them at any ef.
    fn is_to_be_judged(&self, measure: Measure) -> bool {
        let queries = self.data.queries.count();
        let is_drawn = self.population().factor(queries) > 0.0 || self.graphs.all.len() > 1;
        queries >= LEAST_TO_HALVE && is_drawn && measure.is_share()
    }

    /// About how many queries would show the target at the largest effort, the estimate being what it
    /// is: where none lose anything the interval narrows as 1/n, else as 1/√n.
    fn queries_needed(&self, k_index: usize, target: Target) -> Option<usize> {
        let value = self.value(k_index, target.measure, self.largest_ef())?;
        let end = if target.measure.is_share() {
            value.low
        } else {
            value.high
        };
        let margin = (value.point - target.value).abs();
        let ratio = (value.point - end?).abs() / margin;
        let ratio = if self.some_lose(k_index, target.measure) {
            ratio * ratio
        } else {
            ratio
        };
        let needed = (value.n as f64 * ratio).ceil();
        (margin > 0.0 && needed.is_finite()).then_some(needed as usize)
    }

    /// Whether the traces answer every effort: not where the rows that a search found are filtered
    /// afterwards, since what passes depends on all that were found.
    pub(super) fn reads_traces(&self) -> bool {
        let filter = self.data.filter.as_ref();
        filter.is_none_or(|filter| filter.rule != FilterRule::AfterSearch)
    }

    /// Whether some query still lacks something at the largest effort.
    fn some_lose(&self, k_index: usize, measure: Measure) -> bool {
        if !self.reads_traces() {
            let value = self.value(k_index, measure, self.largest_ef());
            return value.is_some_and(|value| value.point < 1.0);
        }
        let figure = if measure == Measure::Fill {
            Figure::Fill
        } else {
            Figure::Overlap
        };
        let mut traces = self.traces.iter();
        traces.any(|trace| trace.completing(figure, k_index).any(|ef| ef.is_none()))
    }

    fn population(&self) -> Population {
        drawn_from(self.data)
    }

    /// The smallest ef from `floor` on that `meets`, by bisection of the traces; where the queue of an engine
    /// decides there, by bisection of searches around it.
    fn smallest(&self, floor: usize, meets: impl Fn(usize, ReadFrom) -> bool) -> Option<usize> {
        let largest = self.largest_ef();
        let of_traces = |ef| meets(ef, ReadFrom::Traces);
        if !of_traces(largest) {
            return None;
        }
        let near = bisect(floor, largest, of_traces);
        if !self.is_up_to_the_queue(near) {
            return Some(near);
        }
        let of_queues = |ef| meets(ef, ReadFrom::Queues);
        let mut step = near / NEAR + 1;
        let (mut low, mut high) = (near, near);
        if of_queues(near) {
            while low > floor && of_queues(low) {
                high = low;
                low = low.saturating_sub(step).max(floor);
                step *= 2;
            }
        } else {
            while !of_queues(high) {
                if high == largest {
                    return None;
                }
                low = high + 1;
                high = (high + step).min(largest);
                step *= 2;
            }
        }
        Some(bisect(low, high, of_queues))
    }

    fn value(&self, k_index: usize, measure: Measure, ef: usize) -> Option<Estimate> {
        self.value_over((Part::All, ReadFrom::Queues), k_index, measure, ef)
    }

    fn value_over(
        &self,
        (part, from): (Part, ReadFrom),
        k_index: usize,
        measure: Measure,
        ef: usize,
    ) -> Option<Estimate> {
        let population = self.population();
        let barycenters = match measure {
            Measure::BarycenterShift => Barycenters::Computed,
            _ => Barycenters::LeftOut,
        };
        if !self.reads_traces() {
            let searched = self.search(self.ks[k_index], ef, barycenters);
            let (first, step) = part.places();
            let of_part = |values: &Vec<QueryValues>| -> Vec<QueryValues> {
                values.iter().skip(first).step_by(step).copied().collect()
            };
            let searched: Vec<Vec<QueryValues>> = searched.iter().map(of_part).collect();
            return figure(measure, &searched.iter().collect::<Vec<_>>(), population);
        }
        let traced = |figure| self.traced((part, from), figure, k_index, ef);
        match measure {
            Measure::Fill | Measure::Overlap => {
                let of = if measure == Measure::Fill {
                    Figure::Fill
                } else {
                    Figure::Overlap
                };
                mean_of_shares_knowing(&traced(of), population, self.known((of, from), k_index))
            }
            Measure::OverlapP1 => quantile(&traced(Figure::Overlap), 1.0, population).map(share),
            Measure::OverlapP5 => quantile(&traced(Figure::Overlap), 5.0, population).map(share),
            Measure::OverlapP25 => quantile(&traced(Figure::Overlap), 25.0, population).map(share),
            Measure::Robust(delta) => {
                share_of_queries(&reaching(&traced(Figure::Overlap), delta), population)
            }
            Measure::LidBias | Measure::DistanceError | Measure::BarycenterShift => {
                let searched = self.search(self.ks[k_index], ef, barycenters);
                figure(measure, &searched.iter().collect::<Vec<_>>(), population)
            }
        }
    }

    /// A figure of the queries of a part on every graph.
    fn traced(
        &self,
        (part, from): (Part, ReadFrom),
        figure: Figure,
        k_index: usize,
        ef: usize,
    ) -> Vec<Vec<f64>> {
        let (first, step) = part.places();
        let mut values: Vec<Vec<f64>> = Vec::new();
        for (graph, trace) in self.traces.iter().enumerate() {
            let mut of_graph: Vec<f64> = trace.at(figure, k_index, ef).collect();
            if from == ReadFrom::Queues && self.is_up_to_the_queue(ef) {
                for (query, [overlap, fill]) in self.search_ties(graph, self.ks[k_index], ef) {
                    of_graph[query] = match figure {
                        Figure::Overlap => overlap,
                        Figure::Fill => fill,
                    };
                }
            }
            values.push(of_graph.into_iter().skip(first).step_by(step).collect());
        }
        values
    }

    /// Overlap and fill of the queries of which equal rows may decide at `ef`, searched on one graph.
    fn search_ties(&self, graph: usize, k: usize, ef: usize) -> OfTies {
        let key = (graph, ef, k);
        if let Some(found) = self.measured_ties.borrow().get(&key) {
            return found.clone();
        }
        let queries: Vec<usize> = self.traces[graph].decided_by_order(ef).collect();
        let class = self.graphs.class;
        let found = self
            .evaluation(graph)
            .overlap_and_fill(Cell { class, ef, k }, &queries);
        self.measured_ties.borrow_mut().insert(key, found.clone());
        found
    }

    /// The least figure of any query at the effort at which a few still lack something: as little may
    /// one have that was not drawn, where all that were drawn lack nothing. `None` where a few never
    /// have all.
    fn known(&self, (figure, from): (Figure, ReadFrom), k_index: usize) -> Option<[f64; 2]> {
        let mut completing = vec![0; self.data.queries.count()];
        for trace in &self.traces {
            for (most, ef) in completing.iter_mut().zip(trace.completing(figure, k_index)) {
                *most = ef.unwrap_or(usize::MAX).max(*most);
            }
        }
        let place = completing.len().saturating_sub(LOSING);
        let (_, &mut ef, _) = completing.select_nth_unstable(place);
        if ef == usize::MAX || ef < 2 {
            return None;
        }
        let values = over_graphs(&self.traced((Part::All, from), figure, k_index, ef - 1));
        Some([values.into_iter().fold(1.0, f64::min), 1.0])
    }

    /// Every query searched at `ef`, on every graph.
    pub(super) fn search(
        &self,
        k: usize,
        ef: usize,
        barycenters: Barycenters,
    ) -> Vec<Vec<QueryValues>> {
        let key = (ef, k, barycenters == Barycenters::Computed);
        if let Some(values) = self.measured.borrow().get(&key) {
            return values.clone();
        }
        let class = self.graphs.class;
        let cell = Cell { class, ef, k };
        let wanted = [Wanted { cell, barycenters }];
        let of_graph = |values| match values {
            CellValues::Queries(values) => values,
            CellValues::Refused => Vec::new(),
        };
        let values = self.values_of(&wanted).swap_remove(0);
        let values: Vec<Vec<QueryValues>> = values.into_iter().map(of_graph).collect();
        self.measured.borrow_mut().insert(key, values.clone());
        values
    }

    /// Every query in each of `cells`, on every graph: of one search to the largest effort.
    pub(super) fn search_all(&self, cells: &[Cell]) -> ValuesOfCells {
        let barycenters = Barycenters::LeftOut;
        let wanted = |&cell: &Cell| Wanted { cell, barycenters };
        self.values_of(&cells.iter().map(wanted).collect::<Vec<_>>())
    }

    /// Every query in each cell, on every graph.
    pub(super) fn values_of(&self, wanted: &[Wanted]) -> ValuesOfCells {
        self.values_by(wanted, |graph| {
            self.evaluation(graph).at(wanted, self.kept(graph))
        })
    }

    /// The same under another filter.
    pub(super) fn values_under(&self, filter: &Filter, wanted: &[Wanted]) -> ValuesOfCells {
        self.values_by(wanted, |graph| {
            self.evaluation_under(Some(filter), graph).at(wanted, &[])
        })
    }

    fn values_by(
        &self,
        wanted: &[Wanted],
        of_graph: impl Fn(usize) -> Vec<CellValues>,
    ) -> ValuesOfCells {
        let mut values: ValuesOfCells = wanted.iter().map(|_| Vec::new()).collect();
        if wanted.is_empty() {
            return values;
        }
        for graph in 0..self.graphs.all.len() {
            for (of_cell, found) in values.iter_mut().zip(of_graph(graph)) {
                of_cell.push(found);
            }
        }
        values
    }

    /// What is evaluated on graph number `graph`.
    pub(super) fn evaluation(&self, graph: usize) -> Evaluation<'_, S> {
        self.evaluation_under(self.data.filter.as_ref(), graph)
    }

    /// The same under a filter of another rule.
    fn evaluation_under<'e>(
        &'e self,
        filter: Option<&'e Filter>,
        graph: usize,
    ) -> Evaluation<'e, S> {
        Evaluation {
            filter,
            source: self.source,
            data: self.data,
            truth: self.truth,
            graph: &self.graphs.all[graph],
            reachable: &self.graphs.reachable[graph],
        }
    }

    /// Mean rows visited a query.
    fn evaluations(&self, k: usize, ef: usize) -> f64 {
        if self.reads_traces() {
            let effort = self.graphs.class.effort(ef, self.data.asked(k));
            let means = self.traces.iter().map(|trace| trace.mean_visited(effort));
            return means.sum::<f64>() / self.traces.len() as f64;
        }
        let visited: Vec<Vec<f64>> = self
            .search(k, ef, Barycenters::LeftOut)
            .iter()
            .map(|values| values.iter().map(|values| values.visited).collect())
            .collect();
        mean(&visited, self.population()).map_or(f64::NAN, |estimate| estimate.point)
    }

    /// For each k, the mean share of the exact neighbors to which a path leads.
    fn best_overlap(&self) -> Vec<f64> {
        let mut list = ExactList::default();
        let mut reached = vec![0u64; self.ks.len()];
        for query in 0..self.data.queries.count() {
            list.read(self.truth, query);
            for reachable in &self.graphs.reachable {
                for (k_index, &k) in self.ks.iter().enumerate() {
                    reached[k_index] += list.ids[..k]
                        .iter()
                        .filter(|&&id| reachable[id as usize])
                        .count() as u64;
                }
            }
        }
        let asked = (self.data.queries.count() * self.graphs.reachable.len()).max(1);
        reached
            .iter()
            .zip(self.ks)
            .map(|(&reached, &k)| reached as f64 / (asked * k) as f64)
            .collect()
    }
}

/// The smallest in low..=high that `meets`, which `high` does.
pub(super) fn bisect(mut low: usize, mut high: usize, meets: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let middle = usize::midpoint(low, high);
        if meets(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    high
}

#[cfg(test)]
#[path = "advice_tests.rs"]
mod tests;
