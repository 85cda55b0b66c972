//! The table of all pairs' reduced distances: one symmetric blocked product, half of it computed,
//! half mirrored.
//!
//! Enters: n rows. Leaves: [`PairTable`], n × n float32, in which each row's `certified`
//! nearest stand in exact order.
//!
//! for each strip of STRIP rows, in parallel
//!   for each tile of TILE columns right of the diagonal    product, then reduced distances, in cache
//! for each strip, mirror the tiles above it                copies, no flops
//! for each row, in parallel                                contenders, certificate, values written back
//!
//! Cost n²·d flops and 4n² bytes: 400 MB at n = 10,000. Does not: fit large n (see `exact`).

use crate::gemm::{Panels, Side, TILE, Tile, Wanted};
use crate::neighbors::NeighborTable;
use crate::prepared::{PreparedBase, RowMagnitude};
use crate::refine::{Candidate, FromRows, Repeats, Reranker, Selection};
use annatomy_runtime::{PerThread, TASK_QUERIES, Zeroed};
use annatomy_vectors::{MatrixView, Metric, PointId};
use rayon::prelude::*;

const STRIP: usize = TILE / 2;
/// Rows that the others are grouped around while ambiguous candidates are evaluated.
const PIVOTS: usize = 128;
/// Where a row occurs more often than this, equal rows are certified once.
const MAX_REPEATS: usize = 16;

/// All reduced distances of n rows: squared L2, cosine distance, or −⟨x, y⟩.
///
/// Each value is within the rounding bound of its product; the `certified` nearest of each row (the
/// row itself included) are in exact order, ambiguous values having been evaluated in float64.
#[derive(Debug)]
pub struct PairTable {
    rows: usize,
    metric: Metric,
    certified: usize,
    evaluated: u64,
    values: Zeroed<f32>,
    order: Vec<u32>,
}

/// Why a table cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// More neighbors are wanted than there are other rows.
    #[error(
        "{k} neighbors of each of {rows} rows: k must be at least 1 and below the number of rows"
    )]
    TooManyNeighbors {
        /// Neighbors wanted.
        k: usize,
        /// Rows there are.
        rows: usize,
    },
    /// The table does not fit.
    #[error(transparent)]
    Memory(#[from] annatomy_runtime::NotEnoughMemory),
    /// Ids are 32-bit, ranks 16-bit.
    #[error("{rows} rows are more than the {limit} that this table can index")]
    TooManyRows {
        /// Rows given.
        rows: usize,
        /// The most that fit.
        limit: usize,
    },
}

impl PairTable {
    /// Bytes a table of `rows` rows takes.
    pub fn bytes(rows: usize) -> u64 {
        4 * (rows as u64) * (rows as u64)
    }

    /// The table of `base`, each row's `k` nearest (itself excluded) certified.
    pub fn new(base: MatrixView<'_>, metric: Metric, k: usize) -> Result<Self, TableError> {
        let rows = base.rows();
        if k == 0 || k >= rows {
            return Err(TableError::TooManyNeighbors { k, rows });
        }
        let panels = 4 * rows as u64 * base.columns() as u64;
        let order = 4 * rows as u64 * (k as u64 + 1);
        annatomy_runtime::check_memory(
            "a table of all distances",
            Self::bytes(rows).saturating_add(panels + order),
        )?;
        let prepared = PreparedBase::new(base, metric);
        let mut table = Self {
            rows,
            metric,
            certified: k + 1,
            evaluated: 0,
            values: Zeroed::new(rows * rows),
            order: Vec::new(),
        };
        table.multiply(&prepared);
        table.mirror();
        table.certify(&prepared);
        Ok(table)
    }

    /// Number of rows, n.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The metric whose reduced distances these are.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The reduced distances of row `row` to all rows.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.rows..(row + 1) * self.rows]
    }

    /// Share of the certified places that were ambiguous and evaluated in float64.
    pub fn ambiguous_share(&self) -> f64 {
        self.evaluated as f64 / (self.rows * self.certified) as f64
    }

    /// The distance that a reduced distance of this table stands for.
    pub fn distance(&self, reduced: f32) -> f32 {
        self.metric.true_distance(reduced)
    }

    fn multiply(&mut self, base: &PreparedBase<'_>) {
        let rows = self.rows;
        let (right, norms) = (&base.prepared.factor, &base.prepared.norms_squared);
        let tiles = (0..rows)
            .step_by(STRIP)
            .map(|first| (rows - first).div_ceil(TILE));
        annatomy_runtime::stage("all distances", tiles.sum::<usize>() as u64);
        // Handed out in order: the first strips are the longest, and the last leave no thread
        // waiting.
        let strips = self
            .values
            .chunks_mut(STRIP * rows)
            .enumerate()
            .par_bridge();
        let scratch = || {
            (
                Panels::zeros(Side::Left, STRIP, right.columns()),
                Tile::default(),
            )
        };
        strips.for_each_init(scratch, |(left, tile), (strip, values)| {
            let first = strip * STRIP;
            let height = values.len() / rows;
            left.regroup(right, first..first + height);
            for start in (first..rows).step_by(TILE) {
                annatomy_runtime::advance(1);
                let columns = start..(start + TILE).min(rows);
                let wanted = if start == first {
                    Wanted::FromDiagonal
                } else {
                    Wanted::All
                };
                let products = tile.multiply((left, 0..height), (right, columns.clone()), wanted);
                for (i, (products, row)) in products.zip(values.chunks_exact_mut(rows)).enumerate()
                {
                    base.preparation
                        .reduce(products, norms[first + i], &norms[columns.clone()]);
                    row[columns.clone()].copy_from_slice(products);
                }
            }
        });
    }

    /// Copies the upper triangle to the lower: strip by strip, each reading only the strips above
    /// it.
    fn mirror(&mut self) {
        let rows = self.rows;
        for first in (0..rows).step_by(STRIP) {
            let height = STRIP.min(rows - first);
            let (above, rest) = self.values.split_at_mut(first * rows);
            rest[..height * rows]
                .par_chunks_mut(16 * rows)
                .enumerate()
                .with_max_len(1)
                .for_each(|(chunk, lower)| {
                    annatomy_runtime::check();
                    let top = first + 16 * chunk;
                    for (column, source) in above.chunks_exact(rows).enumerate() {
                        let count = lower.len() / rows;
                        for (i, &value) in source[top..top + count].iter().enumerate() {
                            lower[i * rows + column] = value;
                        }
                    }
                });
        }
        // Within a diagonal strip the product itself filled both triangles, from the same two rows
        // either way; the upper one is kept for both so that the table is symmetric to the bit.
        self.values
            .par_chunks_mut(STRIP * rows)
            .enumerate()
            .with_max_len(1)
            .for_each(|(strip, values)| {
                let first = strip * STRIP;
                for i in 0..values.len() / rows {
                    values[i * rows + first + i] =
                        diagonal(values[i * rows + first + i], self.metric);
                    for j in 0..i {
                        values[i * rows + first + j] = values[j * rows + first + i];
                    }
                }
            });
    }

    fn certify(&mut self, base: &PreparedBase<'_>) {
        let (rows, metric, certified) = (self.rows, self.metric, self.certified);
        let magnitudes: Vec<RowMagnitude> = base.prepared.magnitudes().collect();
        let largest = magnitudes
            .iter()
            .copied()
            .fold(RowMagnitude::default(), RowMagnitude::max);
        self.order = vec![0; rows * certified];
        annatomy_runtime::stage("exact neighbors", rows as u64);
        let repeats = Repeats::of(base.raw, MAX_REPEATS);
        let mut ambiguous = vec![0u64; rows];
        let pivots = self.nearest_pivots();
        let mut jobs: Vec<_> = self
            .values
            .par_chunks_mut(rows)
            .zip(self.order.par_chunks_mut(certified))
            .zip(&mut ambiguous)
            .enumerate()
            .collect();
        if let Some(repeats) = &repeats {
            jobs.retain(|&(query, _)| repeats.representatives[query] as usize == query);
        }
        // The ambiguous rows of queries near one pivot are much the same, and stay in cache.
        jobs.sort_by_key(|&(query, _)| pivots[query]);
        let scratch = PerThread::new(|| {
            (
                Selection::default(),
                Vec::<Candidate>::new(),
                Reranker::default(),
            )
        });
        jobs.into_par_iter().with_max_len(TASK_QUERIES).for_each(
            |(query, ((row, order), ambiguous))| {
                annatomy_runtime::advance(1);
                let bound =
                    |other: RowMagnitude| base.preparation.error_bound(magnitudes[query], other);
                let bound_of = |candidate: Candidate| bound(magnitudes[candidate.id as usize]);
                let evaluate = FromRows {
                    metric,
                    query: base.raw.row(query),
                    rows: base.raw,
                    repeats: repeats.as_ref(),
                };
                scratch.with(|(selection, chosen, reranker)| {
                    selection.contenders(row, certified, bound(largest), chosen);
                    *ambiguous = reranker.certify(chosen, certified, bound_of, &evaluate) as u64;
                    for candidate in chosen.iter() {
                        row[candidate.id as usize] = candidate.reduced;
                    }
                    for (id, candidate) in order.iter_mut().zip(chosen.iter()) {
                        *id = candidate.id;
                    }
                });
            },
        );
        if let Some(repeats) = repeats {
            self.copy_to_repeats(&repeats.representatives, &mut ambiguous);
        }
        self.evaluated = ambiguous.iter().sum();
    }

    /// Gives each repeated row what was certified for the row that it repeats: distances and order of
    /// equal rows are the same.
    fn copy_to_repeats(&mut self, representatives: &[u32], ambiguous: &mut [u64]) {
        let (rows, certified) = (self.rows, self.certified);
        for (row, &first) in representatives.iter().enumerate() {
            let first = first as usize;
            if first == row {
                continue;
            }
            annatomy_runtime::advance(1);
            self.values
                .copy_within(first * rows..(first + 1) * rows, row * rows);
            self.order
                .copy_within(first * certified..(first + 1) * certified, row * certified);
            ambiguous[row] = ambiguous[first];
        }
    }

    /// For each row, which of PIVOTS evenly spaced rows is nearest.
    fn nearest_pivots(&self) -> Vec<usize> {
        let step = self.rows.div_ceil(PIVOTS);
        let nearest = |row: &[f32]| {
            let pivots = row.iter().step_by(step).enumerate();
            pivots
                .min_by(|a, b| a.1.total_cmp(b.1))
                .map_or(0, |(pivot, _)| pivot)
        };
        self.values.par_chunks(self.rows).map(nearest).collect()
    }

    /// The certified nearest rows of `row`, itself included, in exact order.
    pub fn nearest(&self, row: usize) -> &[u32] {
        &self.order[row * self.certified..(row + 1) * self.certified]
    }

    /// The `k` nearest rows of every row, itself excluded by id, ascending by (distance, id).
    ///
    /// # Panics
    /// If more neighbors are asked for than were certified.
    pub fn neighbors(&self, k: usize) -> NeighborTable {
        assert!(
            k < self.certified,
            "{k} neighbors of {} certified",
            self.certified - 1
        );
        let mut ids = vec![None; self.rows * k];
        let mut distances = vec![0.0; self.rows * k];
        ids.par_chunks_mut(k)
            .zip(distances.par_chunks_mut(k))
            .enumerate()
            .for_each(|(query, (ids, distances))| {
                let row = self.row(query);
                let others = self
                    .nearest(query)
                    .iter()
                    .filter(|&&id| id as usize != query);
                for ((id, distance), &other) in ids.iter_mut().zip(distances).zip(others) {
                    *id = Some(PointId(other));
                    *distance = self.distance(row[other as usize]);
                }
            });
        NeighborTable::new(k, ids, distances)
    }
}

/// A row's reduced distance from itself is zero by definition, whatever rounding made of it; −⟨x,
/// x⟩ stays.
fn diagonal(computed: f32, metric: Metric) -> f32 {
    match metric {
        Metric::L2 | Metric::Cosine => 0.0,
        Metric::InnerProduct => computed,
    }
}
