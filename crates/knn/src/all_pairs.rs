//! Symmetric all-pairs k-NN: each upper-triangular tile updates the top-k buffers of both its rows.
//!
//! Enters: n rows in memory. Leaves: every row's neighbors.
//!
//! the strips of each sample against the rows after them, in parallel
//!   lower the thresholds of the others                  to a rank in the sample
//! the other strips against the rows after them
//!   for each tile of STRIP × TILE pairs                 product, reduced distances, in cache
//!     each left row: what is below its threshold        the strip's buffers are locked
//!     each right row: what is below its threshold       its strip's buffers are locked
//! rerank
//!
//! Cost n²·d flops; memory: the rows in panels, 2(k + MARGIN) candidates a row. No table of pairs
//! is written, none is read: see `reduced distances` for where one is wanted.

use crate::gemm::{Panels, Side, TILE, Tile, Wanted};
use crate::prepared::{Preparation, Prepared, RowMagnitude};
use crate::queries::Queries;
use crate::refine::{ExactRerank, limit};
use crate::threshold::SampledOrder;
use crate::topk_buffers::{BufferSlice, TopKBuffers, locked};
use annatomy_runtime::PerThread;
use annatomy_vectors::{MatrixView, Metric, PointId};
use rayon::prelude::*;
use std::sync::Mutex;

/// Left rows of a tile; right tiles hold two strips, so that each begins with a panel.
const STRIP: usize = TILE / 2;

/// Bytes that the rows in panels and the candidates take, the rows given not counted.
pub(crate) fn bytes(rows: usize, columns: usize, k: usize) -> u64 {
    rows as u64 * (4 * columns as u64 + TopKBuffers::bytes(limit(k), rows))
}

/// The `k` nearest of every row, itself excluded.
pub(crate) fn all_pairs<I: From<PointId> + Clone + Send>(
    rows: MatrixView<'_>,
    metric: Metric,
    k: usize,
) -> (Vec<I>, Vec<f32>) {
    let order = SampledOrder::new(rows.rows(), STRIP);
    let preparation = Preparation::of(&rows, metric);
    let mut buffers = TopKBuffers::new(rows.rows(), limit(k), rows.rows());
    let pairs = Pairs::new(rows, &preparation, &order, &mut buffers);
    let tasks = pairs.tasks();
    annatomy_runtime::stage("exact neighbors", tasks.len() as u64);
    let mut others = &tasks[..];
    for &sample in order.samples() {
        let of_sample;
        (of_sample, others) =
            others.split_at(others.partition_point(|task| task.left * STRIP < sample));
        pairs.multiply(of_sample);
        if let Some(rank) = order.threshold_rank(sample, k + 1) {
            // The sample's own buffers have seen every row by now, not the sample alone.
            let lists = pairs.lists[sample / STRIP..].par_iter().with_max_len(1);
            lists.for_each(|lists| locked(lists).lower_thresholds(rank, |id| order.pivot(id)));
        }
    }
    pairs.multiply(others);
    let by_place: Vec<RowMagnitude> = pairs.prepared.magnitudes().collect();
    let magnitudes: Vec<RowMagnitude> = (0..rows.rows())
        .map(|id| by_place[order.place(id as u32)])
        .collect();
    let mut lists: Vec<_> = buffers.lists().map(Some).collect();
    let lists = (0..rows.rows())
        .map(|id| {
            (
                lists[order.place(id as u32)]
                    .take()
                    .expect("a place of its own for every row"),
                magnitudes[id],
            )
        })
        .collect();
    let (base, queries) = (&rows, Queries::AllRows(rows));
    ExactRerank {
        base,
        queries,
        k,
        metric,
        preparation: &preparation,
        magnitudes,
    }
    .rerank(lists)
}

/// All rows as right factors, from which each thread takes the strip it is at as left ones, and the
/// lists of each strip.
struct Pairs<'p> {
    preparation: &'p Preparation,
    ids: &'p [u32],
    prepared: Prepared,
    lists: Vec<Mutex<BufferSlice<'p>>>,
}

/// A strip of left rows with a tile of right ones.
#[derive(Clone, Copy, Debug)]
struct Task {
    left: usize,
    right: usize,
}

impl<'p> Pairs<'p> {
    fn new(
        rows: MatrixView<'_>,
        preparation: &'p Preparation,
        order: &'p SampledOrder,
        buffers: &'p mut TopKBuffers,
    ) -> Self {
        let ids = order.ids();
        let row = |place: usize| rows.row(ids[place] as usize);
        let prepared = preparation.prepare(ids.len(), row, Side::Right);
        let lists = buffers.slices(STRIP).map(Mutex::new).collect();
        Self {
            preparation,
            ids,
            prepared,
            lists,
        }
    }

    /// Every pair once: each strip with itself and with what comes after it.
    fn tasks(&self) -> Vec<Task> {
        let rows = self.ids.len();
        let of_strip = |left: usize| {
            (left * STRIP..rows)
                .step_by(TILE)
                .map(move |right| Task { left, right })
        };
        (0..self.lists.len()).flat_map(of_strip).collect()
    }

    fn multiply(&self, tasks: &[Task]) {
        let scratch = || {
            (
                None,
                Panels::zeros(Side::Left, STRIP, self.prepared.factor.columns()),
                Tile::default(),
            )
        };
        let scratch = PerThread::new(scratch);
        tasks.par_iter().with_max_len(1).for_each(|&task| {
            annatomy_runtime::advance(1);
            scratch.with(|(strip, panels, tile)| {
                if strip.replace(task.left) != Some(task.left) {
                    let first = task.left * STRIP;
                    panels.regroup(
                        &self.prepared.factor,
                        first..(first + STRIP).min(self.ids.len()),
                    );
                }
                self.multiply_tile(task, panels, tile);
            });
        });
    }

    fn multiply_tile(&self, Task { left, right }: Task, above: &Panels, tile: &mut Tile) {
        let Prepared {
            factor: below,
            norms_squared,
            ..
        } = &self.prepared;
        let columns = right..(right + TILE).min(self.ids.len());
        let first = left * STRIP;
        let rows = first..(first + STRIP).min(self.ids.len());
        // Of a strip with itself only the pairs right of the diagonal.
        let begin = |row: usize| (first + row + 1).saturating_sub(right).min(columns.len());
        let wanted = if right == first {
            Wanted::FromDiagonal
        } else {
            Wanted::All
        };
        let products = tile.multiply((above, 0..rows.len()), (below, columns.clone()), wanted);
        let mut lists = locked(&self.lists[left]);
        lists.prefetch();
        for (row, (values, &norm)) in products.zip(&norms_squared[rows]).enumerate() {
            self.preparation
                .reduce(values, norm, &norms_squared[columns.clone()]);
            lists.push_rows(
                row,
                &values[begin(row)..],
                &self.ids[columns.clone()][begin(row)..],
            );
        }
        drop(lists);
        for (strip, start) in (right / STRIP..).zip((0..columns.len()).step_by(STRIP)) {
            let end = (start + STRIP).min(columns.len());
            let mut lists = locked(&self.lists[strip]);
            lists.prefetch();
            for (row, values) in tile.rows(columns.len()).enumerate() {
                let begin = begin(row).clamp(start, end);
                lists.push_row(begin - start, &values[begin..end], self.ids[first + row]);
            }
        }
    }
}
