//! usearch's orders of summation: those of NumKong, which its packages link to.
//!
//! | scalar | AVX-512 | AVX2 |
//! |---|---|---|
//! | float32 | 8 float64 lanes | 4 float64 lanes, then one by one |
//! | float16 | 16 lanes | 8 lanes |
//! | bfloat16 | 16 lanes of pairs by `vdpbf16ps`; ‖a − b‖² = a² + b² − 2ab | 8 lanes, even columns, then odd ones |
//! | int8 | whole numbers | whole numbers |
//!
//! Cosine divides by both lengths: float32 rows by square roots in float64, the others by the
//! processor's estimate of a reciprocal square root (`rsqrtps`) after one step of Newton. That
//! estimate differs between makers of processors, so that their cosines are this machine's own.
//! Processors without AVX2 are given the sums of AVX2: near ties can differ there.
//!
//! Source: NumKong 7.8 (`spatial/*.h`, `dot/*.h`); checked bit for bit against its kernels.

#![expect(
    clippy::inline_always,
    reason = "runs inside a dispatch, whose instructions only inlined code gets"
)]

use super::Arithmetic;
use annatomy_vectors::{Metric, kernels};

/// How usearch keeps a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsearchScalar {
    /// f32.
    Float32,
    /// f16.
    Float16,
    /// bf16.
    BFloat16,
    /// i8: whole numbers from −127 to 127.
    Int8,
}

/// Instructions that NumKong chooses between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsearchLevel {
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512.
    Avx512,
    /// AVX-512 with products of bfloat16.
    Avx512BFloat16,
}

impl UsearchLevel {
    /// The instructions of an arithmetic: Sapphire Rapids and Zen 4 multiply bfloat16.
    pub fn of(arithmetic: Arithmetic) -> Self {
        match arithmetic {
            Arithmetic::Plain
            | Arithmetic::Sse
            | Arithmetic::Avx
            | Arithmetic::Avx2
            | Arithmetic::Avx2Zen
            | Arithmetic::Avx2Clang => Self::Avx2,
            Arithmetic::Avx512 | Arithmetic::Avx512Clang => Self::Avx512,
            Arithmetic::Avx512Spr | Arithmetic::Avx512Zen4 | Arithmetic::Avx512Zen5 => {
                Self::Avx512BFloat16
            }
        }
    }
}

/// What usearch compares: ‖a − b‖², 1 − a·b, or 1 − cos, of rows as `scalar` keeps them.
#[inline(always)]
pub fn usearch_distance(
    scalar: UsearchScalar,
    metric: Metric,
    a: &[f32],
    b: &[f32],
    level: UsearchLevel,
) -> f32 {
    match scalar {
        UsearchScalar::Float32 => of_float32(metric, a, b, level),
        UsearchScalar::Float16 if level == UsearchLevel::Avx2 => of_lanes(
            metric,
            a,
            b,
            sum_of_lanes::<8, false>,
            sum_of_lanes::<8, true>,
        ),
        UsearchScalar::Float16 => of_lanes(
            metric,
            a,
            b,
            sum_of_lanes::<16, false>,
            sum_of_lanes::<16, true>,
        ),
        UsearchScalar::BFloat16 => match (level, metric) {
            (UsearchLevel::Avx512BFloat16, Metric::L2) => squared_l2_of_pairs(a, b),
            (UsearchLevel::Avx512BFloat16, _) => {
                let dot = |a: &[f32], b: &[f32]| halved(sums_of_pairs(a, b));
                of_lanes(metric, a, b, dot, dot)
            }
            // The one kernel for bfloat16 that AVX-512 alone has.
            (UsearchLevel::Avx512, Metric::InnerProduct) => 1.0 - sum_even_odd::<16, false>(a, b),
            _ => of_lanes(
                metric,
                a,
                b,
                sum_even_odd::<8, false>,
                sum_even_odd::<8, true>,
            ),
        },
        UsearchScalar::Int8 => of_integers(metric, a, b),
    }
}

#[inline(always)]
fn of_float32(metric: Metric, a: &[f32], b: &[f32], level: UsearchLevel) -> f32 {
    match metric {
        Metric::L2 => sum_in_float64(a, b, level, |a, b| (a - b, a - b)) as f32,
        Metric::InnerProduct => 1.0 - sum_in_float64(a, b, level, |a, b| (a, b)) as f32,
        Metric::Cosine => {
            let dot = |a: &[f32], b: &[f32]| sum_in_float64(a, b, level, |a, b| (a, b));
            let (ab, a2, b2) = (dot(a, b), dot(a, a), dot(b, b));
            if a2 == 0.0 && b2 == 0.0 {
                return 0.0;
            }
            if ab == 0.0 {
                return 1.0;
            }
            (1.0 - ab / (a2.sqrt() * b2.sqrt())).max(0.0) as f32
        }
    }
}

#[inline(always)]
fn sum_in_float64(
    a: &[f32],
    b: &[f32],
    level: UsearchLevel,
    factors: impl Fn(f64, f64) -> (f64, f64),
) -> f64 {
    let product = |sum: f64, (&a, &b): (&f32, &f32)| {
        let (a, b) = factors(f64::from(a), f64::from(b));
        a.mul_add(b, sum)
    };
    if level == UsearchLevel::Avx2 {
        let mut sums = [0.0; 4];
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
        for (a, b) in a.iter().zip(b) {
            for (lane, sum) in sums.iter_mut().enumerate() {
                *sum = product(*sum, (&a[lane], &b[lane]));
            }
        }
        let sum = (sums[0] + sums[2]) + (sums[1] + sums[3]);
        return a_rest.iter().zip(b_rest).fold(sum, product);
    }
    let mut sums = [0.0; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum = product(*sum, (&a[lane], &b[lane]));
        }
    }
    for (sum, pair) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *sum = product(*sum, pair);
    }
    let four: [f64; 4] = std::array::from_fn(|lane| sums[lane] + sums[lane + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// A distance from sums of products, `dot`, or of squares of differences, `squares`.
#[inline(always)]
fn of_lanes(
    metric: Metric,
    a: &[f32],
    b: &[f32],
    dot: impl Fn(&[f32], &[f32]) -> f32,
    squares: impl Fn(&[f32], &[f32]) -> f32,
) -> f32 {
    match metric {
        Metric::L2 => squares(a, b),
        Metric::InnerProduct => 1.0 - dot(a, b),
        Metric::Cosine => cosine(dot(a, b), dot(a, a), dot(b, b)),
    }
}

/// Lanes, fused; halved down to four, of which neighbors are added.
#[inline(always)]
fn sum_of_lanes<const LANES: usize, const DIFFERENCES: bool>(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum = add_product::<DIFFERENCES>(*sum, a[lane], b[lane]);
        }
    }
    for (sum, (&a, &b)) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *sum = add_product::<DIFFERENCES>(*sum, a, b);
    }
    halved(sums)
}

#[inline(always)]
fn add_product<const DIFFERENCES: bool>(sum: f32, a: f32, b: f32) -> f32 {
    if DIFFERENCES {
        (a - b).mul_add(a - b, sum)
    } else {
        a.mul_add(b, sum)
    }
}

#[inline(always)]
fn halved<const LANES: usize>(mut sums: [f32; LANES]) -> f32 {
    let mut width = LANES;
    while width > 4 {
        width /= 2;
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// The same over pairs of columns: the even one of a pair first, then the odd one.
#[inline(always)]
fn sum_even_odd<const LANES: usize, const DIFFERENCES: bool>(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.chunks(2 * LANES).zip(b.chunks(2 * LANES)) {
        for half in 0..2 {
            let (a, b) = (a.iter().skip(half), b.iter().skip(half));
            for (sum, (&a, &b)) in sums.iter_mut().zip(a.step_by(2).zip(b.step_by(2))) {
                *sum = add_product::<DIFFERENCES>(*sum, a, b);
            }
        }
    }
    halved(sums)
}

/// `vdpbf16ps`, for 16 pairs of columns at a time: the odd column of a pair is added first.
#[inline(always)]
fn sums_of_pairs(a: &[f32], b: &[f32]) -> [f32; 16] {
    let mut sums = [0.0_f32; 16];
    for (a, b) in a.chunks(32).zip(b.chunks(32)) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.chunks(2).zip(b.chunks(2))) {
            *sum = add_pair(*sum, a, b);
        }
    }
    sums
}

#[inline(always)]
fn add_pair(sum: f32, a: &[f32], b: &[f32]) -> f32 {
    let odd = if a.len() == 2 { a[1] * b[1] } else { 0.0 };
    a[0].mul_add(b[0], sum + odd)
}

#[inline(always)]
fn squared_l2_of_pairs(a: &[f32], b: &[f32]) -> f32 {
    let (a2, b2, ab) = (
        sums_of_pairs(a, a),
        sums_of_pairs(b, b),
        sums_of_pairs(a, b),
    );
    halved(std::array::from_fn::<f32, 16, _>(|lane| {
        (-2.0_f32).mul_add(ab[lane], a2[lane] + b2[lane])
    }))
}

#[inline(always)]
fn of_integers(metric: Metric, a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| -> i32 {
        let pairs = a.iter().zip(b);
        pairs.fold(0, |sum, (&a, &b)| sum + a as i32 * b as i32)
    };
    match metric {
        Metric::L2 => {
            let pairs = a.iter().zip(b);
            pairs.fold(0, |sum, (&a, &b)| sum + (a as i32 - b as i32).pow(2)) as f32
        }
        Metric::InnerProduct => 1.0 - dot(a, b) as f32,
        Metric::Cosine => cosine(dot(a, b) as f32, dot(a, a) as f32, dot(b, b) as f32),
    }
}

/// 1 − ab / √(a2 · b2), by estimates of the reciprocal square roots.
#[inline(always)]
fn cosine(ab: f32, a2: f32, b2: f32) -> f32 {
    if a2 == 0.0 && b2 == 0.0 {
        return 0.0;
    }
    if ab == 0.0 {
        return 1.0;
    }
    let inverse = |x: f32| {
        let estimate = kernels::reciprocal_square_root_estimate(x);
        estimate * (-0.5_f32).mul_add(x * (estimate * estimate), 1.5)
    };
    (1.0 - ab * inverse(a2) * inverse(b2)).max(0.0)
}
