//! Exact k-nearest neighbors under a certificate, in bounded memory.
//!
//! Enters: base rows (in memory or read in blocks) and queries. Leaves: a [`NeighborTable`] whose ids equal a float64
//! brute force, ascending by (distance, id).
//!
//! all rows of a base in memory: `pairs`, which needs half the products
//! otherwise
//!   for each block of BASE_ROWS base rows              prepared once; of a base in memory samples come first
//!     for each block of QUERY_ROWS queries, in parallel
//!       products, separations                          in cache
//!       keep what is under the query's bar             `kept`; the bar falls as neighbors are found
//!   `settle`                                           the certificate
//!
//! Cost 2·q·n·d flops; memory: the queries, one block of the base, and 2(k + MARGIN) candidates a query.

use crate::kept::{Kept, Part};
use crate::neighbors::NeighborTable;
use crate::pairs;
use crate::prepared::{Preparation, Prepared, Size};
use crate::products::{Side, TILE, Tile, Wanted};
use crate::sample::SampledOrder;
use crate::settle::{Settling, limit};
use crate::source::RowSource;
use annatomy_vectors::{MatrixView, Metric, PerThread, PointId, interrupt};
use rayon::prelude::*;

/// Queries of one block, at most.
const QUERY_ROWS: usize = 192;
/// Blocks are of a multiple of this many queries, which fills the left panels of every instruction set.
const QUERY_STEP: usize = 12;
const BASE_ROWS: usize = 2048;

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

    /// The raw row of a query.
    pub(crate) fn row(&self, query: usize) -> &'a [f32] {
        match *self {
            Self::AllRows(rows) | Self::HeldOut(rows) | Self::DrawnRows(rows, _) => rows.row(query),
            Self::SomeRows(rows, ids) => rows.row(ids[query]),
        }
    }

    /// The base row that a query is, which is no neighbor of itself.
    pub(crate) fn own_id(&self, query: usize) -> Option<u32> {
        match self {
            Self::AllRows(_) => Some(query as u32),
            Self::SomeRows(_, ids) | Self::DrawnRows(_, ids) => Some(ids[query] as u32),
            Self::HeldOut(_) => None,
        }
    }
}

/// The exact `k` nearest base rows of every query; distances in the metric's unit, true (not squared) for L2.
///
/// With `budget_bytes` large enough for a second copy of the rows and the candidates, queries over all rows of a base in
/// memory take half the products. Runs on the current rayon pool; the result does not depend on its size.
pub fn exact_knn(
    base: &dyn RowSource,
    queries: Queries<'_>,
    k: usize,
    metric: Metric,
    budget_bytes: u64,
) -> Result<NeighborTable, ExactError> {
    let (ids, distances) = exact_knn_as(base, queries, k, metric, budget_bytes)?;
    Ok(NeighborTable::new(k, ids, distances))
}

/// As [`exact_knn`], with ids in a form of the caller's, such as `i64`: ids and distances, queries × k row after row.
pub fn exact_knn_as<I: From<PointId> + Clone + Send>(
    base: &dyn RowSource,
    queries: Queries<'_>,
    k: usize,
    metric: Metric,
    budget_bytes: u64,
) -> Result<(Vec<I>, Vec<f32>), ExactError> {
    let available = base.rows() - usize::from(!matches!(queries, Queries::HeldOut(_)) && base.rows() > 0);
    if k == 0 || k > available {
        return Err(ExactError::TooManyNeighbors { k, available });
    }
    if queries.rows().columns() != base.columns() {
        return Err(ExactError::Columns { queries: queries.rows().columns(), base: base.columns() });
    }
    if let Queries::AllRows(rows) = queries
        && rows.rows() == base.rows()
        && pairs::bytes(rows.rows(), rows.columns(), k) <= budget_bytes
    {
        return Ok(pairs::all_pairs(rows, metric, k));
    }
    Ok(stream(base, queries, k, metric))
}

fn stream<I: From<PointId> + Clone + Send>(
    base: &dyn RowSource,
    queries: Queries<'_>,
    k: usize,
    metric: Metric,
) -> (Vec<I>, Vec<f32>) {
    let mut kept = Kept::new(queries.count(), limit(k), base.rows());
    let mut meeting = Meeting::new(base, queries, metric, &mut kept);
    match base.resident() {
        Some(rows) => meeting.meet_resident(rows, k),
        None => meeting.meet_streamed(base),
    }
    let Meeting { preparation, sizes, blocks, .. } = meeting;
    let query_sizes: Vec<Size> = blocks.iter().flat_map(|block| block.prepared.sizes()).collect();
    let lists = kept.lists().zip(query_sizes).collect();
    Settling { base, queries, k, metric, preparation: &preparation, sizes }.settle(lists)
}

/// Queries of one block: as many blocks as give every thread equally many. What a block finds does not depend on its size.
fn block_rows(queries: usize) -> usize {
    let blocks = queries.div_ceil(QUERY_ROWS).next_multiple_of(rayon::current_num_threads());
    queries.div_ceil(blocks.max(1)).next_multiple_of(QUERY_STEP).clamp(QUERY_STEP, QUERY_ROWS)
}

/// Queries held against base rows, block by block.
struct Meeting<'k> {
    preparation: Preparation,
    /// Of the base rows met so far, by id.
    sizes: Vec<Size>,
    blocks: Vec<QueryBlock<'k>>,
    tiles: PerThread<Tile>,
}

impl<'k> Meeting<'k> {
    fn new(base: &dyn RowSource, queries: Queries<'_>, metric: Metric, kept: &'k mut Kept) -> Self {
        let preparation = Preparation::of(base, metric);
        let block_rows = block_rows(queries.count());
        let starts = (0..queries.count()).step_by(block_rows);
        let parts: Vec<_> = starts.zip(kept.parts(block_rows)).collect();
        let block = |(first, kept)| {
            let count = block_rows.min(queries.count() - first);
            let prepared = preparation.prepare(count, |query| queries.row(first + query), Side::Left);
            QueryBlock { prepared, kept }
        };
        let blocks: Vec<QueryBlock<'_>> = parts.into_par_iter().with_max_len(1).map(block).collect();
        interrupt::begin("exact neighbors", (base.rows() * blocks.len()) as u64);
        let tiles = PerThread::new(Tile::default);
        Self { preparation, sizes: vec![Size::default(); base.rows()], blocks, tiles }
    }

    /// Samples of the rows first, which tell about how far the neighbors are.
    fn meet_resident(&mut self, rows: MatrixView<'_>, k: usize) {
        let order = SampledOrder::new(rows.rows(), 1);
        let mut met = 0;
        for &sample in order.samples() {
            order.ids()[met..sample].chunks(BASE_ROWS).for_each(|ids| self.meet_some(rows, ids));
            met = sample;
            if let Some(place) = order.bar_place(sample, k + 1) {
                let blocks = self.blocks.par_iter_mut().with_max_len(1);
                blocks.for_each(|block| block.kept.lower_bars(place, |id| order.pivot(id)));
            }
        }
        order.ids()[met..].chunks(BASE_ROWS).for_each(|ids| self.meet_some(rows, ids));
    }

    fn meet_some(&mut self, rows: MatrixView<'_>, ids: &[u32]) {
        let row = |place: usize| rows.row(ids[place] as usize);
        let prepared = self.preparation.prepare(ids.len(), row, Side::Right);
        self.meet(&prepared, ids);
    }

    /// The rows in their order.
    fn meet_streamed(&mut self, base: &dyn RowSource) {
        let mut values = Vec::new();
        for start in (0..base.rows()).step_by(BASE_ROWS) {
            let range = start..(start + BASE_ROWS).min(base.rows());
            let ids: Vec<u32> = range.clone().map(|id| id as u32).collect();
            values.resize(range.len() * base.columns(), 0.0);
            base.read_rows(range, &mut values);
            let row = |place: usize| &values[place * base.columns()..][..base.columns()];
            let prepared = self.preparation.prepare(ids.len(), row, Side::Right);
            self.meet(&prepared, &ids);
        }
    }

    fn meet(&mut self, rows: &Prepared, ids: &[u32]) {
        ids.iter().zip(rows.sizes()).for_each(|(&id, size)| self.sizes[id as usize] = size);
        let Self { preparation, tiles, blocks, .. } = self;
        let meet = |block: &mut QueryBlock<'_>| tiles.with(|tile| block.meet(rows, ids, preparation, tile));
        blocks.par_iter_mut().with_max_len(1).for_each(meet);
    }
}

/// A block of queries with the candidates found so far.
struct QueryBlock<'k> {
    prepared: Prepared,
    kept: Part<'k>,
}

impl QueryBlock<'_> {
    /// Holds the queries against a block of base rows.
    fn meet(&mut self, base: &Prepared, ids: &[u32], preparation: &Preparation, tile: &mut Tile) {
        interrupt::advance(ids.len() as u64);
        for start in (0..ids.len()).step_by(TILE) {
            let columns = start..(start + TILE).min(ids.len());
            let left = &self.prepared.factor;
            let products = tile.multiply((left, 0..left.rows()), (&base.factor, columns.clone()), Wanted::All);
            for (query, (values, &norm)) in products.zip(&self.prepared.norms_squared).enumerate() {
                preparation.separate(values, norm, &base.norms_squared[columns.clone()]);
                self.kept.offer_rows(query, values, &ids[columns.clone()]);
            }
        }
    }
}
