//! What one block of queries measured: sums for corrected figures, whole columns where the order of
//! summation or the tail matters.
//!
//! A **cell** is one condition at one k. Corrected figures are summed query by query in float64
//! within a block, and blocks are added in order, so no figure depends on threads. Published
//! figures are float32 means that NumPy sums pairwise over all queries, so their columns are kept
//! whole; so is overlap, for its percentiles.

use annatomy_eval::surface::{Counts, Grid};
use annatomy_measures::published::PublishedRow;
use std::time::Duration;

/// The corrected figures of one query at one cell that are averaged; NaN is left out of its mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    Fill,
    Overlap,
    OverlapStrict,
    MeanExactDistance,
    MeanReturnedDistance,
    RelativeDistanceError,
    BarycenterShift,
    LidExact,
    LidReturned,
    Unreachable,
    Unvisited,
    Tied,
    Visited,
    ZeroDistances,
    EpsilonRecall,
    InverseRatio,
    RankBiasedOverlap,
    Displacement,
    HasEmptySlots,
}

pub(crate) const FIGURES: usize = Figure::HasEmptySlots as usize + 1;

/// A sum and how many values are in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    total: f64,
    count: u32,
}

impl Sum {
    fn add(&mut self, value: f64) {
        if !value.is_nan() {
            self.total += value;
            self.count += 1;
        }
    }

    fn merge(&mut self, other: Self) {
        self.total += other.total;
        self.count += other.count;
    }

    /// NaN if nothing was added.
    pub(crate) fn mean(self) -> f64 {
        self.total / f64::from(self.count)
    }
}

/// All cells of a run of consecutive queries.
#[derive(Debug, Default)]
pub(crate) struct Block {
    cells: usize,
    sums: Vec<[Sum; FIGURES]>,
    /// Overlap (tie-aware) by query, cells within a query.
    overlaps: Vec<f32>,
    /// By query, cells within a query.
    published: Vec<PublishedRow>,
    /// Time spent traversing, and in all.
    pub(crate) traverse_time: Duration,
    pub(crate) total_time: Duration,
    pub(crate) surface: Counts,
}

impl Block {
    pub(crate) fn new(cells: usize, queries: usize, surface: Counts) -> Self {
        Self {
            cells,
            sums: vec![[Sum::default(); FIGURES]; cells],
            overlaps: vec![f32::NAN; queries * cells],
            published: vec![PublishedRow::default(); queries * cells],
            surface,
            ..Self::default()
        }
    }

    /// Enters a corrected figure of query number `query` of this block.
    pub(crate) fn enter(&mut self, query: usize, cell: usize, figure: Figure, value: f64) {
        self.sums[cell][figure as usize].add(value);
        if figure == Figure::Overlap {
            self.overlaps[query * self.cells + cell] = value as f32;
        }
    }

    /// The published figures of query number `query` of this block.
    pub(crate) fn published(&mut self, query: usize, cell: usize) -> &mut PublishedRow {
        &mut self.published[query * self.cells + cell]
    }
}

/// All blocks of a run, in query order.
#[derive(Debug)]
pub(crate) struct Cells {
    blocks: Vec<Block>,
    cells: usize,
}

impl Cells {
    pub(crate) fn new(blocks: Vec<Block>, cells: usize) -> Self {
        Self { blocks, cells }
    }

    /// The sum of one figure over all queries, block by block.
    pub(crate) fn sum(&self, cell: usize, figure: Figure) -> Sum {
        let mut sum = Sum::default();
        self.blocks
            .iter()
            .for_each(|block| sum.merge(block.sums[cell][figure as usize]));
        sum
    }

    /// Tie-aware overlap of every query.
    pub(crate) fn overlaps(&self, cell: usize) -> Vec<f64> {
        let column = |block: &Block| {
            block
                .overlaps
                .iter()
                .skip(cell)
                .step_by(self.cells)
                .map(|&value| f64::from(value))
                .collect::<Vec<_>>()
        };
        self.blocks.iter().flat_map(column).collect()
    }

    /// The published figures of every query.
    pub(crate) fn published(&self, cell: usize) -> Vec<PublishedRow> {
        self.blocks
            .iter()
            .flat_map(|block| {
                block
                    .published
                    .iter()
                    .skip(cell)
                    .step_by(self.cells)
                    .copied()
            })
            .collect()
    }

    /// The share of the queries' time that went into traversals.
    pub(crate) fn traverse_share(&self) -> f64 {
        let sum = |time: fn(&Block) -> Duration| {
            self.blocks.iter().map(time).sum::<Duration>().as_secs_f64()
        };
        sum(|block| block.traverse_time) / sum(|block| block.total_time).max(f64::MIN_POSITIVE)
    }

    /// The surface counts of all queries.
    pub(crate) fn surface(&self, grid: &Grid<'_>) -> Counts {
        let mut total = Counts::new(grid);
        for block in &self.blocks {
            total.merge(&block.surface);
        }
        total
    }
}
