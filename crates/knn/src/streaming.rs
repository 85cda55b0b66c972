//! Streaming exact k-NN: blocks of base rows against all queries, a top-k buffer per query.
//!
//! Enters: base rows in memory or read in blocks, queries. Leaves: every query's neighbors.
//!
//! for each block of BASE_ROWS base rows            prepared once; of a base in memory samples come first
//!   for each tile of QUERY_ROWS × TILE pairs, in parallel
//!     products, reduced distances                  in cache; of few pairs where `int8` bounds the others
//!     push what is below the pruning threshold     `topk_buffers`; it falls as neighbors are found
//! `refine`                                         exact reranking
//!
//! Cost 2·q·n·d flops; memory: the queries, one block of the base, and 2(k + MARGIN) candidates a
//! query.

use crate::gemm::{Side, TILE, Tile, Wanted};
use crate::int8::{
    CodeTile, CodedBase, CodedQueries, Coder, Prefiltering, Rotation, Yield, rotation_for,
};
use crate::prepared::{Preparation, Prepared, RowMagnitude};
use crate::product_counts::ProductCounts;
use crate::queries::Queries;
use crate::refine::{ExactRerank, limit};
use crate::source::RowSource;
use crate::threshold::SampledOrder;
use crate::topk_buffers::{BufferSlice, TopKBuffers, locked};
use annatomy_runtime::PerThread;
use annatomy_vectors::kernels::int8::Int8Kernels;
use annatomy_vectors::{MatrixView, Metric, PointId};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Mutex;

/// Queries of one block.
const QUERY_ROWS: usize = 192;
/// Base rows of one block.
const BASE_ROWS: usize = 2048;
/// Base rows of one task of the prefilter: a slice of them stays in the second cache.
const PREFILTERED_ROWS: usize = 2 * TILE;
/// Base rows that tell whether the prefilter pays.
const TRIAL_ROWS: usize = 64;
/// Query blocks that tell it, spread over all of them.
const TRIAL_BLOCKS: usize = 4;

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

/// Integer products, where this processor has them.
struct Prefilter {
    prefiltering: Prefiltering,
    kernels: Int8Kernels,
    rotation: Option<Rotation>,
    /// The current block of base rows.
    base: CodedBase,
    tiles: PerThread<CodeTile>,
    /// Of the blocks since the last trial.
    filtered: Yield,
    /// Base rows seen from which on it is tried again.
    next_trial: usize,
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
        let kernels = prefiltering.kernels();
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
        let prefilter = kernels.map(|kernels| {
            let rotation = rotation_for(base, &preparation, kernels);
            let coded = CodedBase::new(&preparation, kernels, rows);
            Prefilter::new((prefiltering, rotation), kernels, coded)
        });
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
            // What a bound leaves now is not what it left before.
            prefilter.next_trial = self.seen;
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
        self.scan_multiplied(&ids, |place| &values[place * columns..][..columns]);
        // They are counted in their turn.
        self.counts.discount_pairs(ids.len() * self.queries.count());
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
            self.scan_multiplied(ids, row_of);
        }
        self.seen += ids.len();
    }

    /// By what it left of the blocks before, or of a trial where that is not known.
    fn prefilter_pays<'r>(
        &mut self,
        ids: &[u32],
        row_of: impl Fn(usize) -> &'r [f32] + Sync,
    ) -> bool {
        if !self.may_prefilter() {
            return false;
        }
        self.forget_yield_of_old_thresholds();
        let is_unknown = |filter: &Prefilter| filter.filtered.is_unknown();
        if self.prefilter.as_ref().is_some_and(is_unknown) {
            self.try_prefilter(TRIAL_ROWS.min(ids.len()), row_of);
        }
        let pays = |filter: &Prefilter| filter.prefiltering.pays(&filter.filtered);
        self.prefilter.as_ref().is_some_and(pays)
    }

    /// Counts what the bounds leave of some query blocks and the first `rows` rows.
    fn try_prefilter<'r>(&mut self, rows: usize, row_of: impl Fn(usize) -> &'r [f32] + Sync) {
        let every = self.blocks.len().div_ceil(TRIAL_BLOCKS);
        self.code_queries(every);
        let Self {
            preparation,
            blocks,
            prefilter: Some(prefilter),
            ..
        } = self
        else {
            return;
        };
        let coder = Coder {
            preparation,
            rotation: prefilter.rotation.as_ref(),
            kernels: prefilter.kernels,
        };
        prefilter.base.prepare_in(coder, rows, row_of);
        let blocks = blocks.par_iter().step_by(every).with_max_len(1);
        blocks.for_each(|block| {
            prefilter.tiles.with(|tile| {
                block.bound(prefilter, 0..rows, tile);
            });
        });
    }

    /// Codes the queries of every `every`-th block, where that is not done.
    fn code_queries(&mut self, every: usize) {
        let queries = self.queries;
        let Some(prefilter) = &self.prefilter else {
            return;
        };
        let coder = Coder {
            preparation: &self.preparation,
            rotation: prefilter.rotation.as_ref(),
            kernels: prefilter.kernels,
        };
        let blocks = self.blocks.par_iter_mut().step_by(every).with_max_len(1);
        blocks.for_each(|block| {
            let (first, count) = (block.first, block.prepared.factor.rows());
            let row_of = |query| queries.row(first + query);
            block
                .coded
                .get_or_insert_with(|| CodedQueries::new(coder, count, row_of));
        });
    }

    /// Thresholds fall as rows are seen: with twice as many, what a bound leaves is tried again.
    fn forget_yield_of_old_thresholds(&mut self) {
        let Some(prefilter) = &mut self.prefilter else {
            return;
        };
        if self.seen >= prefilter.next_trial {
            prefilter.filtered.reset();
            prefilter.next_trial = 2 * self.seen;
        }
    }

    /// Whether there is a threshold for every query: a bound prunes nothing without one.
    fn may_prefilter(&self) -> bool {
        let is_set = |block: &QueryBlock<'_>| {
            let buffers = locked(&block.buffers);
            buffers
                .thresholds()
                .iter()
                .all(|threshold| threshold.is_finite())
        };
        self.prefilter.is_some() && self.blocks.iter().all(is_set)
    }

    /// By float32 products of all pairs.
    fn scan_multiplied<'r>(&mut self, ids: &[u32], row_of: impl Fn(usize) -> &'r [f32] + Sync) {
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
            annatomy_runtime::advance(rows.len() as u64);
            let pairs = rows.len() * block.prepared.norms_squared.len();
            counts.count(pairs, pairs);
            tiles.with(|tile| block.scan_tile(base, ids, rows, preparation, tile));
        });
    }

    /// By integer products of all pairs, and float32 products of those that their bounds leave.
    fn scan_prefiltered<'r>(&mut self, ids: &[u32], row_of: impl Fn(usize) -> &'r [f32] + Sync) {
        self.code_queries(1);
        let Self {
            preparation,
            magnitudes,
            blocks,
            prefilter: Some(prefilter),
            counts,
            ..
        } = self
        else {
            return;
        };
        counts.bounded_by(prefilter.kernels.name());
        let coder = Coder {
            preparation,
            rotation: prefilter.rotation.as_ref(),
            kernels: prefilter.kernels,
        };
        prefilter.base.prepare_in(coder, ids.len(), row_of);
        ids.iter()
            .zip(prefilter.base.magnitudes())
            .for_each(|(&id, &magnitude)| magnitudes[id as usize] = magnitude);
        tasks(blocks, ids.len(), PREFILTERED_ROWS).for_each(|(block, rows)| {
            annatomy_runtime::advance(rows.len() as u64);
            let pairs = rows.len() * block.prepared.norms_squared.len();
            prefilter.tiles.with(|tile| {
                block.scan_prefiltered(prefilter, ids, rows, preparation, tile);
                counts.count(pairs, tile.pairs());
            });
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

impl Prefilter {
    fn new(
        (prefiltering, rotation): (Prefiltering, Option<Rotation>),
        kernels: Int8Kernels,
        base: CodedBase,
    ) -> Self {
        Self {
            prefiltering,
            kernels,
            rotation,
            base,
            tiles: PerThread::new(move || CodeTile::new(kernels)),
            filtered: Yield::default(),
            next_trial: 0,
        }
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

    /// The pairs of the block with the base rows `rows` that their bounds leave, in `tile`; counted.
    fn bound(&self, prefilter: &Prefilter, rows: Range<usize>, tile: &mut CodeTile) {
        let Some(queries) = &self.coded else {
            return;
        };
        // Thresholds only fall: what these leave out, later ones would.
        let thresholds = locked(&self.buffers).thresholds().to_vec();
        tile.clear();
        for start in rows.clone().step_by(TILE) {
            let tile_rows = start..(start + TILE).min(rows.end);
            tile.prefilter(queries, (&prefilter.base, tile_rows), &thresholds);
        }
        prefilter
            .filtered
            .count(thresholds.len() * rows.len(), tile.pairs());
    }

    /// The queries of the block against base rows in codes.
    fn scan_prefiltered(
        &self,
        prefilter: &Prefilter,
        ids: &[u32],
        rows: Range<usize>,
        preparation: &Preparation,
        tile: &mut CodeTile,
    ) {
        let Some(queries) = &self.coded else {
            return;
        };
        self.bound(prefilter, rows, tile);
        let base = &prefilter.base;
        let pairs = tile.multiply(queries, base);
        let mut buffers = locked(&self.buffers);
        let (mut values, mut norms, mut of_rows) = (Vec::new(), Vec::new(), Vec::new());
        for pairs in pairs.chunk_by(|a, b| a.query == b.query) {
            let query = pairs[0].query as usize;
            values.clear();
            norms.clear();
            of_rows.clear();
            for pair in pairs {
                values.push(pair.product);
                norms.push(base.norms_squared[pair.row as usize]);
                of_rows.push(ids[pair.row as usize]);
            }
            preparation.reduce(&mut values, self.prepared.norms_squared[query], &norms);
            buffers.push_rows(query, &values, &of_rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_vectors::Matrix;

    /// A value by its row, its column and a random number in −1..1.
    type Kind<'k> = &'k dyn Fn(usize, usize, f32) -> f32;

    /// Values in −1..1, of any magnitude of `row` and `column`.
    fn matrix(
        rows: usize,
        columns: usize,
        seed: u32,
        of: impl Fn(usize, usize, f32) -> f32,
    ) -> Matrix {
        let mut state = seed;
        let values = (0..rows * columns).map(|place| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = (state >> 8) as f32 / (1_u32 << 23) as f32 - 1.0;
            of(place / columns, place % columns, value)
        });
        Matrix::new(rows, columns, values.collect()).expect("shape")
    }

    fn assert_same(name: &str, base: &Matrix, queries: &Matrix, k: usize) {
        for metric in [Metric::L2, Metric::Cosine, Metric::InnerProduct] {
            let search = |prefiltering, base: &dyn RowSource| {
                let queries = Queries::HeldOut(queries.view());
                let counts = ProductCounts::default();
                let found =
                    streamed_by::<PointId>(prefiltering, base, queries, (k, metric), &counts);
                let (rows, evaluated) = counts.rows_per_query();
                assert!(evaluated <= rows && rows == base.rows() as f64, "{counts}");
                found.expect("no overflow")
            };
            let (ids, distances) = search(Prefiltering::Off, &base.view());
            let bits =
                |distances: &[f32]| distances.iter().map(|d| d.to_bits()).collect::<Vec<_>>();
            for kernels in Int8Kernels::forms() {
                for by in [
                    Prefiltering::Always(kernels),
                    Prefiltering::where_it_pays(kernels, base.columns()),
                ] {
                    let found = search(by, &base.view());
                    assert!(found.0 == ids, "{name}, {metric:?}, {by:?}: ids");
                    assert_eq!(
                        bits(&found.1),
                        bits(&distances),
                        "{name}, {metric:?}, {by:?}"
                    );
                }
            }
        }
    }

    /// With the prefilter the same ids and the same bits: of rows in general position, in clusters,
    /// with ties and twins, far values, constant columns, norms of many magnitudes.
    #[test]
    fn the_prefilter_changes_no_bit() {
        let (rows, columns) = (900, 70);
        let noise = |_: usize, _: usize, value: f32| value;
        let cluster = |row: usize, column: usize, value: f32| {
            value * 0.05 + ((row % 7 * 31 + column * 17) % 13) as f32
        };
        let lattice = |_: usize, _: usize, value: f32| value.round();
        let twins = |row: usize, column: usize, _: f32| ((row / 5 * 7 + column * 3) % 11) as f32;
        let far = |row: usize, column: usize, value: f32| {
            if column == row % 3 {
                value * 1e4
            } else {
                value
            }
        };
        let constant = |_: usize, column: usize, value: f32| {
            if column < 60 { 1e3 } else { value }
        };
        let magnitudes =
            |row: usize, _: usize, value: f32| value * 10f32.powi(row as i32 % 21 - 10);
        let tiny = |row: usize, _: usize, value: f32| value * 10f32.powi(-(row as i32 % 14));
        let denormal =
            |row: usize, _: usize, value: f32| value * 1e-36 / (row % 9 * 1000 + 1) as f32;
        let kinds: [(&str, Kind<'_>); 9] = [
            ("noise", &noise),
            ("clusters", &cluster),
            ("lattice", &lattice),
            ("twins", &twins),
            ("far values", &far),
            ("constant columns", &constant),
            ("magnitudes", &magnitudes),
            ("tiny", &tiny),
            ("denormals", &denormal),
        ];
        for (name, kind) in kinds {
            let base = matrix(rows, columns, 3, kind);
            let queries = matrix(20, columns, 4, kind);
            for k in [1, 10] {
                assert_same(name, &base, &queries, k);
            }
        }
    }

    /// The same of rows with slices enough for several groups, rotated where values are far.
    #[test]
    fn the_prefilter_changes_no_bit_of_wide_rows() {
        let far = |row: usize, column: usize, value: f32| {
            if column % 97 == row % 3 {
                value * 300.0
            } else {
                value
            }
        };
        let cluster = |row: usize, column: usize, value: f32| {
            value * 0.05 + ((row % 5 * 31 + column * 17) % 13) as f32
        };
        let kinds: [(&str, Kind<'_>); 2] = [("far values", &far), ("clusters", &cluster)];
        for columns in [200, 1000, 2100] {
            for (name, kind) in kinds {
                let base = matrix(300, columns, 3, kind);
                let queries = matrix(15, columns, 4, kind);
                assert_same(name, &base, &queries, 5);
            }
        }
    }
    /// Rows that are read in their order, each farther than the one before or nearer, and rows in memory: where the
    /// first sample is large, some rows of it are looked at ahead.
    #[test]
    fn looking_ahead_changes_no_bit() {
        struct Read<'r>(MatrixView<'r>);
        impl RowSource for Read<'_> {
            fn rows(&self) -> usize {
                self.0.rows()
            }
            fn columns(&self) -> usize {
                self.0.columns()
            }
            fn read_rows(&self, range: Range<usize>, out: &mut [f32]) {
                self.0.read_rows(range, out);
            }
        }
        let (rows, columns, k) = (110_000, 48, 7);
        let nearer = |row: usize, _: usize, value: f32| value * (rows + 9 - row) as f32;
        let farther = |row: usize, _: usize, value: f32| value * (row + 9) as f32;
        let kinds: [(&str, Kind<'_>); 2] = [("nearer", &nearer), ("farther", &farther)];
        for (name, kind) in kinds {
            let base = matrix(rows, columns, 3, kind);
            let queries = matrix(5, columns, 4, |_, _, value| value);
            let search = |prefiltering, base: &dyn RowSource| {
                let queries = Queries::HeldOut(queries.view());
                let counts = ProductCounts::default();
                let what = (k, Metric::L2);
                let found = streamed_by::<PointId>(prefiltering, base, queries, what, &counts);
                (found.expect("no overflow"), counts)
            };
            let (expected, _) = search(Prefiltering::Off, &base.view());
            for kernels in Int8Kernels::forms() {
                for source in [&base.view() as &dyn RowSource, &Read(base.view())] {
                    let prefiltering = Prefiltering::where_it_pays(kernels, columns);
                    let (found, counts) = search(prefiltering, source);
                    assert_eq!(found, expected, "{name}, {}", kernels.name());
                    let (pairs, evaluated) = counts.rows_per_query();
                    assert_eq!(pairs, rows as f64, "each pair is counted once");
                    assert!(
                        evaluated < pairs || kernels.cost().is_infinite(),
                        "{counts}"
                    );
                }
            }
        }
    }
}
