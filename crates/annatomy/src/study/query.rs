//! One query, all conditions: traverse each graph once, read every cell, in both conventions.
//!
//! for each graph
//!   record one traversal to the largest effort any condition asks                 `Visits`
//!   for each condition read from it
//!     the returned list of its ef (one for all k, or one per k for α)             `ReturnedRows`
//!     fill, overlap, distances, LID, causes                                       O(K)
//!     the rows that tell E from A                                                 `SignedSums`
//! one pass over the vectors for all barycenters                                   `ColumnBlocks`

use super::barycenter::{ColumnBlocks, SignedSums};
use super::cells::{Block, Figure};
use super::lists::{ExactList, NEVER, ReturnedRows, VisitedList};
use super::neighborhoods::Neighborhoods;
use super::plan::{Condition, Plan};
use super::shifts::Shifts;
use super::shifts::Reader::{Corrected, Published};
use annatomy_geometry::corrected::{QueryMeasures, ReturnedSide, Scratch as MeasureScratch, measure};
use annatomy_geometry::published::{row_lid, row_lids, row_mean, row_mean_of_slots};
use annatomy_hnsw::{Frontier, Graph, Oracle, Traversal, Visits};
use annatomy_vectors::Metric;
use std::time::Instant;

/// Everything a run's queries share.
pub(crate) struct Context<'c, N: Neighborhoods> {
    pub(crate) plan: &'c Plan,
    pub(crate) metric: Metric,
    pub(crate) rows: usize,
    pub(crate) neighborhoods: &'c N,
    /// In the order of the plan's graphs.
    pub(crate) graphs: &'c [Graph],
    /// Per graph, whether each node can be reached from its entry point.
    pub(crate) reachable: &'c [Vec<bool>],
    pub(crate) columns: &'c ColumnBlocks,
    /// The graph the surface is drawn on.
    pub(crate) configured: usize,
}

/// Which conventions are read from a graph for a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Both,
    Corrected,
    Published,
}

/// Memory reused from query to query; one per thread.
#[derive(Default)]
pub(crate) struct Scratch<F> {
    traversal: Traversal<F>,
    visits: Visits,
    exact: ExactList,
    visited: VisitedList,
    returned: ReturnedRows,
    as_published: ReturnedRows,
    measure: MeasureScratch,
    measures: Vec<QueryMeasures>,
    lids: Vec<f32>,
    exact_means: Vec<f32>,
    exact_lids: Vec<f32>,
    unreached: Vec<[u32; 2]>,
    sums: SignedSums,
    shifts: Shifts,
    norms: Vec<f64>,
}

impl<F: Frontier> Scratch<F> {
    /// Measures query number `query`, which is base row `row`, into `block`.
    pub(crate) fn measure_query<N>(&mut self, context: &Context<'_, N>, query: usize, row: u32, block: &mut Block)
    where
        N: Neighborhoods,
        N::Oracle: Oracle<Frontier = F>,
    {
        let begin = Instant::now();
        block.begin_query();
        self.exact.read(context.neighborhoods, query, row, context.rows, context.metric);
        self.measure_exact_side_as_published(&context.plan.ks);
        self.shifts.begin(&mut self.sums, &context.plan.ks, &self.exact.ids);
        let view = context.neighborhoods.oracle().view(row);
        for (graph, planned) in context.plan.graphs.iter().enumerate() {
            let traversal = Instant::now();
            self.traversal.record::<N::Oracle>(&context.graphs[graph], view, planned.ef, &mut self.visits);
            block.traverse_time += traversal.elapsed();
            self.visited.read(context.neighborhoods, query, row, &self.visits, &self.exact, context.metric);
            if graph == context.configured {
                self.add_to_surface(context.plan, block);
            }
            for (number, condition) in context.plan.conditions.iter().enumerate() {
                let corrected = context.plan.graph(condition.ef_construction) == graph;
                let published = context.plan.graph(condition.published_ef_construction) == graph;
                let reading = match (corrected, published) {
                    (true, true) => Reading::Both,
                    (true, false) => Reading::Corrected,
                    (false, true) => Reading::Published,
                    (false, false) => continue,
                };
                let first_cell = number * context.plan.ks.len();
                self.measure_condition(context, &context.reachable[graph], condition, first_cell, reading, row, block);
            }
        }
        self.sums.squared_norms(context.columns, &mut self.norms);
        self.shifts.write(&self.norms, context.columns, &self.exact.ids, &self.exact_means, block);
        block.total_time += begin.elapsed();
    }

    /// The exact side's published figures: mean squared distance and LID per k.
    fn measure_exact_side_as_published(&mut self, ks: &[usize]) {
        // With duplicates of smaller id before it, the query itself stays in the list at distance 0, as they are.
        let list = &self.exact.separations;
        row_lids(list, ks, &mut self.exact_lids);
        self.exact_means.clear();
        self.exact_means.extend(ks.iter().map(|&k| row_mean(&list[..k])));
    }

    #[expect(clippy::too_many_arguments, reason = "the inner step of one loop nest")]
    fn measure_condition<N: Neighborhoods>(
        &mut self,
        context: &Context<'_, N>,
        reachable: &[bool],
        condition: &Condition,
        first_cell: usize,
        reading: Reading,
        row: u32,
        block: &mut Block,
    ) {
        let ks = &context.plan.ks;
        let fixed = condition.efs.iter().all(|&ef| ef == condition.efs[0]);
        let series = if fixed { 1 } else { ks.len() };
        for number in 0..series {
            let of_series = if fixed { 0..ks.len() } else { number..number + 1 };
            let series_ks = &ks[of_series.clone()];
            let visited = self.visits.visited(condition.efs[of_series.start]);
            let cell = first_cell + of_series.start;
            let largest_k = series_ks[series_ks.len() - 1];
            self.returned.excluding_self(&self.visited, visited, largest_k);
            if reading != Reading::Published {
                self.measure_corrected(series_ks, visited, reachable, cell, block);
            }
            if reading != Reading::Corrected {
                self.measure_published(series_ks, of_series.start, visited, row, cell, block);
            }
            let same = self.returned.ids == self.as_published.ids && self.exact.before_self == 0;
            let (exact, returned) = (&self.exact.ids, &self.returned);
            match reading {
                Reading::Corrected => self.shifts.add(&mut self.sums, exact, returned, of_series, cell, &[Corrected]),
                Reading::Both if same => {
                    self.shifts.add(&mut self.sums, exact, returned, of_series, cell, &[Corrected, Published]);
                }
                Reading::Both | Reading::Published => {
                    if reading == Reading::Both {
                        self.shifts.add(&mut self.sums, exact, returned, of_series.clone(), cell, &[Corrected]);
                    }
                    let (exact, returned) = (self.exact.as_published(row), &self.as_published);
                    self.shifts.add(&mut self.sums, &exact, returned, of_series, cell, &[Published]);
                }
            }
        }
    }

    fn measure_corrected(
        &mut self,
        ks: &[usize],
        visited: usize,
        reachable: &[bool],
        cell: usize,
        block: &mut Block,
    ) {
        let side = ReturnedSide::new(&self.returned.distances, &self.returned.ranks);
        measure(&self.exact.side, side, ks, &mut self.measure, &mut self.measures);
        self.count_unreached(visited, reachable, ks[ks.len() - 1]);
        for (offset, measures) in self.measures.iter().enumerate() {
            let cell = cell + offset;
            let [unreachable, unvisited] = self.unreached[measures.k].map(f64::from);
            let missing = (measures.k - measures.overlap_strict_count) as f64;
            let mut enter = |figure, value| block.enter(cell, figure, value);
            enter(Figure::Fill, measures.fill());
            enter(Figure::Overlap, measures.overlap());
            enter(Figure::OverlapStrict, measures.overlap_strict());
            enter(Figure::MeanExactDistance, measures.mean_exact_distance);
            enter(Figure::MeanReturnedDistance, measures.mean_returned_distance);
            enter(Figure::RelativeDistanceError, measures.relative_distance_error);
            enter(Figure::LidExact, measures.lid_exact);
            enter(Figure::LidReturned, measures.lid_returned);
            enter(Figure::Unreachable, unreachable);
            enter(Figure::Unvisited, unvisited);
            enter(Figure::Tied, missing - unreachable - unvisited);
            enter(Figure::Visited, visited as f64);
            enter(Figure::ZeroDistances, measures.zero_returned as f64);
            enter(Figure::HasEmptySlots, f64::from(u8::from(measures.filled < measures.k)));
        }
    }

    /// Running counts over exact ranks of neighbors that are unreachable and that are reachable but not visited.
    fn count_unreached(&mut self, visited: usize, reachable: &[bool], largest_k: usize) {
        let mut counts = [0u32; 2];
        self.unreached.clear();
        self.unreached.push(counts);
        for (&arrival, &id) in self.visited.arrival_of_rank[..largest_k].iter().zip(&self.exact.ids) {
            if arrival as usize >= visited {
                counts[usize::from(reachable[id as usize])] += 1;
            }
            self.unreached.push(counts);
        }
    }

    fn measure_published(
        &mut self,
        ks: &[usize],
        first_k: usize,
        visited: usize,
        row: u32,
        cell: usize,
        block: &mut Block,
    ) {
        let largest_k = ks[ks.len() - 1];
        let self_first = self.as_published.dropping_column_0(&self.visited, visited, largest_k);
        if !self_first || self.exact.before_self > 0 {
            self.as_published.rank_among(&self.exact.as_published(row));
        }
        let separations = &self.as_published.separations;
        if ks.len() == 1 {
            self.lids.clear();
            self.lids.push(row_lid(separations, largest_k));
        } else {
            row_lids(separations, ks, &mut self.lids);
        }
        for (offset, &k) in ks.iter().enumerate() {
            let filled = separations.len().min(k);
            let common = self.as_published.ranks[..filled].iter().filter(|&&rank| (rank as usize) < k).count();
            let published = block.published(cell + offset);
            published.overlap = common as f64 / k as f64;
            published.exact_mean = self.exact_means[first_k + offset];
            published.returned_mean = row_mean_of_slots(separations, k);
            published.lid_exact = self.exact_lids[first_k + offset];
            published.lid_returned = self.lids[offset];
            published.empty_slots = (k - filled) as u32;
            published.self_not_first = !self_first;
        }
    }

    fn add_to_surface(&self, plan: &Plan, block: &mut Block) {
        let (ks, surface) = (&plan.ks, &mut block.surface);
        surface.queries += 1;
        for (row, &ef) in plan.surface_efs.iter().enumerate() {
            let visited = self.visits.visited(ef);
            surface.visited[row] += visited as u64;
            let others = visited - usize::from((self.visited.own_arrival as usize) < visited);
            let mut found = 0;
            let mut rank = 0;
            for (column, &k) in ks.iter().enumerate() {
                let arrivals = &self.visited.arrival_of_rank[rank..k];
                found += arrivals.iter().filter(|&&arrival| (arrival as usize) < visited).count() as u64;
                rank = k;
                surface.found[row * ks.len() + column] += found;
                surface.filled[row * ks.len() + column] += others.min(k) as u64;
            }
        }
        let mut latest = 0;
        let mut rank = 0;
        for (column, &k) in ks.iter().enumerate() {
            latest = self.visited.arrival_of_rank[rank..k].iter().copied().fold(latest, u32::max);
            rank = k;
            let required = if latest == NEVER { u32::MAX } else { self.visits.required_ef(latest) as u32 };
            surface.required[column].push(required);
        }
    }
}
