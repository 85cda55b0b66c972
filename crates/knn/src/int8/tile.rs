//! A tile of integer products, and the float32 products of the pairs that its bounds leave.

use super::codes::{CodedBase, CodedQueries};
use annatomy_vectors::kernels;
use annatomy_vectors::kernels::int8::{
    BATCH, BATCHES, Batches, GROUP, Int8Kernels, LEFT, RIGHT, Sums,
};
use std::ops::Range;

/// Pairs of one call.
const CALL: usize = BATCH * BATCHES;
/// Columns summed before the next panel is taken: a slice of a right panel stays in the first cache.
const SLICE: usize = 768 / GROUP;

/// Integer sums of a tile, and the pairs left; reused from tile to tile.
#[derive(Debug)]
pub(crate) struct CodeTile {
    kernels: Int8Kernels,
    /// Panel by panel of the queries, of each panel of base rows.
    sums: Vec<Sums>,
    pairs: Vec<Pair>,
    products: Vec<f32>,
}

/// A pair that a bound left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) query: u32,
    /// The row's place in the base block.
    pub(crate) row: u32,
}

impl CodeTile {
    pub(crate) fn new(kernels: Int8Kernels) -> Self {
        Self {
            kernels,
            sums: Vec::new(),
            pairs: Vec::new(),
            products: Vec::new(),
        }
    }

    /// Forgets the pairs.
    pub(crate) fn clear(&mut self) {
        self.pairs.clear();
    }

    /// How many pairs are left.
    pub(crate) fn pairs(&self) -> usize {
        self.pairs.len()
    }

    /// Adds the pairs of all queries with the base rows `rows`, which begin with a panel, whose lower
    /// bound is below the query's threshold.
    pub(crate) fn prefilter(
        &mut self,
        queries: &CodedQueries,
        (base, rows): (&CodedBase, Range<usize>),
        thresholds: &[f32],
    ) {
        assert!(rows.start.is_multiple_of(RIGHT), "{rows:?}");
        let panels = rows.start / RIGHT..rows.end.div_ceil(RIGHT);
        self.sums.clear();
        self.sums
            .resize(panels.len() * queries.panels(), [[0; RIGHT]; LEFT]);
        let groups = base.panel(panels.start).len();
        for start in (0..groups).step_by(SLICE) {
            let slice = start..(start + SLICE).min(groups);
            for (place, panel) in panels.clone().enumerate() {
                let right = &base.panel(panel)[slice.clone()];
                for left_panel in 0..queries.panels() {
                    let left = &queries.panel(left_panel)[slice.clone()];
                    let sums = &mut self.sums[left_panel * panels.len() + place];
                    self.kernels.add_products(left, right, sums);
                }
            }
        }
        let of_queries = queries.terms().chunks(LEFT).zip(thresholds.chunks(LEFT));
        for (left_panel, left) in of_queries.enumerate() {
            let of_panel = &self.sums[left_panel * panels.len()..][..panels.len()];
            for (sums, panel) in of_panel.iter().zip(panels.clone()) {
                let of_rows = panel * RIGHT..((panel + 1) * RIGHT).min(rows.end);
                let masks = self.kernels.survivors(sums, left, &base.terms(of_rows));
                for (query, mut mask) in (left_panel * LEFT..).zip(masks) {
                    while mask != 0 {
                        let row = panel * RIGHT + mask.trailing_zeros() as usize;
                        self.pairs.push(Pair {
                            query: query as u32,
                            row: row as u32,
                        });
                        mask &= mask - 1;
                    }
                }
            }
        }
    }

    /// Multiplies the pairs in float32. Leaves the pairs by query, and their products.
    pub(crate) fn multiply(
        &mut self,
        queries: &CodedQueries,
        base: &CodedBase,
    ) -> (&[Pair], &mut [f32]) {
        let Self {
            kernels: products_by,
            pairs,
            products,
            ..
        } = self;
        // Tiles came one after another. Stable: of a query, rows stay in their order.
        pairs.sort_by_key(|pair| pair.query);
        products.clear();
        products.resize(pairs.len(), 0.0);
        for slice in 0..queries.rows.count() {
            let of_calls = pairs.chunks(CALL).zip(products.chunks_mut(CALL));
            for (call, (pairs_of_call, products)) in of_calls.enumerate() {
                // Rows of the next call may lie anywhere in the slice.
                for pair in pairs.iter().skip((call + 1) * CALL).take(CALL) {
                    kernels::prefetch_whole(base.rows.part(slice, pair.row as usize));
                }
                let pairs = pairs_of_call;
                // Lanes without a pair have the first again.
                let pair = |batch, lane| pairs.get(batch * BATCH + lane).unwrap_or(&pairs[0]);
                let left: Batches<&[f32]> = batches(|batch, lane| {
                    queries.rows.part(slice, pair(batch, lane).query as usize)
                });
                let right: Batches<&[f32]> =
                    batches(|batch, lane| base.rows.part(slice, pair(batch, lane).row as usize));
                let sums = products_by.products_in_order(&left, &right);
                for (product, sum) in products.iter_mut().zip(sums.as_flattened()) {
                    *product = if slice == 0 { *sum } else { *product + *sum };
                }
            }
        }
        (pairs, products)
    }
}

fn batches<T>(of: impl Fn(usize, usize) -> T) -> Batches<T> {
    std::array::from_fn(|batch| std::array::from_fn(|lane| of(batch, lane)))
}
