//! Exact neighbors of all rows: every pair of rows is multiplied once and offered to both.
//!
//! Enters: n rows in memory. Leaves: a [`NeighborTable`].
//!
//! the sample's strips against all rows, in parallel     a guess of every row's bar comes with them
//! lower the bars
//! the other strips against the rows after them
//!   for each tile of STRIP × TILE pairs                 product, separations, in cache
//!     each left row: what is under its bar              the strip's lists are locked
//!     each right row: what is under its bar             its strip's lists are locked
//! settle
//!
//! Cost n²·d flops; memory: the rows twice in panels, 2(k + MARGIN) candidates a row. No table of pairs is written, none
//! is read: see `separations` for where one is wanted.

use crate::exact::Queries;
use crate::kept::Kept;
use crate::neighbors::NeighborTable;
use crate::prepared::{Preparation, Prepared};
use crate::products::{Side, TILE, Tile};
use crate::sample::SampledOrder;
use crate::settle::{Settling, limit};
use annatomy_vectors::{MatrixView, Metric, interrupt};
use rayon::prelude::*;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Left rows of a tile; right tiles hold two strips, so that each begins with a panel.
const STRIP: usize = TILE / 2;

/// Bytes that the rows and the candidates take beside the rows given.
pub(crate) fn bytes(rows: usize, columns: usize, k: usize) -> u64 {
    8 * rows as u64 * (columns as u64 + 2 * limit(k) as u64)
}

/// The `k` nearest of every row, itself excluded.
pub(crate) fn all_pairs(rows: MatrixView<'_>, metric: Metric, k: usize) -> NeighborTable {
    let order = SampledOrder::new(rows.rows(), STRIP);
    let preparation = Preparation::of(&rows, metric);
    let pairs = Pairs::new(rows, &preparation, &order, k);
    let mut tasks = pairs.tasks();
    interrupt::begin("exact neighbors", tasks.len() as u64);
    let others = tasks.split_off(tasks.partition_point(|task| task.left * STRIP < order.sample()));
    pairs.meet(&tasks);
    if let Some(place) = order.bar_place(k + 1) {
        // The sample's own lists have met every row by now, not the sample alone.
        let others = &pairs.lists[order.sample() / STRIP..];
        others.par_iter().for_each(|lists| locked(lists).lower_bars(place, |id| order.pivot(id)));
    }
    pairs.meet(&others);
    let norms = &pairs.right.norms_squared;
    let norms_squared: Vec<f32> = (0..rows.rows()).map(|id| norms[order.place(id as u32)]).collect();
    let mut lists: Vec<_> = pairs.lists.into_iter().flat_map(|lists| unlocked(lists).into_lists()).map(Some).collect();
    let lists = (0..rows.rows())
        .map(|id| (lists[order.place(id as u32)].take().expect("a place of its own for every row"), norms_squared[id]))
        .collect();
    let (base, queries) = (&rows, Queries::AllRows(rows));
    Settling { base, queries, k, metric, preparation: &preparation, norms_squared }.settle(lists)
}

/// All rows as both factors, and the lists of each strip.
struct Pairs<'p> {
    preparation: &'p Preparation,
    ids: &'p [u32],
    left: Vec<Prepared>,
    right: Prepared,
    lists: Vec<Mutex<Kept>>,
}

/// A strip of left rows with a tile of right ones.
#[derive(Clone, Copy, Debug)]
struct Task {
    left: usize,
    right: usize,
}

impl<'p> Pairs<'p> {
    fn new(rows: MatrixView<'_>, preparation: &'p Preparation, order: &'p SampledOrder, k: usize) -> Self {
        let ids = order.ids();
        let prepare = |ids: &[u32], side| {
            preparation.prepare(ids.len(), rows.columns(), |place| rows.row(ids[place] as usize), side)
        };
        let strips: Vec<&[u32]> = ids.chunks(STRIP).collect();
        Self {
            preparation,
            ids,
            left: strips.par_iter().map(|ids| prepare(ids, Side::Left)).collect(),
            right: prepare(ids, Side::Right),
            lists: strips.iter().map(|ids| Mutex::new(Kept::new(ids.len(), limit(k)))).collect(),
        }
    }

    /// Every pair once: each strip with itself and with what comes after it.
    fn tasks(&self) -> Vec<Task> {
        let rows = self.ids.len();
        let of_strip = |left: usize| (left * STRIP..rows).step_by(TILE).map(move |right| Task { left, right });
        (0..self.left.len()).flat_map(of_strip).collect()
    }

    fn meet(&self, tasks: &[Task]) {
        tasks.par_iter().for_each_init(Tile::default, |tile, &task| {
            interrupt::advance(1);
            self.meet_tile(task, tile);
        });
    }

    fn meet_tile(&self, Task { left, right }: Task, tile: &mut Tile) {
        let (above, below) = (&self.left[left], &self.right);
        let columns = right..(right + TILE).min(self.ids.len());
        let first = left * STRIP;
        // Of a strip with itself only the pairs right of the diagonal.
        let begin = |row: usize| (first + row + 1).saturating_sub(right).min(columns.len());
        let products = tile.multiply(&above.rows, &below.rows, columns.clone());
        let mut lists = locked(&self.lists[left]);
        for (row, (values, &norm)) in products.zip(&above.norms_squared).enumerate() {
            self.preparation.separate(values, norm, &below.norms_squared[columns.clone()]);
            lists.offer_rows(row, &values[begin(row)..], &self.ids[columns.clone()][begin(row)..]);
        }
        drop(lists);
        for (strip, start) in (right / STRIP..).zip((0..columns.len()).step_by(STRIP)) {
            let end = (start + STRIP).min(columns.len());
            let mut lists = locked(&self.lists[strip]);
            for (row, values) in tile.rows(columns.len()).enumerate() {
                let begin = begin(row).clamp(start, end);
                lists.offer_row(begin - start, &values[begin..end], self.ids[first + row]);
            }
        }
    }
}

fn locked(lists: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    lists.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unlocked(lists: Mutex<Kept>) -> Kept {
    lists.into_inner().unwrap_or_else(PoisonError::into_inner)
}
