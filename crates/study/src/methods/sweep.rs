//! One method over one kind of codes: every query at every (effort, k), and the means.
//!
//! for each block of queries, in parallel
//!   for each query: record once             `MethodState`
//!     for each effort, for each k           measures, cost; counts of the rows returned
//!   one pass over the vectors               `BarycenterShifts`

use crate::StudyError;
use crate::results::methods::MethodPoint;
use annatomy_eval::barycenter::{BarycenterShifts, Cell, ColumnBlocks, Convention, ListShifts};
use annatomy_eval::dataset::Dataset;
use annatomy_eval::ground_truth::GroundTruth;
use annatomy_eval::lists::ReturnedRows;
use annatomy_eval::method_state::{MethodState, SearchedMethod};
use annatomy_hnsw::import::Arithmetic;
use annatomy_measures::difficulty::Hubness;
use annatomy_measures::graded::displacement;
use annatomy_methods::{Method, Searcher};
use annatomy_runtime::{PerThread, advance, check, stage};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};

/// Queries measured together.
const BLOCK_QUERIES: usize = 16;

/// Whose order of summation every machine follows.
const ARITHMETIC: Arithmetic = Arithmetic::Avx2;

/// What is searched for, and at which efforts.
pub(super) struct Sweep<'s> {
    pub(super) data: &'s Dataset<'s>,
    pub(super) truth: &'s GroundTruth<'s>,
    pub(super) columns: &'s ColumnBlocks,
    /// Which of the data set's queries.
    pub(super) numbers: &'s [usize],
    /// Ascending.
    pub(super) ks: &'s [usize],
    /// Ascending.
    pub(super) efforts: &'s [usize],
}

/// One query at one (effort, k).
#[derive(Clone, Copy)]
struct QueryPoint {
    fill: f64,
    overlap: f64,
    overlap_strict: f64,
    distance_error: f64,
    shift: f64,
    lid_exact: f64,
    lid_returned: f64,
    displacement: f64,
    evaluations: f64,
    bytes: f64,
}

/// Memory of a block; one per thread.
#[derive(Default)]
struct Scratch {
    state: MethodState,
    shifts: BarycenterShifts,
    returned: ReturnedRows,
}

impl Sweep<'_> {
    /// Every (effort, k), efforts first.
    pub(super) fn points(&self, method: &Method) -> Result<Vec<MethodPoint>, StudyError> {
        stage(&method.name, self.numbers.len() as u64);
        let searcher = Searcher::new(method, Some(ARITHMETIC))?;
        let on = SearchedMethod {
            searcher: &searcher,
            data: self.data,
            asked: None,
        };
        let counts: Vec<Vec<AtomicU32>> = (0..self.cells())
            .map(|_| (0..method.rows).map(|_| AtomicU32::new(0)).collect())
            .collect();
        let scratch = PerThread::new(Scratch::default);
        let blocks: Vec<Vec<QueryPoint>> = self
            .numbers
            .par_chunks(BLOCK_QUERIES)
            .with_max_len(1)
            .map(|block| scratch.with(|scratch| self.block(&on, block, &counts, scratch)))
            .collect();
        let queries = blocks.concat();
        let of_cell = |(cell, counts): (usize, Vec<AtomicU32>)| {
            let values = queries.iter().skip(cell).step_by(self.cells());
            let (effort, k) = self.cell(cell);
            let counts: Vec<u32> = counts.into_iter().map(AtomicU32::into_inner).collect();
            reduced(effort, k, &values.copied().collect::<Vec<_>>(), &counts)
        };
        Ok(counts.into_iter().enumerate().map(of_cell).collect())
    }

    fn cells(&self) -> usize {
        self.efforts.len() * self.ks.len()
    }

    fn cell(&self, cell: usize) -> (usize, usize) {
        let (effort, k) = (cell / self.ks.len(), cell % self.ks.len());
        (self.efforts[effort], self.ks[k])
    }

    /// The queries of a block: cells within queries.
    fn block(
        &self,
        on: &SearchedMethod<'_>,
        block: &[usize],
        counts: &[Vec<AtomicU32>],
        scratch: &mut Scratch,
    ) -> Vec<QueryPoint> {
        let mut points = Vec::with_capacity(block.len() * self.cells());
        scratch.shifts.begin_block();
        for &query in block {
            check();
            self.query(on, query, counts, scratch, &mut points);
            advance(1);
        }
        let shifts = &mut scratch.shifts;
        shifts.finish(self.ks, self.columns, |query, cell, _, shift| {
            points[query * self.cells() + cell.cell].shift = shift;
        });
        points
    }

    fn query(
        &self,
        on: &SearchedMethod<'_>,
        query: usize,
        counts: &[Vec<AtomicU32>],
        scratch: &mut Scratch,
        points: &mut Vec<QueryPoint>,
    ) {
        let Scratch {
            state,
            shifts,
            returned,
        } = scratch;
        let largest = self.efforts.last().copied().unwrap_or(1);
        state.record(on, self.truth, query, largest);
        // Published shifts, which are not asked for, would be divided by mean squared distances.
        shifts.begin_query(self.ks, &state.exact.ids, &vec![1.0; self.ks.len()]);
        for (row, &effort) in self.efforts.iter().enumerate() {
            let cost = on.searcher.cost(&state.visits, effort, &state.search);
            for (column, &k) in self.ks.iter().enumerate() {
                let answer = state.measure(on, query, effort, k);
                let measures = answer.measures;
                for &id in state.returned() {
                    let counts = &counts[row * self.ks.len() + column];
                    counts[id as usize].fetch_add(1, Ordering::Relaxed);
                }
                points.push(QueryPoint {
                    fill: measures.fill(),
                    overlap: measures.overlap(),
                    overlap_strict: measures.overlap_strict(),
                    distance_error: measures.relative_distance_error,
                    shift: f64::NAN,
                    lid_exact: measures.lid_exact,
                    lid_returned: measures.lid_returned,
                    displacement: displacement(state.side().exact_ranks(), k),
                    evaluations: cost.evaluations as f64,
                    bytes: cost.bytes as f64,
                });
            }
            // The answer to the largest k begins with those to the others.
            returned.ids.clear();
            returned.ids.extend_from_slice(state.returned());
            let ranks = returned.ids.iter().map(|&id| state.exact.rank(id));
            returned.ranks.clear();
            returned.ranks.extend(ranks);
            let list = ListShifts {
                ks: self.ks,
                returned,
                first_cell: Cell {
                    k_index: 0,
                    cell: row * self.ks.len(),
                },
                conventions: &[Convention::Corrected],
            };
            shifts.add_list_against(&state.exact.ids, &list);
        }
    }
}

/// Means over queries; a figure that a query has not is left out.
fn reduced(effort: usize, k: usize, queries: &[QueryPoint], counts: &[u32]) -> MethodPoint {
    let mean = |read: fn(&QueryPoint) -> f64| {
        let values = queries.iter().map(read).filter(|value| value.is_finite());
        let (sum, count) =
            values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
        sum / f64::from(count)
    };
    let hubness = Hubness::of(counts);
    let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
    MethodPoint {
        effort,
        k,
        fill: mean(|point| point.fill),
        overlap: mean(|point| point.overlap),
        overlap_strict: mean(|point| point.overlap_strict),
        relative_distance_error: mean(|point| point.distance_error),
        barycenter_shift: mean(|point| point.shift),
        // Over the queries that have both, whose ratio is then of the same neighborhoods.
        lid_exact: mean(|point| point.lid_exact + 0.0 * point.lid_returned),
        lid_returned: mean(|point| point.lid_returned + 0.0 * point.lid_exact),
        skewness: or_nan(hubness.and_then(|hubness| hubness.skewness)),
        robin_hood: or_nan(hubness.and_then(|hubness| hubness.robin_hood)),
        displacement: mean(|point| point.displacement),
        evaluations: mean(|point| point.evaluations),
        bytes: mean(|point| point.bytes),
    }
}
