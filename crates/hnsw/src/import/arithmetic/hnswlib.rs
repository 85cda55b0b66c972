//! hnswlib's `L2Space` and `InnerProductSpace`, and its scaling to unit length.
//!
//! Which function is called depends on the number of columns d alone:
//!
//! | d | function | order |
//! |---|---|---|
//! | divisible by 16 | `SIMD16Ext` | lanes over blocks of 16; added left to right, products under AVX-512 by halving |
//! | divisible by 4 | `SIMD4Ext` | 4 lanes; products under AVX: 8 lanes over blocks of 16, halved, then 4 lanes; added left to right |
//! | above 16 | `SIMD16ExtResiduals` | the multiple of 16 as above, plus the sum of the rest in order |
//! | 5 to 15 | `SIMD4ExtResiduals` | the multiple of 4 as above, plus the sum of the rest in order |
//! | 1 to 3, or no SIMD | `L2Sqr`, `InnerProduct` | in order |
//!
//! hnswlib is compiled where it is installed, and which products are fused is the compiler's
//! choice: Clang fuses in plain code only; GCC also across intrinsics, but not where its tuning
//! for the processor avoids chains of FMA (AMD Zen, from GCC 13 on Sapphire Rapids too). The rest
//! it multiplies in vectors, and only what fills none is fused. [`Order`] holds these choices, one
//! row of [`Order::of`] each.
//!
//! Source: hnswlib 0.8 `space_l2.h`, `space_ip.h`, `bindings.cpp`; checked bit for bit against
//! those headers compiled by GCC 11, 12 and 14 and Clang 16 (`tests/goldens/arithmetic`).

#![expect(
    clippy::inline_always,
    reason = "runs inside a dispatch, whose instructions only inlined code gets"
)]

use super::Arithmetic;
use super::sums::Products::{self, Fused, Rounded};
use super::sums::{Product, SquaredDifference, Term};
use super::sums::{add_blocks, add_in_order, halved, sum_by_halves, sum_left_to_right};

/// The rest is multiplied one by one, so each product is rounded or fused as the compiler likes.
const ALL_ROUNDED: usize = 1;
const ALL_FUSED: usize = usize::MAX;

/// Width of the loop over blocks of 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// No such loop.
    None,
    Four,
    Eight,
    Sixteen,
}

/// The order of summation of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    width: Width,
    /// In the loop over blocks of 16.
    sixteens: Products,
    /// In the loop over blocks of 4.
    fours: Products,
    /// Of the rest, whole vectors of this many products are rounded and the others fused.
    rest_vector: usize,
}

/// Orders of squared L2 and of inner products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Orders {
    pub(super) l2: Order,
    pub(super) dot: Order,
}

impl Orders {
    pub(super) fn of(arithmetic: Arithmetic) -> Self {
        use Width::{Eight, Four, None, Sixteen};
        let order = |width, sixteens, fours, rest_vector| Order {
            width,
            sixteens,
            fours,
            rest_vector,
        };
        let both = |order| Self {
            l2: order,
            dot: order,
        };
        match arithmetic {
            Arithmetic::Plain => both(order(None, Rounded, Rounded, ALL_ROUNDED)),
            Arithmetic::Sse => both(order(Four, Rounded, Rounded, ALL_ROUNDED)),
            Arithmetic::Avx => both(order(Eight, Rounded, Rounded, ALL_ROUNDED)),
            Arithmetic::Avx2 => Self {
                l2: order(Eight, Fused, Fused, 4),
                dot: order(Eight, Fused, Fused, ALL_FUSED),
            },
            Arithmetic::Avx2Zen => Self {
                l2: order(Eight, Rounded, Rounded, 4),
                dot: order(Eight, Rounded, Rounded, ALL_ROUNDED),
            },
            Arithmetic::Avx2Clang => both(order(Eight, Rounded, Rounded, ALL_FUSED)),
            Arithmetic::Avx512 => Self {
                l2: order(Sixteen, Fused, Fused, 4),
                dot: order(Sixteen, Fused, Fused, ALL_FUSED),
            },
            Arithmetic::Avx512Spr => Self {
                l2: order(Sixteen, Fused, Rounded, 4),
                dot: order(Sixteen, Fused, Rounded, ALL_ROUNDED),
            },
            Arithmetic::Avx512Zen4 => Self {
                l2: order(Sixteen, Fused, Rounded, 8),
                dot: order(Sixteen, Fused, Rounded, ALL_ROUNDED),
            },
            Arithmetic::Avx512Zen5 => Self {
                l2: order(Sixteen, Rounded, Rounded, 8),
                dot: order(Sixteen, Fused, Rounded, ALL_ROUNDED),
            },
            Arithmetic::Avx512Clang => Self {
                l2: order(Sixteen, Rounded, Rounded, ALL_FUSED),
                dot: order(Sixteen, Fused, Rounded, ALL_FUSED),
            },
        }
    }

    /// Scales `row` to unit length, as the cosine space does with rows and queries.
    pub(super) fn normalize(self, row: &mut [f32]) {
        let squared = self.l2.rest(row, row, Product);
        let scale = 1.0 / (squared.sqrt() + 1e-30);
        for value in row {
            *value *= scale;
        }
    }
}

impl Order {
    /// ‖a − b‖².
    #[inline(always)]
    pub(super) fn squared_l2(self, a: &[f32], b: &[f32]) -> f32 {
        let term = SquaredDifference;
        if self.width == Width::None {
            return self.rest(a, b, term);
        }
        let (whole, total) = if takes_sixteens(a.len()) {
            let whole = a.len() - a.len() % 16;
            let (a, b) = (&a[..whole], &b[..whole]);
            let total = match self.width {
                Width::None | Width::Four => sum_left_to_right(self.lanes::<4>(a, b, term)),
                Width::Eight => sum_left_to_right(self.lanes::<8>(a, b, term)),
                Width::Sixteen => sum_left_to_right(self.lanes::<16>(a, b, term)),
            };
            (whole, total)
        } else {
            let mut sums = [0.0; 4];
            let whole = add_blocks(&mut sums, a, b, term, self.fours);
            (whole, sum_left_to_right(sums))
        };
        self.with_rest(total, &a[whole..], &b[whole..], term)
    }

    /// a·b.
    #[inline(always)]
    pub(super) fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        let term = Product;
        if self.width == Width::None {
            return self.rest(a, b, term);
        }
        let whole = a.len() - a.len() % 16;
        let (head_a, head_b) = (&a[..whole], &b[..whole]);
        if takes_sixteens(a.len()) {
            let total = match self.width {
                Width::None | Width::Four => {
                    sum_left_to_right(self.lanes::<4>(head_a, head_b, term))
                }
                Width::Eight => sum_left_to_right(self.lanes::<8>(head_a, head_b, term)),
                Width::Sixteen => {
                    let eight: [f32; 8] = halved(self.lanes::<16>(head_a, head_b, term));
                    sum_by_halves(halved(eight))
                }
            };
            return self.with_rest(total, &a[whole..], &b[whole..], term);
        }
        let (mut four, start) = match self.width {
            Width::None | Width::Four => ([0.0; 4], 0),
            Width::Eight | Width::Sixteen => {
                let mut eight = [0.0; 8];
                add_blocks(&mut eight, head_a, head_b, term, self.fours);
                (halved(eight), whole)
            }
        };
        let done = start + add_blocks(&mut four, &a[start..], &b[start..], term, self.fours);
        self.with_rest(sum_left_to_right(four), &a[done..], &b[done..], term)
    }

    #[inline(always)]
    fn lanes<const LANES: usize>(self, a: &[f32], b: &[f32], term: impl Term) -> [f32; LANES] {
        let mut sums = [0.0; LANES];
        add_blocks(&mut sums, a, b, term, self.sixteens);
        sums
    }

    #[inline(always)]
    fn with_rest(self, total: f32, a: &[f32], b: &[f32], term: impl Term) -> f32 {
        if a.is_empty() {
            total
        } else {
            total + self.rest(a, b, term)
        }
    }

    /// In order: whole vectors of products rounded, the others fused.
    #[inline(always)]
    fn rest(self, a: &[f32], b: &[f32], term: impl Term) -> f32 {
        let rounded = a.len() - a.len() % self.rest_vector;
        let sum = add_in_order(0.0, &a[..rounded], &b[..rounded], term, Rounded);
        add_in_order(sum, &a[rounded..], &b[rounded..], term, Fused)
    }
}

/// Whether the loop over blocks of 16 is taken.
fn takes_sixteens(columns: usize) -> bool {
    columns.is_multiple_of(16) || columns > 16 && !columns.is_multiple_of(4)
}
