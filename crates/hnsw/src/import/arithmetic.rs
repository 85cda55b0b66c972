//! Sums of d terms in the order in which an engine adds them, to the last bit.
//!
//! Measured on AVX2 machines, by comparing the bits of FAISS 1.15.1 and hnswlib 0.8 with each order
//! that a compiler may choose:
//!
//! | who | main part | the four sums left by halving | rest |
//! |---|---|---|---|
//! | FAISS, four rows at once | 8 lanes, fused | one more block of 4, fused, if it fits; halved again | one by one, fused |
//! | FAISS, one row | 8 lanes, product and sum rounded apart | as above | as above |
//! | hnswlib, d divisible by 16 | 8 lanes, rounded apart; lanes added left to right | | |
//! | hnswlib, d divisible by 4, L2 | 4 lanes, rounded apart; lanes added left to right | | |
//! | hnswlib, d divisible by 4, inner product | 8 lanes over 16s, halved | blocks of 4, rounded apart; added left to right | |
//! | hnswlib, other d | the largest multiple of 16, or below that of 4, as above | | summed by itself, then added; L2: the last d mod 4 fused |
//!
//! On other instruction sets these engines add in other orders; then two rows whose distances agree
//! to rounding may change places. Cost: one chain of d/8 dependent additions a row, on rows in
//! cache one to three times the time of [`annatomy_vectors::kernels`] (`benches/arithmetic.rs`).

#![expect(
    clippy::inline_always,
    reason = "runs inside a dispatch, whose instructions only inlined code gets"
)]

/// One term of a sum over columns.
pub(super) trait Term: Copy {
    /// The two factors of the term.
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

/// How a product joins a sum.
pub(super) trait Join: Copy {
    fn join(self, sum: f32, factors: (f32, f32)) -> f32;
}

/// With one rounding.
#[derive(Clone, Copy)]
pub(super) struct Fused;

/// With two.
#[derive(Clone, Copy)]
pub(super) struct Apart;

impl Join for Fused {
    #[inline(always)]
    fn join(self, sum: f32, (a, b): (f32, f32)) -> f32 {
        a.mul_add(b, sum)
    }
}

impl Join for Apart {
    #[inline(always)]
    fn join(self, sum: f32, (a, b): (f32, f32)) -> f32 {
        sum + a * b
    }
}

/// Sums of every LANES-th term; what does not fill a block is left over.
#[inline(always)]
fn lanes<const LANES: usize>(
    sums: &mut [f32; LANES],
    a: &[f32],
    b: &[f32],
    term: impl Term,
    join: impl Join,
) -> usize {
    let (blocks_a, blocks_b) = (a.as_chunks::<LANES>().0, b.as_chunks::<LANES>().0);
    for (a, b) in blocks_a.iter().zip(blocks_b) {
        for lane in 0..LANES {
            sums[lane] = join.join(sums[lane], term.factors(a[lane], b[lane]));
        }
    }
    blocks_a.len() * LANES
}

#[inline(always)]
fn halved([a, b, c, d, e, f, g, h]: [f32; 8]) -> [f32; 4] {
    [a + e, b + f, c + g, d + h]
}

#[inline(always)]
fn one_by_one(start: f32, a: &[f32], b: &[f32], term: impl Term, join: impl Join) -> f32 {
    a.iter()
        .zip(b)
        .fold(start, |sum, (&a, &b)| join.join(sum, term.factors(a, b)))
}

fn left_to_right(sums: &[f32]) -> f32 {
    sums[1..].iter().fold(sums[0], |total, sum| total + sum)
}

/// As FAISS adds; `join` is [`Fused`] where it evaluates four rows at once and [`Apart`] for one.
#[inline(always)]
pub(super) fn as_faiss(a: &[f32], b: &[f32], term: impl Term, join: impl Join) -> f32 {
    let mut sums = [0.0; 8];
    let mut done = lanes(&mut sums, a, b, term, join);
    let mut four = halved(sums);
    done += lanes(&mut four, &a[done..], &b[done..], term, Fused);
    let total = (four[0] + four[2]) + (four[1] + four[3]);
    one_by_one(total, &a[done..], &b[done..], term, Fused)
}

/// As hnswlib adds squared differences.
#[inline(always)]
pub(super) fn l2_as_hnswlib(a: &[f32], b: &[f32]) -> f32 {
    let term = SquaredDifference;
    if a.len() > 16 && !a.len().is_multiple_of(4) || a.len().is_multiple_of(16) {
        let whole = a.len() - a.len() % 16;
        let mut sums = [0.0; 8];
        lanes(&mut sums, &a[..whole], &b[..whole], term, Apart);
        with_rest(left_to_right(&sums), &a[whole..], &b[whole..], term, Fused)
    } else {
        let mut sums = [0.0; 4];
        let whole = lanes(&mut sums, a, b, term, Apart);
        with_rest(left_to_right(&sums), &a[whole..], &b[whole..], term, Fused)
    }
}

/// As hnswlib adds products.
#[inline(always)]
pub(super) fn dot_as_hnswlib(a: &[f32], b: &[f32]) -> f32 {
    let whole = a.len() - a.len() % 16;
    let mut sums = [0.0; 8];
    lanes(&mut sums, &a[..whole], &b[..whole], Product, Apart);
    if a.len().is_multiple_of(16) || a.len() > 16 && !a.len().is_multiple_of(4) {
        return with_rest(
            left_to_right(&sums),
            &a[whole..],
            &b[whole..],
            Product,
            Apart,
        );
    }
    let mut four = halved(sums);
    let fours = whole + lanes(&mut four, &a[whole..], &b[whole..], Product, Apart);
    with_rest(
        left_to_right(&four),
        &a[fours..],
        &b[fours..],
        Product,
        Apart,
    )
}

/// Adds the sum of what fills no block: fours rounded apart, then the last ones by `join`.
#[inline(always)]
fn with_rest(total: f32, a: &[f32], b: &[f32], term: impl Term, join: impl Join) -> f32 {
    if a.is_empty() {
        return total;
    }
    let fours = a.len() - a.len() % 4;
    let sum = one_by_one(0.0, &a[..fours], &b[..fours], term, Apart);
    total + one_by_one(sum, &a[fours..], &b[fours..], term, join)
}
