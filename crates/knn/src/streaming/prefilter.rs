//! The prefilter of a search: bounds of all pairs of a block by integer products, where that pays.
//!
//! a trial: bounds of TRIAL_ROWS rows              again whenever twice as many rows were seen, or thresholds fell
//! code the block's rows
//! for each tile of QUERY_ROWS × PREFILTERED_ROWS pairs, in parallel
//!   lower bounds, compared with the thresholds
//!   float32 products of the pairs below, push
//!
//! See `int8` for the bounds.

use super::{BASE_ROWS, QueryBlock, StreamedSearch, tasks};
use crate::gemm::TILE;
use crate::int8::{
    CodeTile, CodedBase, CodedQueries, Coder, Prefiltering, Rotation, Yield, rotation_for,
};
use crate::prepared::Preparation;
use crate::source::RowSource;
use crate::topk_buffers::locked;
use annatomy_runtime::PerThread;
use annatomy_vectors::kernels::int8::Int8Kernels;
use rayon::prelude::*;
use std::ops::Range;

/// Base rows of one task of the prefilter: a slice of them stays in the second cache.
const PREFILTERED_ROWS: usize = 2 * TILE;
/// Base rows that tell whether the prefilter pays.
const TRIAL_ROWS: usize = 64;
/// Query blocks that tell it, spread over all of them.
const TRIAL_BLOCKS: usize = 4;

/// Integer products, where this processor has them.
pub(super) struct Prefilter {
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

impl Prefilter {
    /// `None` without integer products.
    pub(super) fn new(
        prefiltering: Prefiltering,
        base: &dyn RowSource,
        preparation: &Preparation,
    ) -> Option<Self> {
        let kernels = prefiltering.kernels()?;
        Some(Self {
            prefiltering,
            kernels,
            rotation: rotation_for(base, preparation, kernels),
            base: CodedBase::new(preparation, kernels, BASE_ROWS.min(base.rows())),
            tiles: PerThread::new(move || CodeTile::new(kernels)),
            filtered: Yield::default(),
            next_trial: 0,
        })
    }

    /// Thresholds have fallen after `seen` rows: what bounds left before says nothing now.
    pub(super) fn try_again(&mut self, seen: usize) {
        self.next_trial = seen;
    }

    /// Codes base rows; `row_of` gives the raw ones.
    fn code<'r>(
        &mut self,
        preparation: &Preparation,
        rows: usize,
        row_of: impl Fn(usize) -> &'r [f32] + Sync,
    ) {
        let coder = Coder {
            preparation,
            rotation: self.rotation.as_ref(),
            kernels: self.kernels,
        };
        self.base.prepare_in(coder, rows, row_of);
    }
}

impl StreamedSearch<'_> {
    /// By what it left of the blocks before, or of a trial where that is not known.
    pub(super) fn prefilter_pays<'r>(
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
        let Some(prefilter) = &mut self.prefilter else {
            return;
        };
        prefilter.code(&self.preparation, rows, row_of);
        let blocks = self.blocks.par_iter().step_by(every).with_max_len(1);
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

    /// By integer products of all pairs, and float32 products of those that their bounds leave.
    pub(super) fn scan_prefiltered<'r>(
        &mut self,
        ids: &[u32],
        row_of: impl Fn(usize) -> &'r [f32] + Sync,
    ) {
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
        prefilter.code(preparation, ids.len(), row_of);
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

impl QueryBlock<'_> {
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
