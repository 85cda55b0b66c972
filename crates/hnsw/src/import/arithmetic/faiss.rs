//! FAISS's `fvec_L2sqr`, `fvec_inner_product` and their forms for four rows at once.
//!
//! | level | lanes | one row | four rows | half a block | what is left |
//! |---|---|---|---|---|---|
//! | `NONE` | 4 | rounded | rounded | 2 lanes, rounded; L2 of one row from 2 columns left, products of one row never, four rows from 3 | rounded |
//! | `AVX2` | 8 | rounded | fused | 4 lanes, fused, from 4 columns left | fused |
//! | `AVX512` | 16 | fused | fused | 8 lanes, fused, from 8 columns left | fused |
//!
//! Whole blocks first; lanes are halved once; half a block is added if enough columns are left; the
//! lanes are halved down to one sum; what is left is added to it in order. The orders are the
//! compiler's (GCC vectorizes a plain loop), read from the code in the wheels. Distances have no
//! form of their own for Sapphire Rapids: at `AVX512_SPR` the wheels run `AVX512`.
//!
//! Source: faiss 1.15 `utils/simd_impl/distances_autovec-inl.h`; checked bit for bit against the
//! functions in the wheels of faiss-cpu 1.13.2, 1.14.3 and 1.15.1.

#![expect(
    clippy::inline_always,
    reason = "runs inside a dispatch, whose instructions only inlined code gets"
)]

use super::Arithmetic;
use super::sums::Products::{Fused, Rounded};
use super::sums::{Product, Products, SquaredDifference, Term};
use super::sums::{add_blocks, add_in_order, halved, sum_by_halves};

/// How many rows a function evaluates at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// One.
    One,
    /// Four.
    Four,
}

/// A `FAISS_SIMD_LEVEL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `NONE`: SSE2.
    None,
    /// `AVX2`.
    Avx2,
    /// `AVX512` and `AVX512_SPR`.
    Avx512,
}

impl Level {
    /// The level at which FAISS computes so.
    pub fn of(arithmetic: Arithmetic) -> Self {
        match arithmetic {
            Arithmetic::Plain | Arithmetic::Sse | Arithmetic::Avx => Self::None,
            Arithmetic::Avx2 | Arithmetic::Avx2Zen | Arithmetic::Avx2Clang => Self::Avx2,
            Arithmetic::Avx512
            | Arithmetic::Avx512Spr
            | Arithmetic::Avx512Zen4
            | Arithmetic::Avx512Zen5
            | Arithmetic::Avx512Clang => Self::Avx512,
        }
    }
}

/// ‖a − b‖². Runs within a dispatch of instructions.
#[inline(always)]
pub fn squared_l2(a: &[f32], b: &[f32], level: Level, batch: Batch) -> f32 {
    let half_from = match batch {
        Batch::One => 2,
        Batch::Four => 3,
    };
    sum(a, b, SquaredDifference, level, batch, half_from)
}

/// a·b. Runs within a dispatch of instructions.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32], level: Level, batch: Batch) -> f32 {
    let half_from = match batch {
        Batch::One => usize::MAX,
        Batch::Four => 3,
    };
    sum(a, b, Product, level, batch, half_from)
}

/// `half_from`: columns left from which [`Level::None`] adds half a block.
#[inline(always)]
fn sum(a: &[f32], b: &[f32], term: impl Term, level: Level, batch: Batch, half_from: usize) -> f32 {
    match level {
        Level::None => without_fma(a, b, term, half_from),
        Level::Avx2 => {
            let blocks = match batch {
                Batch::One => Rounded,
                Batch::Four => Fused,
            };
            with_fma::<8, 4>(a, b, term, blocks)
        }
        Level::Avx512 => with_fma::<16, 8>(a, b, term, Fused),
    }
}

#[inline(always)]
fn with_fma<const LANES: usize, const HALF: usize>(
    a: &[f32],
    b: &[f32],
    term: impl Term,
    blocks: Products,
) -> f32 {
    let mut sums = [0.0; LANES];
    let mut done = add_blocks(&mut sums, a, b, term, blocks);
    let mut half: [f32; HALF] = halved(sums);
    done += add_blocks(&mut half, &a[done..], &b[done..], term, Fused);
    let total = if HALF == 8 {
        sum_by_halves(std::array::from_fn(|lane| half[lane] + half[lane + 4]))
    } else {
        sum_by_halves(std::array::from_fn(|lane| half[lane]))
    };
    add_in_order(total, &a[done..], &b[done..], term, Fused)
}

#[inline(always)]
fn without_fma(a: &[f32], b: &[f32], term: impl Term, half_from: usize) -> f32 {
    let mut sums = [0.0; 4];
    let mut done = add_blocks(&mut sums, a, b, term, Rounded);
    let mut half: [f32; 2] = halved(sums);
    if a.len() - done >= half_from {
        done += add_blocks(&mut half, &a[done..], &b[done..], term, Rounded);
    }
    add_in_order(half[0] + half[1], &a[done..], &b[done..], term, Rounded)
}
