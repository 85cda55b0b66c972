//! Products and panels against float64 sums.

use super::kernel::{Product, Wanted};
use super::panels::{Panels, Side, interleave};
use super::rounding::{DEPTH, RoundingCoefficients, UNIT};
use super::shape::Shape;
use super::tile::TILE;
use annatomy_vectors::Matrix;
use pulp::Simd;

fn panels(shape: Shape, side: Side, rows: &Matrix) -> Panels {
    let mut panels = Panels::shaped(shape, side, rows.rows(), rows.columns());
    let width = panels.width();
    let blocks = rows.values().chunks(width * rows.columns());
    for (block, panel) in blocks.zip(panels.values_mut().chunks_exact_mut(width * rows.columns())) {
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
    let coefficient = RoundingCoefficients::new(x.len());
    let [x, y] = [x, y].map(|row| f64::from(coefficient.of(row, &mut Vec::new())));
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
    let coefficient = RoundingCoefficients::new(2 * DEPTH + 7);
    let energies: Vec<f64> = (0..2 * DEPTH + 7)
        .map(|column| ((column * 37) % 101) as f64)
        .collect();
    let order = coefficient.order(&energies);
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
    let scratch = &mut Vec::new();
    let [ordered, given, worst] = [
        order.clone(),
        (0..order.len() as u32).collect(),
        order.into_iter().rev().collect(),
    ]
    .map(|order: Vec<u32>| coefficient.of(&row(&order), scratch));
    assert!(
        ordered < 0.9 * given && given < worst,
        "{ordered}, {given}, {worst}"
    );
}
