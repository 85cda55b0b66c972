//! Sums of d products in a fixed order: lanes, halving, left to right, fused or rounded.
//!
//! Plain Rust over arrays of lanes, which the compiler turns into vector instructions without
//! changing an order or a rounding. It is the oracle and the kernel at once: the bits are the same
//! on every machine.

#![expect(
    clippy::inline_always,
    reason = "runs inside a dispatch, whose instructions only inlined code gets"
)]

/// One term of a sum over columns, as two factors.
pub(super) trait Term: Copy {
    fn factors(self, a: f32, b: f32) -> (f32, f32);
}

/// (a − b)².
#[derive(Clone, Copy)]
pub(super) struct SquaredDifference;

/// a·b.
#[derive(Clone, Copy)]
pub(super) struct Product;

impl Term for SquaredDifference {
    #[inline(always)]
    fn factors(self, a: f32, b: f32) -> (f32, f32) {
        (a - b, a - b)
    }
}

impl Term for Product {
    #[inline(always)]
    fn factors(self, a: f32, b: f32) -> (f32, f32) {
        (a, b)
    }
}

/// Whether a product is rounded before it is added to a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Products {
    /// A multiplication, then an addition: two roundings.
    Rounded,
    /// A fused multiply-add (FMA): one rounding.
    Fused,
}

/// Adds every LANES-th term to its lane; returns the number of columns added, a multiple of LANES.
#[inline(always)]
pub(super) fn add_blocks<const LANES: usize>(
    sums: &mut [f32; LANES],
    a: &[f32],
    b: &[f32],
    term: impl Term,
    products: Products,
) -> usize {
    match products {
        Products::Rounded => add_blocks_by(sums, a, b, term, |sum, (a, b)| sum + a * b),
        Products::Fused => add_blocks_by(sums, a, b, term, |sum, (a, b)| a.mul_add(b, sum)),
    }
}

#[inline(always)]
fn add_blocks_by<const LANES: usize>(
    sums: &mut [f32; LANES],
    a: &[f32],
    b: &[f32],
    term: impl Term,
    add: impl Fn(f32, (f32, f32)) -> f32,
) -> usize {
    let (blocks_a, blocks_b) = (a.as_chunks::<LANES>().0, b.as_chunks::<LANES>().0);
    for (a, b) in blocks_a.iter().zip(blocks_b) {
        for lane in 0..LANES {
            sums[lane] = add(sums[lane], term.factors(a[lane], b[lane]));
        }
    }
    blocks_a.len() * LANES
}

/// Adds the terms to `start` one after the other.
#[inline(always)]
pub(super) fn add_in_order(
    start: f32,
    a: &[f32],
    b: &[f32],
    term: impl Term,
    products: Products,
) -> f32 {
    let mut sum = start;
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = term.factors(a, b);
        sum = match products {
            Products::Rounded => sum + a * b,
            Products::Fused => a.mul_add(b, sum),
        };
    }
    sum
}

/// The upper half of the lanes added to the lower. `HALF` is half of `LANES`.
#[inline(always)]
pub(super) fn halved<const LANES: usize, const HALF: usize>(sums: [f32; LANES]) -> [f32; HALF] {
    std::array::from_fn(|lane| sums[lane] + sums[lane + HALF])
}

/// The sum of four lanes by halving twice.
#[inline(always)]
pub(super) fn sum_by_halves([a, b, c, d]: [f32; 4]) -> f32 {
    (a + c) + (b + d)
}

/// The sum of all lanes, the first one first.
#[inline(always)]
pub(super) fn sum_left_to_right<const LANES: usize>(sums: [f32; LANES]) -> f32 {
    let mut total = sums[0];
    for &sum in &sums[1..] {
        total += sum;
    }
    total
}
