//! Products of row blocks, with a bound on their rounding.
//!
//! Enters: two blocks of float32 rows, in panels. Leaves: their inner products, left rows × right
//! rows.
//!
//! for each slice of DEPTH columns
//!   for each right panel                 its slice stays in the first cache
//!     for each left panel                their slices stay in the second
//!       `kernel`                         sums in registers; a share of the next right slice is fetched meanwhile
//!       dst += sums                      so that one sum has at most DEPTH terms
//!
//! The bound is a running one (Higham, Accuracy and Stability of Numerical Algorithms, 2002, §3.3):
//! every rounding errs by at most u times the partial sum it rounds, which over the columns J is at
//! most ‖`x_J`‖·‖`y_J`‖. All of them together, by Cauchy and Schwarz, are at most u·W(x)·W(y),
//! W²(x) = Σ‖`x_J`‖² over all partial sums: a number of each row alone, its [`Exposure`]. Half of
//! what counting terms gives (§3.1), since a partial sum covers half of its slice on average.
//!
//! Cost: 2·rows·rows·d flops. Does not: run in parallel, choose blocks (see `separations`,
//! `exact`).

mod kernel;
mod panels;

pub(crate) use kernel::Wanted;
pub(crate) use panels::{Panels, Side, interleave};

use annatomy_vectors::kernels;
use pulp::Arch;
use std::ops::Range;

/// Columns summed in registers. Fewer tighten the bound and leave fewer places contested; each
/// slice also reads and writes `dst` once.
const DEPTH: usize = 192;

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
    /// The inner products of the left rows named with the right rows named, of the pairs wanted:
    /// one slice per left row.
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
        Arch::new().dispatch(kernel::Product {
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

    /// What stands in the tile, `width` values of each row.
    pub(crate) fn rows(&self, width: usize) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(TILE).map(move |row| &row[..width])
    }
}

/// How much rounding the products of a row are exposed to: |computed − true ⟨x, y⟩| ≤
/// UNIT·W(x)·W(y).
#[derive(Clone, Debug)]
pub(crate) struct Exposure {
    /// Of each column the root of how many roundings its value is part of.
    roots: Vec<f32>,
}

impl Exposure {
    /// For rows of `columns` values.
    pub(crate) fn new(columns: usize) -> Self {
        let slices = columns.div_ceil(DEPTH);
        let roundings = |column: usize| {
            let (slice, place) = (column / DEPTH, column % DEPTH);
            let length = DEPTH.min(columns - slice * DEPTH);
            // Where multiplying and adding are two roundings, its own product; the sums in
            // registers; those in `dst`, of which the first is only written.
            (1 + (length - place) + (slices - slice.max(1))) as f32
        };
        Self {
            roots: (0..columns)
                .map(|column| roundings(column).sqrt())
                .collect(),
        }
    }

    /// The order of columns under which rows are exposed least: those of little energy (sums of
    /// squares) where a value is part of most roundings.
    pub(crate) fn order(&self, energies: &[f64]) -> Vec<u32> {
        let mut places: Vec<usize> = (0..self.roots.len()).collect();
        places.sort_by(|&a, &b| self.roots[b].total_cmp(&self.roots[a]));
        let mut columns: Vec<u32> = (0..self.roots.len() as u32).collect();
        columns.sort_by(|&a, &b| energies[a as usize].total_cmp(&energies[b as usize]));
        let mut order = vec![0; columns.len()];
        places
            .into_iter()
            .zip(columns)
            .for_each(|(place, column)| order[place] = column);
        order
    }

    /// W(x); `room` is to work in.
    pub(crate) fn of(&self, row: &[f32], room: &mut Vec<f32>) -> f32 {
        room.clear();
        room.extend(
            row.iter()
                .zip(&self.roots)
                .map(|(&value, &root)| value * root),
        );
        // The partial sums are off themselves by as many roundings, and so are these products.
        let roundings = (row.len().min(DEPTH) + row.len().div_ceil(DEPTH) + 4) as f64;
        ((kernels::dot_f64(room, room).sqrt() * (1.0 + roundings * UNIT)) as f32).next_up()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_vectors::Matrix;
    use kernel::{Product, Shape};
    use pulp::Simd;

    fn panels(shape: Shape, side: Side, rows: &Matrix) -> Panels {
        let mut panels = Panels::shaped(shape, side, rows.rows(), rows.columns());
        let width = panels.width();
        let blocks = rows.values().chunks(width * rows.columns());
        for (block, panel) in
            blocks.zip(panels.values_mut().chunks_exact_mut(width * rows.columns()))
        {
            interleave(block, rows.columns(), width, panel);
        }
        panels
    }

    /// Values around `offset`; far from 0 partial sums only grow, and with them what rounding may
    /// do.
    fn noise(rows: usize, columns: usize, seed: u64, offset: f32) -> Matrix {
        let mut state = seed.wrapping_mul(2).wrapping_add(1);
        let values = (0..rows * columns)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                offset + (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
            })
            .collect();
        Matrix::new(rows, columns, values).expect("shape")
    }

    /// Every product of a few shapes, by one instruction set, against float64.
    fn check<S: Simd>(simd: S) {
        let shapes = [
            (1, 1, 1),
            (3, 5, 7),
            (17, 9, 255),
            (13, 33, 257),
            (5, 70, 2048),
        ];
        for ((m, n, d), offset) in shapes
            .into_iter()
            .flat_map(|shape| [(shape, 0.0), (shape, 2.0)])
        {
            let (x, y) = (noise(m, d, 1, offset), noise(n, d, 2, offset));
            let (left, right) = (
                panels(Shape::of::<S>(), Side::Left, &x),
                panels(Shape::of::<S>(), Side::Right, &y),
            );
            // From each place where a panel begins; what stood in the room before must not matter.
            let starts = (0..m)
                .step_by(left.width())
                .flat_map(|i| (0..n).step_by(right.width()).map(move |j| (i, j)));
            for ((above, first), wanted) in
                starts.flat_map(|start| [(start, Wanted::All), (start, Wanted::FromDiagonal)])
            {
                let mut dst = vec![f32::NAN; (m - above) * TILE];
                let (left_rows, right_rows) = (above..m, first..n);
                let (left, right, dst, stride) = (&left, &right, &mut dst[..], TILE);
                let product = Product {
                    left,
                    left_rows,
                    right,
                    right_rows,
                    wanted,
                    depth: DEPTH,
                    dst: &mut *dst,
                    stride,
                };
                simd.vectorize(product);
                for (i, products) in dst.chunks_exact(TILE).enumerate() {
                    assert!(
                        products[n - first..].iter().all(|product| product.is_nan()),
                        "nothing beyond the last row"
                    );
                    let begin = if wanted == Wanted::All {
                        0
                    } else {
                        i.min(n - first)
                    };
                    for (j, &product) in (first..n).zip(products).skip(begin) {
                        assert_close(x.row(above + i), y.row(j), product);
                    }
                }
            }
        }
    }

    #[track_caller]
    fn assert_close(x: &[f32], y: &[f32], product: f32) {
        let pairs = || x.iter().zip(y).map(|(&a, &b)| (f64::from(a), f64::from(b)));
        let exact: f64 = pairs().map(|(a, b)| a * b).sum();
        let exposure = Exposure::new(x.len());
        let [x, y] = [x, y].map(|row| f64::from(exposure.of(row, &mut Vec::new())));
        let bound = UNIT * x * y;
        let error = (f64::from(product) - exact).abs();
        assert!(error <= bound, "an error of {error}, above {bound}");
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

    #[test]
    fn regrouped_panels_are_those_of_the_rows() {
        let rows = noise(100, 5, 1, 0.0);
        let [left, right] = [3, 8].map(|width| Shape {
            left: width,
            right: width,
        });
        let source = panels(right, Side::Right, &rows);
        let mut regrouped = Panels::shaped(left, Side::Left, 48, 5);
        for range in [0..48, 40..88, 64..100] {
            let own = Matrix::new(
                range.len(),
                5,
                rows.values()[5 * range.start..5 * range.end].to_vec(),
            )
            .expect("shape");
            regrouped.regroup(&source, range);
            let mut expected = panels(left, Side::Left, &own);
            assert_eq!(
                regrouped.values_mut()[..own.values().len()],
                expected.values_mut()[..own.values().len()]
            );
            assert_eq!(regrouped.rows(), own.rows());
        }
    }

    #[test]
    fn columns_of_much_energy_are_exposed_least() {
        let exposure = Exposure::new(2 * DEPTH + 7);
        let energies: Vec<f64> = (0..2 * DEPTH + 7)
            .map(|column| ((column * 37) % 101) as f64)
            .collect();
        let order = exposure.order(&energies);
        let mut columns = order.clone();
        columns.sort_unstable();
        assert!(
            columns
                .iter()
                .zip(0..)
                .all(|(&column, place)| column == place),
            "every column once"
        );
        let row = |order: &[u32]| {
            order
                .iter()
                .map(|&column| energies[column as usize].sqrt() as f32)
                .collect::<Vec<_>>()
        };
        let room = &mut Vec::new();
        let [ordered, given, worst] = [
            order.clone(),
            (0..order.len() as u32).collect(),
            order.into_iter().rev().collect(),
        ]
        .map(|order: Vec<u32>| exposure.of(&row(&order), room));
        assert!(
            ordered < 0.9 * given && given < worst,
            "{ordered}, {given}, {worst}"
        );
    }
}
