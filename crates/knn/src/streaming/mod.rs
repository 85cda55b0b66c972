//! Streaming exact k-NN: blocks of base rows against all queries, a top-k buffer per query.
//!
//! Enters: base rows in memory or read in blocks, queries. Leaves: every query's neighbors.
//!
//! BASE_ROWS rows of the first sample, at most      a pruning threshold, where `prefilter` needs one before a
//!                                                  larger sample is through
//! for each block of BASE_ROWS base rows            prepared once; of a base in memory samples come first
//!   for each tile of QUERY_ROWS × TILE pairs, in parallel
//!     products, reduced distances                  in cache; of few pairs where `prefilter` bounds the others
//!     push what is below the pruning threshold     `topk_buffers`; it falls as neighbors are found
//! `refine`                                         exact reranking
//!
//! Cost 2·q·n·d flops; memory: the queries, one block of the base, and 2(k + MARGIN) candidates a
//! query.

mod prefilter;

use crate::gemm::{Side, TILE, Tile, Wanted};
use crate::int8::{CodedQueries, Prefiltering};
use crate::prepared::{Preparation, Prepared, RowMagnitude};
use crate::product_counts::ProductCounts;
use crate::queries::Queries;
use crate::refine::{ExactRerank, limit};
use crate::source::RowSource;
use crate::threshold::SampledOrder;
use crate::topk_buffers::{BufferSlice, TopKBuffers, locked};
use annatomy_runtime::PerThread;
use annatomy_vectors::{MatrixView, Metric, PointId};
use prefilter::Prefilter;
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
    (k, metric): (usize, Metric),
    counts: &ProductCounts,
) -> Result<(Vec<I>, Vec<f32>), Overflow> {
    let prefiltering = Prefiltering::detected(base.columns(), k, base.rows());
    streamed_by(prefiltering, base, queries, (k, metric), counts)
}

fn streamed_by<I: From<PointId> + Clone + Send>(
    prefiltering: Prefiltering,
    base: &dyn RowSource,
    queries: Queries<'_>,
    (k, metric): (usize, Metric),
    counts: &ProductCounts,
) -> Result<(Vec<I>, Vec<f32>), Overflow> {
    counts.count_queries(queries.count());
    let mut buffers = TopKBuffers::new(queries.count(), limit(k), base.rows());
    let mut search =
        StreamedSearch::new(prefiltering, (base, queries, metric), &mut buffers, counts);
    match base.resident() {
        Some(rows) => search.scan_resident(rows, k),
        None => search.scan_streamed(base, k),
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

/// When rows are multiplied.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// Once, as all rows are.
    Own,
    /// Before that, for a threshold.
    Ahead,
}

/// A search block by block.
struct StreamedSearch<'k> {
    preparation: Preparation,
    queries: Queries<'k>,
    /// Magnitudes of the base rows seen so far, by id.
    magnitudes: Vec<RowMagnitude>,
    blocks: Vec<QueryBlock<'k>>,
    /// The current block of base rows.
    base: Prepared,
    tiles: PerThread<Tile>,
    prefilter: Option<Prefilter>,
    counts: &'k ProductCounts,
    /// Base rows of the blocks before.
    seen: usize,
}

/// A block of queries with the candidates found so far.
struct QueryBlock<'k> {
    /// The number of its first query.
    first: usize,
    prepared: Prepared,
    /// Its queries in codes, once the prefilter takes them.
    coded: Option<CodedQueries>,
    buffers: Mutex<BufferSlice<'k>>,
}

impl<'k> StreamedSearch<'k> {
    fn new(
        prefiltering: Prefiltering,
        (base, queries, metric): (&dyn RowSource, Queries<'k>, Metric),
        buffers: &'k mut TopKBuffers,
        counts: &'k ProductCounts,
    ) -> Self {
        let preparation = Preparation::of(base, metric);
        let block = |(first, buffers)| {
            let count = QUERY_ROWS.min(queries.count() - first);
            let prepared =
                preparation.prepare(count, |query| queries.row(first + query), Side::Left);
            QueryBlock {
                first,
                prepared,
                coded: None,
                buffers: Mutex::new(buffers),
            }
        };
        let firsts = (0..queries.count()).step_by(QUERY_ROWS);
        let of_blocks: Vec<_> = firsts.zip(buffers.slices(QUERY_ROWS)).collect();
        let blocks: Vec<_> = of_blocks.into_par_iter().map(block).collect();
        annatomy_runtime::stage("exact neighbors", (base.rows() * blocks.len()) as u64);
        let rows = BASE_ROWS.min(base.rows());
        let block = preparation.with_capacity(rows, Side::Right);
        let tiles = PerThread::new(Tile::default);
        let prefilter = Prefilter::new(prefiltering, base, &preparation);
        Self {
            prefilter,
            counts,
            seen: 0,
            preparation,
            queries,
            magnitudes: vec![RowMagnitude::default(); base.rows()],
            blocks,
            base: block,
            tiles,
        }
    }

    /// Samples of the rows first: they give an initial pruning threshold.
    fn scan_resident(&mut self, rows: MatrixView<'_>, k: usize) {
        let order = SampledOrder::new(rows.rows(), 1);
        self.look_ahead(&rows, &order, k);
        let mut done = 0;
        for &sample in order.samples() {
            self.scan_ids(rows, &order.ids()[done..sample]);
            done = sample;
            if let Some(rank) = order.threshold_rank(sample, k + 1) {
                self.lower_thresholds(rank, |id| order.pivot(id));
            }
        }
        self.scan_ids(rows, &order.ids()[done..]);
    }

    /// To the reduced distance at `rank` among the rows so far.
    fn lower_thresholds(&mut self, rank: usize, pivot_of: impl Fn(u32) -> Option<u32> + Sync) {
        let blocks = self.blocks.par_iter().with_max_len(1);
        blocks.for_each(|block| locked(&block.buffers).lower_thresholds(rank, &pivot_of));
        if let Some(prefilter) = &mut self.prefilter {
            prefilter.try_again(self.seen);
        }
    }

    fn scan_ids(&mut self, rows: MatrixView<'_>, ids: &[u32]) {
        for ids in ids.chunks(BASE_ROWS) {
            self.scan_block(ids, |place| rows.row(ids[place] as usize));
        }
    }

    /// Some rows of the first sample give a pruning threshold, where bounds may need one before the sample is through;
    /// they come again in their turn.
    fn look_ahead(&mut self, base: &dyn RowSource, order: &SampledOrder, k: usize) {
        let sample = order.samples().first().map_or(0, |&sample| sample);
        if self.prefilter.is_none() || sample <= BASE_ROWS {
            return;
        }
        let ids = order.ids()[..sample].iter().copied();
        let ids: Vec<u32> = ids.step_by(sample.div_ceil(BASE_ROWS)).collect();
        let Some(rank) = order.threshold_rank(ids.len(), k + 1) else {
            return;
        };
        let columns = base.columns();
        let mut values = vec![0.0; ids.len() * columns];
        for (&id, row) in ids.iter().zip(values.chunks_exact_mut(columns.max(1))) {
            base.read_rows(id as usize..id as usize + 1, row);
        }
        let row_of = |place| &values[place * columns..][..columns];
        self.scan_multiplied(&ids, row_of, Turn::Ahead);
        self.lower_thresholds(rank, |_| None);
        let blocks = self.blocks.par_iter().with_max_len(1);
        blocks.for_each(|block| locked(&block.buffers).forget_rows());
    }

    /// The rows in their order, read block by block; each is read while the one before it is searched.
    fn scan_streamed(&mut self, base: &dyn RowSource, k: usize) {
        self.look_ahead(base, &SampledOrder::new(base.rows(), 1), k);
        let read = |range: Range<usize>, values: &mut Vec<f32>| {
            values.resize(range.len() * base.columns(), 0.0);
            base.read_rows(range, values);
        };
        let mut blocks = (0..base.rows())
            .step_by(BASE_ROWS)
            .map(|start| start..(start + BASE_ROWS).min(base.rows()))
            .peekable();
        let (mut values, mut next_values) = (Vec::new(), Vec::new());
        if let Some(first) = blocks.peek() {
            read(first.clone(), &mut values);
        }
        while let Some(range) = blocks.next() {
            let ids: Vec<u32> = range.map(|id| id as u32).collect();
            let row_of = |place| &values[place * base.columns()..][..base.columns()];
            let next = blocks.peek().cloned();
            rayon::join(
                || self.scan_block(&ids, row_of),
                || next.map(|next| read(next, &mut next_values)),
            );
            std::mem::swap(&mut values, &mut next_values);
        }
    }

    /// All queries against the rows `ids`; `row_of` gives a row by its place in `ids`.
    fn scan_block<'r>(&mut self, ids: &[u32], row_of: impl Fn(usize) -> &'r [f32] + Sync) {
        if self.prefilter_pays(ids, &row_of) {
            self.scan_prefiltered(ids, row_of);
        } else {
            self.scan_multiplied(ids, row_of, Turn::Own);
        }
        self.seen += ids.len();
    }

    /// By float32 products of all pairs.
    fn scan_multiplied<'r>(
        &mut self,
        ids: &[u32],
        row_of: impl Fn(usize) -> &'r [f32] + Sync,
        turn: Turn,
    ) {
        let Self {
            preparation,
            magnitudes,
            blocks,
            base,
            tiles,
            counts,
            ..
        } = self;
        preparation.prepare_in(base, ids.len(), row_of);
        ids.iter()
            .zip(base.magnitudes())
            .for_each(|(&id, magnitude)| magnitudes[id as usize] = magnitude);
        tasks(blocks, ids.len(), TILE).for_each(|(block, rows)| {
            let pairs = rows.len() * block.prepared.norms_squared.len();
            match turn {
                Turn::Own => {
                    annatomy_runtime::advance(rows.len() as u64);
                    counts.count(pairs, pairs);
                }
                Turn::Ahead => {
                    annatomy_runtime::check();
                    counts.count(0, pairs);
                }
            }
            tiles.with(|tile| block.scan_tile(base, ids, rows, preparation, tile));
        });
    }
}

/// Every block of queries with each `size` of `rows` base rows, in parallel.
fn tasks<'b, 'k>(
    blocks: &'b [QueryBlock<'k>],
    rows: usize,
    size: usize,
) -> impl IndexedParallelIterator<Item = (&'b QueryBlock<'k>, Range<usize>)> {
    let of_block = |block| {
        (0..rows)
            .step_by(size)
            .map(move |start| (block, start..(start + size).min(rows)))
    };
    let tasks: Vec<(&QueryBlock<'_>, Range<usize>)> = blocks.iter().flat_map(of_block).collect();
    tasks.into_par_iter().with_max_len(1)
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

#[cfg(test)]
mod tests;
