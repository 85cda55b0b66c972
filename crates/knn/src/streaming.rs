//! Streaming exact k-NN: blocks of base rows against all queries, a top-k buffer per query.
//!
//! Enters: base rows in memory or read in blocks, queries. Leaves: every query's neighbors.
//!
//! for each block of BASE_ROWS base rows            prepared once; of a base in memory samples come first
//!   for each tile of QUERY_ROWS × TILE pairs, in parallel
//!     products, reduced distances                  in cache
//!     push what is below the pruning threshold     `topk_buffers`; it falls as neighbors are found
//! `refine`                                         exact reranking
//!
//! Cost 2·q·n·d flops; memory: the queries, one block of the base, and 2(k + MARGIN) candidates a
//! query.

use crate::gemm::{Side, TILE, Tile, Wanted};
use crate::prepared::{Preparation, Prepared, RowMagnitude};
use crate::queries::Queries;
use crate::refine::{ExactRerank, limit};
use crate::source::RowSource;
use crate::threshold::SampledOrder;
use crate::topk_buffers::{BufferSlice, TopKBuffers, locked};
use annatomy_runtime::PerThread;
use annatomy_vectors::{MatrixView, Metric, PointId};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Mutex;

/// Queries of one block.
const QUERY_ROWS: usize = 192;
/// Base rows of one block.
const BASE_ROWS: usize = 2048;

/// Some row's squares are beyond float32.
#[derive(Debug)]
pub(crate) struct Overflow;

/// The `k` nearest base rows of every query.
pub(crate) fn streamed<I: From<PointId> + Clone + Send>(
    base: &dyn RowSource,
    queries: Queries<'_>,
    k: usize,
    metric: Metric,
) -> Result<(Vec<I>, Vec<f32>), Overflow> {
    let mut buffers = TopKBuffers::new(queries.count(), limit(k), base.rows());
    let mut search = StreamedSearch::new(base, queries, metric, &mut buffers);
    match base.resident() {
        Some(rows) => search.scan_resident(rows, k),
        None => search.scan_streamed(base),
    }
    let StreamedSearch {
        preparation,
        magnitudes,
        blocks,
        ..
    } = search;
    if !magnitudes.iter().all(|magnitude| magnitude.fits()) {
        return Err(Overflow);
    }
    let query_magnitudes: Vec<RowMagnitude> = blocks
        .iter()
        .flat_map(|block| block.prepared.magnitudes())
        .collect();
    let lists = buffers.lists().zip(query_magnitudes).collect();
    Ok(ExactRerank {
        base,
        queries,
        k,
        metric,
        preparation: &preparation,
        magnitudes,
    }
    .rerank(lists))
}

/// A search block by block.
struct StreamedSearch<'k> {
    preparation: Preparation,
    /// Magnitudes of the base rows seen so far, by id.
    magnitudes: Vec<RowMagnitude>,
    blocks: Vec<QueryBlock<'k>>,
    /// The current block of base rows.
    base: Prepared,
    tiles: PerThread<Tile>,
}

/// A block of queries with the candidates found so far.
struct QueryBlock<'k> {
    prepared: Prepared,
    buffers: Mutex<BufferSlice<'k>>,
}

impl<'k> StreamedSearch<'k> {
    fn new(
        base: &dyn RowSource,
        queries: Queries<'_>,
        metric: Metric,
        buffers: &'k mut TopKBuffers,
    ) -> Self {
        let preparation = Preparation::of(base, metric);
        let block = |(first, buffers)| {
            let count = QUERY_ROWS.min(queries.count() - first);
            let prepared =
                preparation.prepare(count, |query| queries.row(first + query), Side::Left);
            QueryBlock {
                prepared,
                buffers: Mutex::new(buffers),
            }
        };
        let blocks: Vec<_> = (0..queries.count())
            .step_by(QUERY_ROWS)
            .zip(buffers.slices(QUERY_ROWS))
            .map(block)
            .collect();
        annatomy_runtime::stage("exact neighbors", (base.rows() * blocks.len()) as u64);
        let block = preparation.with_capacity(BASE_ROWS.min(base.rows()), Side::Right);
        let tiles = PerThread::new(Tile::default);
        Self {
            preparation,
            magnitudes: vec![RowMagnitude::default(); base.rows()],
            blocks,
            base: block,
            tiles,
        }
    }

    /// Samples of the rows first: they give an initial pruning threshold.
    fn scan_resident(&mut self, rows: MatrixView<'_>, k: usize) {
        let order = SampledOrder::new(rows.rows(), 1);
        let mut done = 0;
        for &sample in order.samples() {
            order.ids()[done..sample]
                .chunks(BASE_ROWS)
                .for_each(|ids| self.scan_ids(rows, ids));
            done = sample;
            if let Some(rank) = order.threshold_rank(sample, k + 1) {
                let blocks = self.blocks.par_iter().with_max_len(1);
                blocks.for_each(|block| {
                    locked(&block.buffers).lower_thresholds(rank, |id| order.pivot(id));
                });
            }
        }
        order.ids()[done..]
            .chunks(BASE_ROWS)
            .for_each(|ids| self.scan_ids(rows, ids));
    }

    fn scan_ids(&mut self, rows: MatrixView<'_>, ids: &[u32]) {
        self.scan_block(ids, |place| rows.row(ids[place] as usize));
    }

    /// The rows in their order, read block by block.
    fn scan_streamed(&mut self, base: &dyn RowSource) {
        let mut values = Vec::new();
        for start in (0..base.rows()).step_by(BASE_ROWS) {
            let range = start..(start + BASE_ROWS).min(base.rows());
            let ids: Vec<u32> = range.clone().map(|id| id as u32).collect();
            values.resize(range.len() * base.columns(), 0.0);
            base.read_rows(range, &mut values);
            self.scan_block(&ids, |place| {
                &values[place * base.columns()..][..base.columns()]
            });
        }
    }

    /// All queries against the rows `ids`; `row_of` gives a row by its place in `ids`.
    fn scan_block<'r>(&mut self, ids: &[u32], row_of: impl Fn(usize) -> &'r [f32] + Sync) {
        let Self {
            preparation,
            magnitudes,
            blocks,
            base,
            tiles,
        } = self;
        preparation.prepare_in(base, ids.len(), row_of);
        ids.iter()
            .zip(base.magnitudes())
            .for_each(|(&id, magnitude)| magnitudes[id as usize] = magnitude);
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
                tiles.with(|tile| block.scan_tile(base, ids, rows, preparation, tile));
            });
    }
}

impl QueryBlock<'_> {
    /// The queries of the block against a tile of base rows.
    fn scan_tile(
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
        let mut buffers = locked(&self.buffers);
        for (query, (values, &norm)) in products.zip(&self.prepared.norms_squared).enumerate() {
            preparation.reduce(values, norm, &base.norms_squared[rows.clone()]);
            buffers.push_rows(query, values, &ids[rows.clone()]);
        }
    }
}
