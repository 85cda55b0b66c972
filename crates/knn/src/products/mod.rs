//! Products of row blocks, with a rounding bound that holds whatever the kernel's order of summation.
//!
//! Enters: two blocks of float32 rows, in panels. Leaves: their inner products, left rows × right rows.
//!
//! for each slice of DEPTH columns
//!   for each right panel                 its slice stays in the first cache
//!     for each left panel                their slices stay in the second
//!       `kernel`                         sums in registers
//!       dst += sums                      so that one sum has at most DEPTH terms
//!
//! A sum of m products in any order errs by at most `γ_m` Σ|`x_i` `y_i`|, `γ_m` = m·u/(1 − m·u) (Higham, Accuracy and
//! Stability of Numerical Algorithms, 2002, §3.1). Slicing bounds m by DEPTH + number of slices instead of d.
//!
//! Cost: 2·rows·rows·d flops. Does not: run in parallel, choose blocks (see `separations`, `exact`).

mod kernel;
mod panels;

pub(crate) use panels::{Panels, Side, interleave};

use pulp::Arch;
use std::ops::Range;

/// Columns summed in registers. Fewer tighten the bound and leave fewer places contested; each slice also reads and
/// writes `dst` once.
const DEPTH: usize = 96;

/// float32 unit roundoff.
pub(crate) const UNIT: f64 = f32::EPSILON as f64 / 2.0;

/// Right rows of one product: with as many left rows or fewer, the sums stay in the second cache.
///
/// Blocks that begin at half a tile begin with a panel, on every instruction set.
pub(crate) const TILE: usize = 384;

/// Room for products, reused from one to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tile {
    values: Vec<f32>,
}

impl Tile {
    /// The inner products of every left row with the right rows named: one slice per left row.
    ///
    /// # Panics
    /// If the factors are not one of each side and of equal columns, if `right_rows` begins within a panel, or if they are more than TILE.
    pub(crate) fn multiply(
        &mut self,
        left: &Panels,
        right: &Panels,
        right_rows: Range<usize>,
    ) -> impl ExactSizeIterator<Item = &mut [f32]> {
        let width = right_rows.len();
        assert_eq!((left.side(), right.side()), (Side::Left, Side::Right), "one factor of each side");
        assert_eq!(left.columns(), right.columns(), "factors of equal columns");
        assert!(right_rows.start.is_multiple_of(right.width()) && right_rows.end <= right.rows(), "{right_rows:?}");
        assert!(width <= TILE, "{width} rows in a tile of {TILE}");
        self.values.resize(left.rows() * TILE, 0.0);
        let dst = &mut self.values[..];
        Arch::new().dispatch(kernel::Product { left, right, right_rows, depth: DEPTH, dst, stride: TILE });
        self.values.chunks_exact_mut(TILE).map(move |row| &mut row[..width])
    }

    /// What stands in the tile, `width` values of each row.
    pub(crate) fn rows(&self, width: usize) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(TILE).map(move |row| &row[..width])
    }
}

/// The factor c with |computed − true product| ≤ c·‖x‖·‖y‖ for rows of `columns` values.
pub(crate) fn product_error_factor(columns: usize) -> f64 {
    let terms = (columns.min(DEPTH) + columns.div_ceil(DEPTH)) as f64;
    terms * UNIT / (1.0 - terms * UNIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_vectors::{Matrix, kernels};
    use kernel::{Product, Shape};
    use pulp::Simd;

    fn panels(shape: Shape, side: Side, rows: &Matrix) -> Panels {
        let mut panels = Panels::shaped(shape, side, rows.rows(), rows.columns());
        let width = panels.width();
        for row in 0..rows.rows() {
            let panel = &mut panels.values_mut()[row / width * width * rows.columns()..];
            interleave(rows.row(row), row % width, width, panel);
        }
        panels
    }

    fn noise(rows: usize, columns: usize, seed: u64) -> Matrix {
        let mut state = seed.wrapping_mul(2).wrapping_add(1);
        let values = (0..rows * columns)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
            })
            .collect();
        Matrix::new(rows, columns, values).expect("shape")
    }

    /// Every product of a few shapes, by one instruction set, against float64.
    fn check<S: Simd>(simd: S) {
        for (m, n, d) in [(1, 1, 1), (3, 5, 7), (17, 9, 255), (13, 33, 257), (5, 70, 2048)] {
            let (x, y) = (noise(m, d, 1), noise(n, d, 2));
            let (left, right) = (panels(Shape::of::<S>(), Side::Left, &x), panels(Shape::of::<S>(), Side::Right, &y));
            // From each place where a panel begins; what stood in the room before must not matter.
            for first in (0..n).step_by(right.width()) {
                let mut dst = vec![f32::NAN; m * TILE];
                let (right, right_rows) = (&right, first..n);
                simd.vectorize(Product { left: &left, right, right_rows, depth: DEPTH, dst: &mut dst, stride: TILE });
                for (i, products) in dst.chunks_exact(TILE).enumerate() {
                    assert!(
                        products[n - first..].iter().all(|product| product.is_nan()),
                        "nothing beyond the last row"
                    );
                    for (j, &product) in (first..n).zip(products) {
                        assert_close(x.row(i), y.row(j), product);
                    }
                }
            }
        }
    }

    #[track_caller]
    fn assert_close(x: &[f32], y: &[f32], product: f32) {
        let pairs = || x.iter().zip(y).map(|(&a, &b)| (f64::from(a), f64::from(b)));
        let exact: f64 = pairs().map(|(a, b)| a * b).sum();
        let [x_norm, y_norm] = [kernels::dot_f64(x, x).sqrt(), kernels::dot_f64(y, y).sqrt()];
        let error = (f64::from(product) - exact).abs();
        assert!(error <= product_error_factor(x.len()) * x_norm * y_norm, "{} columns: {error}", x.len());
    }

    #[test]
    fn products_stay_within_the_stated_bound() {
        check(pulp::Scalar);
        check(pulp::Scalar128b);
        check(pulp::Scalar256b);
        check(pulp::Scalar512b);
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            check(simd);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V4::try_new() {
            check(simd);
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(simd) = pulp::aarch64::Neon::try_new() {
            check(simd);
        }
    }
}
