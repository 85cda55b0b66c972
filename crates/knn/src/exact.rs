//! Exact k-nearest neighbors under a certificate, in bounded memory.
//!
//! Enters: base rows (in memory or read in blocks) and queries. Leaves: a [`NeighborTable`] whose ids equal a float64
//! brute force, ascending by (distance, id).
//!
//! all rows of a base whose table fits the budget: [`SeparationTable`], which needs half the products
//! otherwise
//!   for each block of BASE_ROWS base rows              read and prepared once
//!     for each block of QUERY_ROWS queries, in parallel
//!       products, separations                          in cache
//!       keep what is under the query's bar             the bar falls as neighbors are found
//!   for each query                                     certificate; a full pass in float64 if the margin overflowed
//!
//! Cost 2·q·n·d flops; memory: the queries, one block of the base, and 2(k + MARGIN) candidates a query.

use crate::certificate::{Candidate, certify};
use crate::neighbors::NeighborTable;
use crate::prepared::{Preparation, Prepared, distance_from_separation, exact_separation};
use crate::products::{Side, TILE, Tile};
use crate::separations::SeparationTable;
use crate::source::RowSource;
use annatomy_vectors::{Matrix, MatrixView, Metric, PointId, interrupt};
use rayon::prelude::*;

const QUERY_ROWS: usize = 96;
const BASE_ROWS: usize = 2048;
/// Candidates kept beyond k, for those that rounding may have put on the wrong side of it.
const MARGIN: usize = 64;
/// Separations held against the bar together.
const CHUNK: usize = 32;

/// Whose neighbors are wanted.
#[derive(Clone, Copy, Debug)]
pub enum Queries<'a> {
    /// Every base row, itself excluded by id. The rows must also be at hand in memory.
    AllRows(MatrixView<'a>),
    /// The base rows of the given ids, each itself excluded.
    SomeRows(MatrixView<'a>, &'a [usize]),
    /// The same where the base is not in memory: the rows alone, one per id.
    DrawnRows(MatrixView<'a>, &'a [usize]),
    /// Other vectors; nothing is excluded.
    HeldOut(MatrixView<'a>),
}

/// Why exact neighbors cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum ExactError {
    /// More neighbors are wanted than there are rows to be neighbors.
    #[error("k = {k} neighbors out of {available} rows: k must be between 1 and {available}")]
    TooManyNeighbors {
        /// Neighbors wanted.
        k: usize,
        /// Rows that can be neighbors.
        available: usize,
    },
    /// Queries and base differ in length.
    #[error("queries have {queries} columns and the base has {base}")]
    Columns {
        /// Columns of the queries.
        queries: usize,
        /// Columns of the base.
        base: usize,
    },
}

impl<'a> Queries<'a> {
    fn count(&self) -> usize {
        match self {
            Self::AllRows(rows) | Self::HeldOut(rows) => rows.rows(),
            Self::SomeRows(_, ids) | Self::DrawnRows(_, ids) => ids.len(),
        }
    }

    fn rows(&self) -> MatrixView<'a> {
        match *self {
            Self::AllRows(rows) | Self::HeldOut(rows) | Self::SomeRows(rows, _) | Self::DrawnRows(rows, _) => rows,
        }
    }

    fn row(&self, query: usize) -> &'a [f32] {
        match *self {
            Self::AllRows(rows) | Self::HeldOut(rows) | Self::DrawnRows(rows, _) => rows.row(query),
            Self::SomeRows(rows, ids) => rows.row(ids[query]),
        }
    }

    fn own_id(&self, query: usize) -> Option<u32> {
        match self {
            Self::AllRows(_) => Some(query as u32),
            Self::SomeRows(_, ids) | Self::DrawnRows(_, ids) => Some(ids[query] as u32),
            Self::HeldOut(_) => None,
        }
    }
}

/// The exact `k` nearest base rows of every query; distances in the metric's unit, true (not squared) for L2.
///
/// With `budget_bytes` large enough for a table of all pairs, queries over all rows take half the products. Runs on
/// the current rayon pool; the result does not depend on its size.
pub fn exact_knn(
    base: &dyn RowSource,
    queries: Queries<'_>,
    k: usize,
    metric: Metric,
    budget_bytes: u64,
) -> Result<NeighborTable, ExactError> {
    let available = base.rows() - usize::from(!matches!(queries, Queries::HeldOut(_)) && base.rows() > 0);
    if k == 0 || k > available {
        return Err(ExactError::TooManyNeighbors { k, available });
    }
    if queries.rows().columns() != base.columns() {
        return Err(ExactError::Columns { queries: queries.rows().columns(), base: base.columns() });
    }
    if let Queries::AllRows(rows) = queries
        && rows.rows() == base.rows()
        && SeparationTable::bytes(rows.rows()) <= budget_bytes
        && let Ok(table) = SeparationTable::new(rows, metric, k)
    {
        return Ok(table.neighbors(k));
    }
    Ok(stream(base, queries, k, metric))
}

fn stream(base: &dyn RowSource, queries: Queries<'_>, k: usize, metric: Metric) -> NeighborTable {
    let preparation = Preparation::of(base, metric);
    let mut blocks = prepare_queries(&queries, &preparation, k);
    let mut norms = Norms::default();
    interrupt::begin("exact neighbors", (base.rows().div_ceil(BASE_ROWS) * blocks.len()) as u64);
    for start in (0..base.rows()).step_by(BASE_ROWS) {
        let range = start..(start + BASE_ROWS).min(base.rows());
        let prepared = preparation.read(base, range);
        norms.add(&prepared);
        let meet = |tile: &mut Tile, block: &mut QueryBlock| block.meet(&prepared, start as u32, &preparation, tile);
        blocks.par_iter_mut().for_each_init(Tile::default, meet);
    }
    let mut ids = vec![None; queries.count() * k];
    let mut distances = vec![0.0; queries.count() * k];
    ids.par_chunks_mut(QUERY_ROWS * k).zip(distances.par_chunks_mut(QUERY_ROWS * k)).zip(blocks).for_each(
        |((ids, distances), block)| block.finish(base, &queries, k, &preparation, metric, &norms, ids, distances),
    );
    NeighborTable::new(k, ids, distances)
}

/// Squared norms of the base's prepared rows, and the largest of them.
#[derive(Default)]
struct Norms {
    squared: Vec<f32>,
    largest: f32,
}

impl Norms {
    fn add(&mut self, rows: &Prepared) {
        self.squared.extend_from_slice(&rows.norms_squared);
        self.largest = rows.norms_squared.iter().copied().fold(self.largest, f32::max);
    }
}

fn prepare_queries(queries: &Queries<'_>, preparation: &Preparation, k: usize) -> Vec<QueryBlock> {
    let starts: Vec<usize> = (0..queries.count()).step_by(QUERY_ROWS).collect();
    let block = |first: usize| {
        let count = QUERY_ROWS.min(queries.count() - first);
        let values = (first..first + count).flat_map(|query| queries.row(query).iter().copied()).collect();
        let rows = Matrix::new(count, queries.rows().columns(), values).expect("count rows of columns values");
        QueryBlock {
            first,
            prepared: preparation.prepare(rows.view(), Side::Left),
            kept: (0..count).map(|query| Kept::new(k + 1 + MARGIN, queries.own_id(first + query))).collect(),
        }
    };
    starts.into_par_iter().map(block).collect()
}

/// A block of queries with the candidates found so far.
struct QueryBlock {
    first: usize,
    prepared: Prepared,
    kept: Vec<Kept>,
}

impl QueryBlock {
    /// Holds the queries against one block of base rows whose first id is `first_id`.
    fn meet(&mut self, base: &Prepared, first_id: u32, preparation: &Preparation, tile: &mut Tile) {
        interrupt::advance(1);
        for start in (0..base.rows.rows()).step_by(TILE) {
            let columns = start..(start + TILE).min(base.rows.rows());
            let products = tile.multiply(&self.prepared.rows, &base.rows, columns.clone());
            let norms = &base.norms_squared[columns.clone()];
            for ((products, kept), &norm) in products.zip(&mut self.kept).zip(&self.prepared.norms_squared) {
                let mut separations = [0.0; TILE];
                preparation.separations(products, norm, norms, &mut separations[..columns.len()]);
                kept.offer(&separations[..columns.len()], first_id + start as u32);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the tail of one function, split for length")]
    fn finish(
        mut self,
        base: &dyn RowSource,
        queries: &Queries<'_>,
        k: usize,
        preparation: &Preparation,
        metric: Metric,
        norms: &Norms,
        ids: &mut [Option<PointId>],
        distances: &mut [f32],
    ) {
        let mut contested = Vec::new();
        for (index, kept) in self.kept.iter_mut().enumerate() {
            interrupt::check();
            let query = queries.row(self.first + index);
            let own_norm = self.prepared.norms_squared[index];
            let bound = |other: f32| preparation.error_bound(base.columns(), own_norm, other);
            let exact = |id: u32| {
                if let Some(rows) = base.resident() {
                    return exact_separation(metric, query, rows.row(id as usize));
                }
                let mut row = vec![0.0; base.columns()];
                base.read_rows(id as usize..id as usize + 1, &mut row);
                exact_separation(metric, query, &row)
            };
            if kept.may_have_lost_a_neighbor(k, bound(norms.largest)) {
                kept.replace_by_all(base.rows(), exact);
            } else {
                let bound_of = |candidate: Candidate| bound(norms.squared[candidate.id as usize]);
                certify(&mut kept.candidates, k, bound_of, exact, &mut contested);
            }
            let slots = ids[index * k..].iter_mut().zip(&mut distances[index * k..]);
            for ((id, distance), candidate) in slots.zip(kept.candidates.iter().take(k)) {
                *id = Some(PointId(candidate.id));
                *distance = distance_from_separation(metric, f64::from(candidate.separation));
            }
        }
    }
}

/// The nearest candidates of one query so far: at least the `limit` nearest by computed separation.
struct Kept {
    candidates: Vec<Candidate>,
    limit: usize,
    bar: f32,
    own_id: Option<u32>,
}

impl Kept {
    fn new(limit: usize, own_id: Option<u32>) -> Self {
        Self { candidates: Vec::with_capacity(2 * limit), limit, bar: f32::INFINITY, own_id }
    }

    fn offer(&mut self, separations: &[f32], first_id: u32) {
        for (chunk, near) in separations.chunks(CHUNK).enumerate() {
            // Most chunks hold nothing under the bar, which one pass without a branch tells.
            if near.iter().map(|&separation| u32::from(separation < self.bar)).sum::<u32>() > 0 {
                self.offer_each(near, first_id + (chunk * CHUNK) as u32);
            }
        }
    }

    fn offer_each(&mut self, separations: &[f32], first_id: u32) {
        for (&separation, id) in separations.iter().zip(first_id..) {
            if separation < self.bar && Some(id) != self.own_id {
                self.candidates.push(Candidate { separation, id });
                if self.candidates.len() == 2 * self.limit {
                    self.shrink();
                }
            }
        }
    }

    /// Keeps the `limit` nearest and lowers the bar to the last of them.
    fn shrink(&mut self) {
        let (_, last, _) = self.candidates.select_nth_unstable_by(self.limit - 1, Candidate::order);
        self.bar = last.separation;
        self.candidates.truncate(self.limit);
    }

    /// Sorts the candidates and says whether one within the error of the k-th may have been dropped.
    fn may_have_lost_a_neighbor(&mut self, k: usize, bound: f64) -> bool {
        self.candidates.sort_unstable_by(Candidate::order);
        self.bar.is_finite() && f64::from(self.bar) <= f64::from(self.candidates[k - 1].separation) + 2.0 * bound
    }

    /// Evaluates every base row in float64: slow, certain, and only for rows crowded at the k-th distance.
    fn replace_by_all(&mut self, rows: usize, exact: impl Fn(u32) -> f64) {
        let others = (0..rows as u32).filter(|&id| Some(id) != self.own_id);
        let mut all: Vec<(f64, u32)> = others.map(|id| (exact(id), id)).collect();
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        self.candidates = all.into_iter().map(|(value, id)| Candidate { separation: value as f32, id }).collect();
    }
}
