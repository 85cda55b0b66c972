//! A tile of integer products, and the float32 products of the pairs that its bounds leave.

use super::codes::{CodedBase, CodedQueries};
use super::slices::Piece;
use annatomy_runtime::Zeroed;
use annatomy_vectors::kernels;
use annatomy_vectors::kernels::int8::{Before, GROUP, Int8Kernels, LANES, PAIRS, RIGHT, Sums};
use std::ops::Range;

/// Columns summed before the next panel is taken: a slice of a right panel stays in the first cache.
const SLICE: usize = 768 / GROUP;

/// Fewer pairs than this are fetched ahead.
const FEW_PAIRS: usize = 1024;

/// Integer sums of a tile, and the pairs left; reused from tile to tile.
#[derive(Debug)]
pub(crate) struct CodeTile {
    kernels: Int8Kernels,
    /// Panel by panel of the queries, of each panel of base rows; one alone where a row is one slice.
    sums: Zeroed<Sums>,
    masks: Vec<u32>,
    pairs: Vec<Pair>,
    sums_by_slice: Vec<f32>,
}

/// A pair that a bound left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) query: u32,
    /// The row's place in the base block.
    pub(crate) row: u32,
    /// In float32, once it is multiplied.
    pub(crate) product: f32,
}

impl CodeTile {
    pub(crate) fn new(kernels: Int8Kernels) -> Self {
        Self {
            kernels,
            sums: Zeroed::new(0),
            masks: Vec::new(),
            pairs: Vec::new(),
            sums_by_slice: Vec::new(),
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
        let Self {
            kernels,
            sums,
            masks,
            pairs,
            ..
        } = self;
        let left_rows = queries.panel_rows();
        masks.resize(left_rows, 0);
        let products = kernels.products();
        let panels = rows.start / RIGHT..rows.end.div_ceil(RIGHT);
        let groups = base.panel(panels.start).len();
        let of_tile = if groups > SLICE {
            panels.len() * queries.panels()
        } else {
            // No sum waits for another slice.
            1
        };
        if sums.len() < of_tile * left_rows {
            *sums = Zeroed::new(of_tile * left_rows);
        }
        for start in (0..groups).step_by(SLICE) {
            let slice = start..(start + SLICE).min(groups);
            let to = if start == 0 {
                Before::Replaced
            } else {
                Before::Added
            };
            for panel in panels.clone() {
                let right = &base.panel(panel)[slice.clone()];
                let of_rows = base.terms(panel * RIGHT..((panel + 1) * RIGHT).min(rows.end));
                let terms = queries.terms().chunks(left_rows);
                let of_queries = terms.zip(thresholds.chunks(left_rows));
                for (left_panel, of_queries) in of_queries.enumerate() {
                    let left = queries.panel(left_panel, slice.clone());
                    let place = (panel - panels.start) * queries.panels() + left_panel;
                    let sums = &mut sums[place % of_tile * left_rows..][..left_rows];
                    products.sum(left, right, to, sums);
                    if slice.end == groups {
                        let masks = &mut masks[..of_queries.0.len()];
                        kernels.survivors(sums, of_queries, &of_rows, masks);
                        push_pairs(pairs, masks, left_panel * left_rows, panel * RIGHT);
                    }
                }
            }
        }
    }

    /// Multiplies the pairs in float32; leaves them by query.
    pub(crate) fn multiply(&mut self, queries: &CodedQueries, base: &CodedBase) -> &[Pair] {
        let Self {
            kernels: by,
            pairs,
            sums_by_slice,
            ..
        } = self;
        // Stable: of a query, rows stay in their order.
        pairs.sort_by_key(|pair| pair.query);
        // Of few pairs, no two share a row that the cache still has.
        let are_few = pairs.len() < FEW_PAIRS;
        for (first, group) in groups(base.rows.pieces()) {
            let lanes = group[0].lanes;
            sums_by_slice.clear();
            sums_by_slice.resize(pairs.len().next_multiple_of(PAIRS) * lanes, 0.0);
            for piece in first..first + group.len() {
                let calls = pairs
                    .chunks(PAIRS)
                    .zip(sums_by_slice.chunks_exact_mut(PAIRS * lanes));
                for (call, (of_call, sums)) in calls.enumerate() {
                    if are_few {
                        // Rows of the next call may lie anywhere.
                        for pair in pairs.iter().skip((call + 1) * PAIRS).take(PAIRS) {
                            kernels::prefetch_whole(queries.rows.part(piece, pair.query as usize));
                            kernels::prefetch_whole(base.rows.part(piece, pair.row as usize));
                        }
                    }
                    // Places without a pair have the first again.
                    let pair = |place: usize| of_call.get(place).unwrap_or(&of_call[0]);
                    let left = std::array::from_fn(|place| {
                        queries.rows.part(piece, pair(place).query as usize)
                    });
                    let right = std::array::from_fn(|place| {
                        base.rows.part(piece, pair(place).row as usize)
                    });
                    match lanes {
                        1 => by.add_products_by_lane::<1>(&left, &right, sums),
                        2 => by.add_products_by_lane::<2>(&left, &right, sums),
                        4 => by.add_products_by_lane::<4>(&left, &right, sums),
                        _ => by.add_products_by_lane::<LANES>(&left, &right, sums),
                    }
                }
            }
            // Slice by slice, as the tile kernel adds them.
            let slices = (group[0].slice + lanes).min(base.rows.count()) - group[0].slice;
            for (pair, sums) in pairs.iter_mut().zip(sums_by_slice.chunks_exact(lanes)) {
                let of_slices = sums[..slices].iter();
                pair.product = of_slices.fold(pair.product, |sum, of_slice| sum + of_slice);
            }
        }
        pairs
    }
}

/// Adds the pairs that `masks` name, of queries and rows from the first ones on.
fn push_pairs(pairs: &mut Vec<Pair>, masks: &[u32], first_query: usize, first_row: usize) {
    const AT_ONCE: usize = 8;
    for (few, masks) in masks.chunks(AT_ONCE).enumerate() {
        // Most are empty.
        if masks.iter().fold(0, |all, mask| all | mask) == 0 {
            continue;
        }
        for (query, &(mut mask)) in (first_query + few * AT_ONCE..).zip(masks) {
            while mask != 0 {
                pairs.push(Pair {
                    query: query as u32,
                    row: (first_row + mask.trailing_zeros() as usize) as u32,
                    product: 0.0,
                });
                mask &= mask - 1;
            }
        }
    }
}

/// The pieces by their groups, each with the number of its first.
fn groups(pieces: &[Piece]) -> impl Iterator<Item = (usize, &[Piece])> {
    let mut first = 0;
    pieces
        .chunk_by(|a, b| a.slice == b.slice)
        .map(move |group| {
            let of_group = first;
            first += group.len();
            (of_group, group)
        })
}
