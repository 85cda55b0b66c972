//! One tile of a product in a buffer that stays in the second cache.

use super::kernel::{Product, Wanted};
use super::panels::{Panels, Side};
use super::rounding::DEPTH;
use pulp::Arch;
use std::ops::Range;

/// Right rows of one product: with as many left rows or fewer, the sums stay in the second cache.
///
/// Blocks that begin at half a tile begin with a panel, on every instruction set.
pub(crate) const TILE: usize = 384;

/// A buffer of products, reused from one to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tile {
    values: Vec<f32>,
}

impl Tile {
    /// The inner products of `left_rows` with `right_rows`, of the pairs wanted: one slice per left
    /// row.
    ///
    /// # Panics
    /// If the factors are not one of each side and of equal columns, if rows begin within a panel,
    /// or if those of the right are more than TILE.
    pub(crate) fn multiply(
        &mut self,
        (left, left_rows): (&Panels, Range<usize>),
        (right, right_rows): (&Panels, Range<usize>),
        wanted: Wanted,
    ) -> impl ExactSizeIterator<Item = &mut [f32]> {
        let width = right_rows.len();
        assert_eq!(
            (left.side(), right.side()),
            (Side::Left, Side::Right),
            "one factor of each side"
        );
        assert_eq!(left.columns(), right.columns(), "factors of equal columns");
        for (panels, rows) in [(left, &left_rows), (right, &right_rows)] {
            assert!(
                rows.start.is_multiple_of(panels.width()) && rows.end <= panels.rows(),
                "{rows:?}"
            );
        }
        assert!(width <= TILE, "{width} rows in a tile of {TILE}");
        self.values.resize(left_rows.len() * TILE, 0.0);
        let dst = &mut self.values[..];
        Arch::new().dispatch(Product {
            left,
            left_rows,
            right,
            right_rows,
            wanted,
            depth: DEPTH,
            dst,
            stride: TILE,
        });
        self.values
            .chunks_exact_mut(TILE)
            .map(move |row| &mut row[..width])
    }

    /// The last products, `width` values of each row.
    pub(crate) fn rows(&self, width: usize) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(TILE).map(move |row| &row[..width])
    }
}
