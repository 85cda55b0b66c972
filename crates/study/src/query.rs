//! A block of queries, all conditions: traverse each graph once per query, read every cell, in both
//! conventions.
//!
//! for each query, for each graph
//!   record one traversal to the largest effort any condition asks                 `Visits`
//!   for each condition read from it
//!     the returned list of its ef (one for all k, or one per k for α)             `ReturnedRows`
//!     fill, overlap, distances, LID, causes, overlap by rank and by distance      O(K)
//!     the rows that tell E from A                                                 `BarycenterShifts`
//! one pass over the vectors for all barycenters of the block                      `ColumnBlocks`

use super::cells::{Block, Figure};
use super::exact_answers::ExactAnswers;
use super::plan::{Condition, Plan};
use annatomy_eval::barycenter::{
    AnswerShift, BarycenterShifts, Cell, ColumnBlocks, Convention, ListShifts,
};
use annatomy_eval::distance_source::DistanceSource;
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::lists::{Answer, Columns};
use annatomy_eval::missing::{Missing, NotVisited};
use annatomy_eval::query_state::{QueryState, Searched};
use annatomy_eval::surface::{Arrivals, Grid};
use annatomy_hnsw::{CandidateQueue, Graph};
use annatomy_measures::corrected::{
    QueryMeasures, ReturnedSide, Scratch as MeasureScratch, measure,
};
use annatomy_measures::graded::{
    Epsilon, Graded, SeriesOf, SeriesScratch, graded_series, inverse_ratio,
};
use annatomy_measures::published::{row_lid, row_lids, row_mean, row_mean_of_slots};
use std::ops::Range;
use std::time::Instant;

/// Everything a run's queries share.
pub(crate) struct Context<'c, S: DistanceSource> {
    pub(crate) plan: &'c Plan,
    pub(crate) source: &'c S,
    pub(crate) truth: &'c GroundTruth<'c>,
    /// In the order of the plan's graphs.
    pub(crate) graphs: &'c [Graph],
    /// Per graph, whether each node can be reached from its entry point.
    pub(crate) reachable: &'c [Vec<bool>],
    pub(crate) columns: &'c ColumnBlocks,
    /// The graph the surface is drawn on, and its cells.
    pub(crate) configured: usize,
    pub(crate) grid: Grid<'c>,
}

/// Which conventions are read from a graph for a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Both,
    Corrected,
    Published,
}

impl Reading {
    fn conventions(self) -> &'static [Convention] {
        match self {
            Self::Both => &[Convention::Corrected, Convention::Published],
            Self::Corrected => &[Convention::Corrected],
            Self::Published => &[Convention::Published],
        }
    }
}

/// A row counts for ε-recall up to this share beyond the k-th exact distance.
const EPSILON: Epsilon = Epsilon::Relative(0.01);
/// Persistence of rank-biased overlap.
const PERSISTENCE: f64 = 0.9;

/// Memory reused from block to block; one per thread.
#[derive(Default)]
pub(crate) struct Scratch<F> {
    state: QueryState<F>,
    answer: Answer,
    arrivals: Arrivals,
    measure: MeasureScratch,
    measures: Vec<QueryMeasures>,
    grading: SeriesScratch,
    graded: Vec<Graded>,
    lids: Vec<f32>,
    exact_means: Vec<f32>,
    exact_lids: Vec<f32>,
    exact_answers: ExactAnswers,
    not_visited: NotVisited,
    shifts: BarycenterShifts,
}

/// Where the measures of one series of k go.
#[derive(Clone)]
struct Series {
    /// The query's number in its block.
    query: usize,
    /// Indices of the series' k.
    k_range: Range<usize>,
    /// The cell of the first of them.
    cell: usize,
    /// V(ef) of the series.
    visited: usize,
}

impl Series {
    /// Enters the corrected figures at one k, the `offset`th of the series; with how many of the
    /// exact neighbors were not visited, those that cannot be reached and the others.
    fn enter(
        &self,
        block: &mut Block,
        offset: usize,
        (measures, graded): (&QueryMeasures, &Graded),
        (unreachable, unvisited): (usize, usize),
    ) {
        let missing = Missing::on_graph(measures, unreachable, unvisited);
        let mut enter = |figure, value| block.enter(self.query, self.cell + offset, figure, value);
        enter(Figure::Fill, measures.fill());
        enter(Figure::Overlap, measures.overlap());
        enter(Figure::OverlapStrict, measures.overlap_strict());
        enter(Figure::MeanExactDistance, measures.mean_exact_distance);
        enter(
            Figure::MeanReturnedDistance,
            measures.mean_returned_distance,
        );
        enter(
            Figure::RelativeDistanceError,
            measures.relative_distance_error,
        );
        enter(Figure::LidExact, measures.lid_exact);
        enter(Figure::LidReturned, measures.lid_returned);
        enter(Figure::Unreachable, missing.unreachable as f64);
        enter(Figure::Unvisited, missing.unvisited as f64);
        enter(Figure::Tied, missing.tied as f64);
        enter(Figure::Visited, self.visited as f64);
        enter(Figure::ZeroDistances, measures.zero_returned as f64);
        enter(Figure::EpsilonRecall, graded.epsilon_recall);
        let error = measures.relative_distance_error;
        enter(Figure::InverseRatio, inverse_ratio(error));
        enter(Figure::RankBiasedOverlap, graded.rank_biased_overlap);
        enter(Figure::Displacement, graded.displacement);
        enter(
            Figure::HasEmptySlots,
            f64::from(u8::from(measures.filled < measures.k)),
        );
    }
}

impl<F: CandidateQueue> Scratch<F> {
    /// Measures a block of queries: numbers `first`, `first` + 1, … of the run, which are base rows
    /// `rows`.
    pub(crate) fn measure_block<S>(
        &mut self,
        context: &Context<'_, S>,
        first: usize,
        rows: &[usize],
        block: &mut Block,
    ) where
        S: DistanceSource<Queue = F>,
    {
        let begin = Instant::now();
        let ks = &context.plan.ks;
        self.shifts.begin_block();
        for (query, &row) in rows.iter().enumerate() {
            self.measure_query(context, first + query, row as u32, query, block);
        }
        self.shifts.finish(
            ks,
            context.columns,
            |query, Cell { cell, .. }, convention, shift| match convention {
                Convention::Corrected => block.enter(query, cell, Figure::BarycenterShift, shift),
                Convention::Published => block.published(query, cell).barycenter_shift = shift,
            },
        );
        block.total_time = begin.elapsed();
    }

    fn measure_query<S>(
        &mut self,
        context: &Context<'_, S>,
        number: usize,
        row: u32,
        query: usize,
        block: &mut Block,
    ) where
        S: DistanceSource<Queue = F>,
    {
        let (source, truth, ks) = (context.source, context.truth, &context.plan.ks);
        self.state.begin(truth, number);
        self.measure_exact_side_as_published(ks);
        self.exact_answers.begin(ks.len());
        self.shifts
            .begin_query(ks, &self.state.exact.ids, &self.exact_means);
        for (graph, planned) in context.plan.graphs.iter().enumerate() {
            let traversal = Instant::now();
            let on = Searched {
                source,
                truth,
                graph: &context.graphs[graph],
                reachable: &context.reachable[graph],
                filter: None,
            };
            self.state.traverse(&on, number, planned.ef);
            block.traverse_time += traversal.elapsed();
            if graph == context.configured {
                let QueryState {
                    exact,
                    visited,
                    visits,
                    ..
                } = &self.state;
                let lists = (exact, visited, visits);
                block.surface.add(&context.grid, lists, &mut self.arrivals);
            }
            for (position, condition) in context.plan.conditions.iter().enumerate() {
                if context.plan.measured_as(position) != position {
                    continue;
                }
                let corrected = context.plan.graph(condition.ef_construction) == graph;
                let published = context.plan.graph(condition.published_ef_construction) == graph;
                let reading = match (corrected, published) {
                    (true, true) => Reading::Both,
                    (true, false) => Reading::Corrected,
                    (false, true) => Reading::Published,
                    (false, false) => continue,
                };
                let first_cell = position * ks.len();
                for k_range in series(condition) {
                    let visited = self.state.visits.visited(condition.efs[k_range.start]);
                    let series = Series {
                        query,
                        cell: first_cell + k_range.start,
                        k_range,
                        visited,
                    };
                    self.measure_series(ks, &series, reading, row, block);
                }
            }
        }
    }

    /// The exact side's published figures: mean squared distance and LID per k.
    fn measure_exact_side_as_published(&mut self, ks: &[usize]) {
        // With duplicates of smaller id before it, the query itself stays in the list at distance
        // 0, as they are.
        let list = &self.state.exact.reduced;
        row_lids(list, ks, &mut self.exact_lids);
        self.exact_means.clear();
        self.exact_means
            .extend(ks.iter().map(|&k| row_mean(&list[..k])));
    }

    /// Measures one returned list at each k of a series.
    fn measure_series(
        &mut self,
        ks: &[usize],
        series: &Series,
        reading: Reading,
        row: u32,
        block: &mut Block,
    ) {
        let series_ks = &ks[series.k_range.clone()];
        let exact = self.is_exact_answer(series_ks, series, reading);
        if exact
            && self
                .measure_again(series_ks[0], series, reading, block)
                .is_some()
        {
            return;
        }
        let largest_k = series_ks[series_ks.len() - 1];
        let columns = Columns {
            ids: series_ks.len() > 1,
            reduced: reading != Reading::Corrected,
            distances: reading != Reading::Published,
        };
        self.answer
            .read(&self.state.visited, series.visited, largest_k, columns);
        if reading != Reading::Published {
            self.measure_corrected(series_ks, series, block);
        }
        let mut same = true;
        if reading != Reading::Corrected {
            same = self.measure_published(series_ks, series, row, block);
        }
        self.add_shifts(series_ks, series, reading, same, row);
        if exact {
            let k_index = series.k_range.start;
            if reading != Reading::Published {
                let measured = self.measures.first().zip(self.graded.first());
                let measured = measured.map(|(measures, graded)| (*measures, *graded));
                self.exact_answers.corrected[k_index] = measured;
            }
            if reading != Reading::Corrected {
                self.exact_answers.published[k_index] =
                    Some(*block.published(series.query, series.cell));
            }
        }
    }

    /// Whether a series is one answer, and that the exact neighbors in the conventions it is read
    /// in.
    fn is_exact_answer(&self, ks: &[usize], series: &Series, reading: Reading) -> bool {
        let (list, visited) = (&self.state.visited, series.visited);
        let same = || list.finds_self_first(visited) && self.state.exact.before_self == 0;
        matches!(ks, &[k] if list.finds_all(visited, k))
            && (reading == Reading::Corrected || same())
    }

    /// Enters what the exact neighbors measure as an answer; `None` if that is not known yet, and
    /// nothing is entered.
    fn measure_again(
        &mut self,
        k: usize,
        series: &Series,
        reading: Reading,
        block: &mut Block,
    ) -> Option<()> {
        let k_index = series.k_range.start;
        let (corrected, published) = (
            self.exact_answers.corrected[k_index],
            self.exact_answers.published[k_index],
        );
        let (corrected, published) = match reading {
            Reading::Both => (Some(corrected?), Some(published?)),
            Reading::Corrected => (Some(corrected?), None),
            Reading::Published => (None, Some(published?)),
        };
        if let Some((measures, graded)) = corrected {
            series.enter(block, 0, (&measures, &graded), (0, 0));
        }
        if let Some(figures) = published {
            *block.published(series.query, series.cell) = figures;
        }
        let cell = Cell {
            k_index,
            cell: series.cell,
        };
        self.shifts.add_exact_answer(k, cell, reading.conventions());
        Some(())
    }

    /// Adds the barycenter shifts of one answer: together where both conventions read the same
    /// lists, else apart.
    fn add_shifts(
        &mut self,
        ks: &[usize],
        series: &Series,
        reading: Reading,
        same: bool,
        row: u32,
    ) {
        let (shifts, state) = (&mut self.shifts, &self.state);
        let (together, published_apart): (&[Convention], bool) = match reading {
            Reading::Both if !same => (&[Convention::Corrected], true),
            Reading::Published if !same => (&[], true),
            _ => (reading.conventions(), false),
        };
        let answer = &self.answer;
        let cell = Cell {
            k_index: series.k_range.start,
            cell: series.cell,
        };
        if let &[k] = ks {
            shifts.add_answer(&AnswerShift {
                k,
                visited: &state.visited,
                answer,
                cell,
                conventions: together,
            });
        } else if !together.is_empty() {
            shifts.add_list(&ListShifts {
                ks,
                returned: &answer.returned,
                first_cell: cell,
                conventions: together,
            });
        }
        if published_apart {
            let exact = state.exact.as_published(row);
            let list = ListShifts {
                ks,
                returned: answer.as_published(),
                first_cell: cell,
                conventions: &[Convention::Published],
            };
            if exact == state.exact.ids && ks.len() > 1 {
                shifts.add_list(&list);
            } else {
                shifts.add_list_against(&exact, &list);
            }
        }
    }

    fn measure_corrected(&mut self, ks: &[usize], series: &Series, block: &mut Block) {
        let returned = &self.answer.returned;
        let side = ReturnedSide::new(&returned.distances, &returned.ranks);
        measure(
            &self.state.exact.side,
            side,
            ks,
            &mut self.measure,
            &mut self.measures,
        );
        let of = SeriesOf {
            ks,
            persistence: PERSISTENCE,
            epsilon: EPSILON,
        };
        graded_series(
            of,
            (&returned.ranks, &returned.distances),
            self.state.exact.side.distances(),
            &mut self.grading,
            &mut self.graded,
        );
        self.not_visited
            .read(&self.state.visited, series.visited, ks[ks.len() - 1]);
        let (mut rank, mut unreachable, mut unvisited) = (0, 0, 0);
        for (offset, measured) in self.measures.iter().zip(&self.graded).enumerate() {
            let (measures, _) = measured;
            let more = self.not_visited.count(rank..measures.k);
            rank = measures.k;
            unreachable += more.0;
            unvisited += more.1;
            series.enter(block, offset, measured, (unreachable, unvisited));
        }
    }

    /// The study's figures of one series; says whether its lists were those of the corrected
    /// conventions.
    fn measure_published(
        &mut self,
        ks: &[usize],
        series: &Series,
        row: u32,
        block: &mut Block,
    ) -> bool {
        let largest_k = ks[ks.len() - 1];
        let (state, answer) = (&self.state, &mut self.answer);
        let self_first = answer.self_first;
        let same = self_first && state.exact.before_self == 0;
        if !same {
            answer.rank_as_published(&state.visited, largest_k, &state.exact.as_published(row));
        }
        let returned = if same {
            &answer.returned
        } else {
            answer.as_published()
        };
        if ks.len() == 1 {
            self.lids.clear();
            self.lids.push(row_lid(&returned.reduced, largest_k));
        } else {
            row_lids(&returned.reduced, ks, &mut self.lids);
        }
        for (offset, &k) in ks.iter().enumerate() {
            let filled = returned.len().min(k);
            let common = returned.ranks[..filled]
                .iter()
                .filter(|&&rank| (rank as usize) < k)
                .count();
            let published = block.published(series.query, series.cell + offset);
            published.overlap = common as f64 / k as f64;
            published.exact_mean = self.exact_means[series.k_range.start + offset];
            published.returned_mean = row_mean_of_slots(&returned.reduced, k);
            published.lid_exact = self.exact_lids[series.k_range.start + offset];
            published.lid_returned = self.lids[offset];
            published.empty_slots = (k - filled) as u32;
            published.self_not_first = !self_first;
        }
        same
    }
}

/// The runs of k that one returned list serves: all of them where ef is fixed, each k by itself
/// where it is not.
fn series(condition: &Condition) -> impl Iterator<Item = Range<usize>> {
    let fixed = condition.efs.iter().all(|&ef| ef == condition.efs[0]);
    let count = condition.efs.len();
    let length = if fixed { count } else { 1 };
    (0..count)
        .step_by(length)
        .map(move |start| start..start + length)
}
