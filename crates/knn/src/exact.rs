//! Exact k-nearest neighbors under a certificate, in bounded memory.
//!
//! Enters: base rows (in memory or read in blocks) and queries. Leaves: a [`NeighborTable`] whose
//! ids equal a float64 brute force, ascending by (distance, id).
//!
//! all rows of a base in memory: `pairs`, which needs half the products
//! otherwise
//!   for each block of BASE_ROWS base rows              prepared once; of a base in memory samples come first
//!     for each tile of QUERY_ROWS × TILE pairs, in parallel
//!       products, separations                          in cache
//!       keep what is under the query's bar             `kept`; the bar falls as neighbors are found
//!   `settle`                                           the certificate
//!
//! Cost 2·q·n·d flops; memory: the queries, one block of the base, and 2(k + MARGIN) candidates a
//! query.

use crate::kept::{Kept, Part, locked};
use crate::neighbors::NeighborTable;
use crate::pairs;
use crate::prepared::{Preparation, Prepared, Size};
use crate::products::{Side, TILE, Tile, Wanted};
use crate::sample::SampledOrder;
use crate::settle::{Settling, limit};
use crate::source::RowSource;
use annatomy_runtime::PerThread;
use annatomy_vectors::{MatrixView, Metric, PointId};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Mutex;

/// Queries of one block.
const QUERY_ROWS: usize = 192;
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
    /// Number of queries.
    pub fn count(&self) -> usize {
        match self {
            Self::AllRows(rows) | Self::HeldOut(rows) => rows.rows(),
            Self::SomeRows(_, ids) | Self::DrawnRows(_, ids) => ids.len(),
        }
    }

    fn rows(&self) -> MatrixView<'a> {
        match *self {
            Self::AllRows(rows)
            | Self::HeldOut(rows)
            | Self::SomeRows(rows, _)
            | Self::DrawnRows(rows, _) => rows,
        }
    }

    /// The vector of a query.
    pub fn row(&self, query: usize) -> &'a [f32] {
        match *self {
            Self::AllRows(rows) | Self::HeldOut(rows) | Self::DrawnRows(rows, _) => rows.row(query),
            Self::SomeRows(rows, ids) => rows.row(ids[query]),
        }
    }

    /// The base row that a query is, which is no neighbor of itself.
    pub fn own_id(&self, query: usize) -> Option<u32> {
        match self {
            Self::AllRows(_) => Some(query as u32),
            Self::SomeRows(_, ids) | Self::DrawnRows(_, ids) => Some(ids[query] as u32),
            Self::HeldOut(_) => None,
        }
    }
}

/// The exact `k` nearest base rows of every query; distances in the metric's unit, true (not
/// squared) for L2.
///
/// With `budget_bytes` large enough for a second copy of the rows and the candidates, queries over
/// all rows of a base in memory take half the products. Runs on the current rayon pool; the result
/// does not depend on its size.
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

/// As [`exact_knn`], with ids in a form of the caller's, such as `i64`: ids and distances, queries
/// × k row after row.
pub fn exact_knn_as<I: From<PointId> + Clone + Send>(
    base: &dyn RowSource,
    queries: Queries<'_>,
    k: usize,
    metric: Metric,
    budget_bytes: u64,
) -> Result<(Vec<I>, Vec<f32>), ExactError> {
    let available =
        base.rows() - usize::from(!matches!(queries, Queries::HeldOut(_)) && base.rows() > 0);
    if k == 0 || k > available {
        return Err(ExactError::TooManyNeighbors { k, available });
    }
    if queries.rows().columns() != base.columns() {
        return Err(ExactError::Columns {
            queries: queries.rows().columns(),
            base: base.columns(),
        });
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
    let Meeting {
        preparation,
        sizes,
        blocks,
        ..
    } = meeting;
    let query_sizes: Vec<Size> = blocks
        .iter()
        .flat_map(|block| block.prepared.sizes())
        .collect();
    let lists = kept.lists().zip(query_sizes).collect();
    Settling {
        base,
        queries,
        k,
        metric,
        preparation: &preparation,
        sizes,
    }
    .settle(lists)
}

/// Queries held against base rows, block by block.
struct Meeting<'k> {
    preparation: Preparation,
    /// Of the base rows met so far, by id.
    sizes: Vec<Size>,
    blocks: Vec<QueryBlock<'k>>,
    /// The base rows at hand.
    base: Prepared,
    tiles: PerThread<Tile>,
}

/// A block of queries with the candidates found so far.
struct QueryBlock<'k> {
    prepared: Prepared,
    kept: Mutex<Part<'k>>,
}

impl<'k> Meeting<'k> {
    fn new(base: &dyn RowSource, queries: Queries<'_>, metric: Metric, kept: &'k mut Kept) -> Self {
        let preparation = Preparation::of(base, metric);
        let block = |(first, kept)| {
            let count = QUERY_ROWS.min(queries.count() - first);
            let prepared =
                preparation.prepare(count, |query| queries.row(first + query), Side::Left);
            QueryBlock {
                prepared,
                kept: Mutex::new(kept),
            }
        };
        let blocks: Vec<_> = (0..queries.count())
            .step_by(QUERY_ROWS)
            .zip(kept.parts(QUERY_ROWS))
            .map(block)
            .collect();
        annatomy_runtime::stage("exact neighbors", (base.rows() * blocks.len()) as u64);
        let room = preparation.room(BASE_ROWS.min(base.rows()), Side::Right);
        let tiles = PerThread::new(Tile::default);
        Self {
            preparation,
            sizes: vec![Size::default(); base.rows()],
            blocks,
            base: room,
            tiles,
        }
    }

    /// Samples of the rows first, which tell about how far the neighbors are.
    fn meet_resident(&mut self, rows: MatrixView<'_>, k: usize) {
        let order = SampledOrder::new(rows.rows(), 1);
        let mut met = 0;
        for &sample in order.samples() {
            order.ids()[met..sample]
                .chunks(BASE_ROWS)
                .for_each(|ids| self.meet_some(rows, ids));
            met = sample;
            if let Some(place) = order.bar_place(sample, k + 1) {
                let blocks = self.blocks.par_iter().with_max_len(1);
                blocks
                    .for_each(|block| locked(&block.kept).lower_bars(place, |id| order.pivot(id)));
            }
        }
        order.ids()[met..]
            .chunks(BASE_ROWS)
            .for_each(|ids| self.meet_some(rows, ids));
    }

    fn meet_some(&mut self, rows: MatrixView<'_>, ids: &[u32]) {
        self.meet(ids, |place| rows.row(ids[place] as usize));
    }

    /// The rows in their order.
    fn meet_streamed(&mut self, base: &dyn RowSource) {
        let mut values = Vec::new();
        for start in (0..base.rows()).step_by(BASE_ROWS) {
            let range = start..(start + BASE_ROWS).min(base.rows());
            let ids: Vec<u32> = range.clone().map(|id| id as u32).collect();
            values.resize(range.len() * base.columns(), 0.0);
            base.read_rows(range, &mut values);
            self.meet(&ids, |place| {
                &values[place * base.columns()..][..base.columns()]
            });
        }
    }

    /// Holds all queries against the rows `ids`, which `row_of` gives by their place among those.
    fn meet<'r>(&mut self, ids: &[u32], row_of: impl Fn(usize) -> &'r [f32] + Sync) {
        let Self {
            preparation,
            sizes,
            blocks,
            base,
            tiles,
        } = self;
        preparation.prepare_in(base, ids.len(), row_of);
        ids.iter()
            .zip(base.sizes())
            .for_each(|(&id, size)| sizes[id as usize] = size);
        let of_block = |block| {
            (0..ids.len())
                .step_by(TILE)
                .map(move |start| (block, start..(start + TILE).min(ids.len())))
        };
        let tasks: Vec<(&QueryBlock<'_>, Range<usize>)> =
            blocks.iter().flat_map(of_block).collect();
        tasks
            .into_par_iter()
            .with_max_len(1)
            .for_each(|(block, rows)| {
                annatomy_runtime::advance(rows.len() as u64);
                tiles.with(|tile| block.meet(base, ids, rows, preparation, tile));
            });
    }
}

impl QueryBlock<'_> {
    /// Holds the queries against a tile of base rows.
    fn meet(
        &self,
        base: &Prepared,
        ids: &[u32],
        rows: Range<usize>,
        preparation: &Preparation,
        tile: &mut Tile,
    ) {
        let left = &self.prepared.factor;
        let products = tile.multiply(
            (left, 0..left.rows()),
            (&base.factor, rows.clone()),
            Wanted::All,
        );
        let mut kept = locked(&self.kept);
        for (query, (values, &norm)) in products.zip(&self.prepared.norms_squared).enumerate() {
            preparation.separate(values, norm, &base.norms_squared[rows.clone()]);
            kept.offer_rows(query, values, &ids[rows.clone()]);
        }
    }
}
