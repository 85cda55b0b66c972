//! Products of row blocks, with a rounding bound that holds whatever the kernel's order of summation.
//!
//! Enters: two float32 blocks of rows. Leaves: their inner products, left rows × right rows.
//!
//! for each slice of DEPTH columns        so that one kernel call sums at most DEPTH products
//!   dst += left slice · right sliceᵀ     gemm, single-threaded; callers run tiles in parallel
//!
//! A sum of m products in any order errs by at most `γ_m` Σ|`x_i` `y_i`|, `γ_m` = m·u/(1 − m·u) (Higham, Accuracy and
//! Stability of Numerical Algorithms, 2002, §3.1). Slicing bounds m by DEPTH + number of slices instead of d.
//!
//! Cost: 2·rows·rows·d flops. Does not: run in parallel, choose tiles (see `separations`, `exact`).

#![expect(unsafe_code, reason = "gemm takes raw pointers; the one call below checks every extent")]

use annatomy_vectors::MatrixView;
use std::time::Instant;

/// Columns summed by one kernel call. Fewer tighten the bound and leave fewer places contested; each call also reads and
/// writes `dst` once. At 2,048 columns 128 cost 4 % of the product's time against 256, 64 cost 12 %.
const DEPTH: usize = 128;

/// float32 unit roundoff.
pub(crate) const UNIT: f64 = f32::EPSILON as f64 / 2.0;

/// Writes left · rightᵀ to `dst`, whose rows start every `stride` values.
///
/// # Panics
/// If the blocks differ in columns or `dst` is too short.
pub(crate) fn product(left: MatrixView<'_>, right: MatrixView<'_>, dst: &mut [f32], stride: usize) {
    let (m, n, d) = (left.rows(), right.rows(), left.columns());
    assert_eq!(d, right.columns(), "blocks of equal width");
    if m == 0 || n == 0 {
        return;
    }
    assert!(n <= stride && dst.len() >= (m - 1) * stride + n, "room for {m} × {n} products");
    let mut start = 0;
    while start < d {
        let depth = DEPTH.min(d - start);
        // SAFETY: the assertions above keep every write within `dst`; both sources hold rows × d values and the slice
        // of `depth` columns from `start` stays within d. `dst` is borrowed mutably, so it overlaps neither source.
        unsafe {
            gemm::gemm(
                m,
                n,
                depth,
                dst.as_mut_ptr(),
                1,
                stride as isize,
                start > 0,
                left.values().as_ptr().add(start),
                1,
                d as isize,
                right.values().as_ptr().add(start),
                d as isize,
                1,
                1.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
        start += depth;
    }
}

/// The factor c with |computed − true product| ≤ c·‖x‖·‖y‖ for rows of `columns` values.
pub(crate) fn product_error_factor(columns: usize) -> f64 {
    let terms = (columns.min(DEPTH) + columns.div_ceil(DEPTH)) as f64;
    terms * UNIT / (1.0 - terms * UNIT)
}

/// Products per second, in flops, that this thread reaches on blocks that stay in cache: the peak other rates are held against.
pub fn peak_product_rate() -> f64 {
    let (rows, columns) = (384, 512);
    let values: Vec<f32> = (0..rows * columns).map(|i| (i % 17) as f32).collect();
    let block = MatrixView::new(rows, columns, &values).expect("rows × columns values were made");
    let mut dst = vec![0.0; rows * rows];
    let mut best = 0.0f64;
    for _ in 0..8 {
        let start = Instant::now();
        product(block, block, &mut dst, rows);
        best = best.max(2.0 * (rows * rows * columns) as f64 / start.elapsed().as_secs_f64());
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_vectors::Matrix;

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

    #[test]
    fn products_stay_within_the_stated_bound() {
        for (m, n, d) in [(1, 1, 1), (3, 5, 7), (17, 9, 255), (8, 33, 257), (5, 6, 2048)] {
            let (x, y) = (noise(m, d, 1), noise(n, d, 2));
            let mut dst = vec![f32::NAN; m * (n + 3)];
            product(x.view(), y.view(), &mut dst, n + 3);
            for i in 0..m {
                for j in 0..n {
                    let pairs = || x.row(i).iter().zip(y.row(j)).map(|(&a, &b)| (f64::from(a), f64::from(b)));
                    let exact: f64 = pairs().map(|(a, b)| a * b).sum();
                    let norms = pairs().map(|(a, _)| a * a).sum::<f64>().sqrt()
                        * pairs().map(|(_, b)| b * b).sum::<f64>().sqrt();
                    let error = (f64::from(dst[i * (n + 3) + j]) - exact).abs();
                    assert!(error <= product_error_factor(d) * norms, "{m}×{n}×{d}: {error}");
                }
            }
        }
    }
}
