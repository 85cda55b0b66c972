//! Kernels on AVX-512F and, over bytes, AVX-512BW: 16 lanes, four running sums per row.
//!
//! The shape is `avx2`'s with two differences: 32 registers hold the 4 × 4 sums of four rows and
//! the 4 query vectors, so a batch of four is one pass; and masked loads make the tail one more
//! vector of any length.

#![expect(
    unsafe_code,
    reason = "vector loads from raw pointers, and calls that need a proven instruction set"
)]

use std::arch::x86_64::*;
use std::ops::Range;

use super::avx2::across_lanes;
use super::instruction_set::{
    InstructionSet, Stored, StoredKind, Term, TermKind, below_by, common_length, keep_by,
    sum_bytes_by_any, under_by,
};

const LANES: usize = 16;
const SUMS: usize = 4;

/// Proof that AVX-512F, AVX-512BW, AVX2, FMA, F16C and POPCNT are there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx512(());

impl InstructionSet for Avx512 {
    const NAME: &'static str = "avx512f";
    const PARALLEL: usize = SUMS * LANES;

    fn detect() -> Option<Self> {
        let able = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c")
            && is_x86_feature_detected!("popcnt");
        able.then_some(Self(()))
    }

    #[inline]
    fn sum<T: Term, Q: Stored, S: Stored>(self, query: &[Q], row: &[S]) -> f32 {
        // SAFETY: the token proves the instructions.
        let [sum] = unsafe { sum::<T, Q, S, 1>(query, [row]) };
        sum
    }

    #[inline]
    fn sum_x4<T: Term, Q: Stored, S: Stored>(self, query: &[Q], rows: [&[S]; 4]) -> [f32; 4] {
        // SAFETY: the token proves the instructions.
        unsafe { sum::<T, Q, S, 4>(query, rows) }
    }

    #[inline]
    fn sum_f64<T: Term>(self, a: &[f32], b: &[f32]) -> f64 {
        // SAFETY: the token proves the instructions.
        unsafe { sum_f64::<T>(a, b) }
    }

    #[inline]
    fn below(self, values: &[f32], bars: &[f32]) -> u64 {
        // SAFETY: the token proves the instructions.
        unsafe { below(values, bars) }
    }

    #[inline]
    fn under(self, values: &[u32], bar: u32) -> u64 {
        // SAFETY: the token proves the instructions.
        unsafe { under(values, bar) }
    }

    #[inline]
    fn sum_bytes(self, a: &[i8], b: &[i8]) -> u32 {
        // SAFETY: the token proves the instructions.
        unsafe { sum_bytes(a, b) }
    }

    #[inline]
    fn sum_bytes_x4(self, query: &[i8], rows: [&[i8]; 4]) -> [u32; 4] {
        // SAFETY: the token proves the instructions.
        unsafe { sum_bytes_x4(query, rows) }
    }

    #[inline]
    fn keep(self, values: &[u32], mask: u64, out: &mut [u32]) -> usize {
        // SAFETY: the token proves the instructions.
        unsafe { keep(values, mask, out) }
    }
}

#[target_feature(enable = "avx512f,avx2,fma,f16c")]
fn sum<T: Term, Q: Stored, S: Stored, const ROWS: usize>(
    query: &[Q],
    rows: [&[S]; ROWS],
) -> [f32; ROWS] {
    let length = common_length(query, &rows);
    let mut sums = [[_mm512_setzero_ps(); SUMS]; ROWS];
    let mut start = 0;
    while start + SUMS * LANES <= length {
        let mut held = [_mm512_setzero_ps(); SUMS];
        for (block, held) in held.iter_mut().enumerate() {
            // SAFETY: start + SUMS·LANES ≤ length, which no slice is shorter than.
            *held = unsafe { load(query.as_ptr().add(start + block * LANES)) };
        }
        for (row, sums) in rows.iter().zip(&mut sums) {
            for (block, (sum, &held)) in sums.iter_mut().zip(&held).enumerate() {
                // SAFETY: as above.
                let values = unsafe { load(row.as_ptr().add(start + block * LANES)) };
                *sum = step::<T>(*sum, held, values);
            }
        }
        start += SUMS * LANES;
    }
    for block in 0..SUMS {
        if start < length {
            let end = length.min(start + LANES);
            let held = load_tail(&query[start..end]);
            for (row, sums) in rows.iter().zip(&mut sums) {
                sums[block] = step::<T>(sums[block], held, load_tail(&row[start..end]));
            }
            start = end;
        }
    }
    let mut totals = [0.0; ROWS];
    for (total, [a, b, c, d]) in totals.iter_mut().zip(sums) {
        let sum = _mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d));
        let high = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(sum)));
        *total = across_lanes(_mm256_add_ps(_mm512_castps512_ps256(sum), high));
    }
    totals
}

#[inline]
#[target_feature(enable = "avx512f,avx2,fma,f16c")]
fn step<T: Term>(sum: __m512, a: __m512, b: __m512) -> __m512 {
    match T::KIND {
        TermKind::SquaredDifference => {
            let difference = _mm512_sub_ps(a, b);
            _mm512_fmadd_ps(difference, difference, sum)
        }
        TermKind::Product => _mm512_fmadd_ps(a, b, sum),
    }
}

/// Sixteen values.
///
/// # Safety
///
/// * `values` points at sixteen readable values, aligned for `S`.
#[inline]
#[target_feature(enable = "avx512f,avx2,fma,f16c")]
unsafe fn load<S: Stored>(values: *const S) -> __m512 {
    match S::KIND {
        // SAFETY: the caller's promise; `Stored` promises that S is f32. The load needs no
        // alignment.
        StoredKind::F32 => unsafe { _mm512_loadu_ps(values.cast()) },
        // SAFETY: the caller's promise; `Stored` promises that S is f16. The load needs no
        // alignment.
        StoredKind::F16 => _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(values.cast()) }),
    }
}

/// At most sixteen values, then zeros.
#[inline]
#[target_feature(enable = "avx512f,avx2,fma,f16c")]
fn load_tail<S: Stored>(values: &[S]) -> __m512 {
    debug_assert!(values.len() <= LANES);
    match S::KIND {
        StoredKind::F32 => {
            let mask = ((1_u32 << values.len()) - 1) as __mmask16;
            // SAFETY: the mask reads the slice's own lanes only, and `Stored` promises that S is
            // f32.
            unsafe { _mm512_maskz_loadu_ps(mask, values.as_ptr().cast()) }
        }
        StoredKind::F16 => {
            let mut padded = [S::default(); LANES];
            padded[..values.len()].copy_from_slice(values);
            // SAFETY: sixteen values lie at `padded`.
            unsafe { load(padded.as_ptr()) }
        }
    }
}

#[target_feature(enable = "avx512f,avx2,fma,f16c")]
fn below(values: &[f32], bars: &[f32]) -> u64 {
    below_by::<LANES>(values, bars, |values, bars| {
        // SAFETY: both have LANES values.
        let (values, bars) = unsafe {
            (
                _mm512_loadu_ps(values.as_ptr()),
                _mm512_loadu_ps(bars.as_ptr()),
            )
        };
        u64::from(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(values, bars))
    })
}

#[target_feature(enable = "avx512f,avx2,fma,f16c")]
fn under(values: &[u32], bar: u32) -> u64 {
    let bars = _mm512_set1_epi32(bar.cast_signed());
    under_by::<LANES>(values, bar, |values| {
        // SAFETY: there are LANES values.
        let values = unsafe { _mm512_loadu_si512(values.as_ptr().cast()) };
        u64::from(_mm512_cmplt_epu32_mask(values, bars))
    })
}

#[target_feature(enable = "avx512f,avx2,fma,f16c,popcnt")]
fn keep(values: &[u32], mask: u64, out: &mut [u32]) -> usize {
    keep_by::<LANES>(values, mask, out, |values, bits, out| {
        // SAFETY: there are LANES values.
        let values = unsafe { _mm512_loadu_si512(values.as_ptr().cast()) };
        let kept = _mm512_maskz_compress_epi32(bits as __mmask16, values);
        // SAFETY: LANES values are written. Not by the compressing store, which some processors
        // take a hundred cycles for.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), kept) };
    })
}

#[target_feature(enable = "avx512f,avx512bw,avx2")]
fn sum_bytes(a: &[i8], b: &[i8]) -> u32 {
    let ([sum], rest) = sums_of_bytes(a, [b]);
    _mm512_reduce_add_epi32(sum).cast_unsigned() + sum_bytes_by_any(&a[rest.clone()], &b[rest])
}

#[target_feature(enable = "avx512f,avx512bw,avx2")]
fn sum_bytes_x4(query: &[i8], rows: [&[i8]; 4]) -> [u32; 4] {
    let ([s0, s1, s2, s3], rest) = sums_of_bytes(query, rows);
    // Four sums side by side, in each of the four quarters.
    let of_two = |a, b| _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let (s01, s23) = (of_two(s0, s1), of_two(s2, s3));
    let quarters = _mm512_add_epi32(
        _mm512_unpacklo_epi64(s01, s23),
        _mm512_unpackhi_epi64(s01, s23),
    );
    let halves = _mm256_add_epi32(
        _mm512_castsi512_si256(quarters),
        _mm512_extracti64x4_epi64::<1>(quarters),
    );
    let four = _mm_add_epi32(
        _mm256_castsi256_si128(halves),
        _mm256_extracti128_si256::<1>(halves),
    );
    let mut totals = [0; 4];
    // SAFETY: four sums of 32 bits are written.
    unsafe { _mm_storeu_si128(totals.as_mut_ptr().cast(), four) };
    if !rest.is_empty() {
        for (total, row) in totals.iter_mut().zip(rows) {
            *total += sum_bytes_by_any(&query[rest.clone()], &row[rest.clone()]);
        }
    }
    totals
}

/// Sixteen sums a row, and the bytes that are left. |a − b| of bytes fits a byte without a sign; widened
/// to 16 bits its squares are added in pairs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2")]
fn sums_of_bytes<const ROWS: usize>(
    query: &[i8],
    rows: [&[i8]; ROWS],
) -> ([__m512i; ROWS], Range<usize>) {
    const BYTES: usize = 64;
    let length = common_length(query, &rows);
    let whole = length - length % BYTES;
    let zero = _mm512_setzero_si512();
    let mut sums = [zero; ROWS];
    for start in (0..whole).step_by(BYTES) {
        // SAFETY: start + BYTES ≤ length, which no slice is shorter than.
        let held = unsafe { _mm512_loadu_si512(query.as_ptr().add(start).cast()) };
        for (row, sum) in rows.iter().zip(&mut sums) {
            // SAFETY: as above.
            let bytes = unsafe { _mm512_loadu_si512(row.as_ptr().add(start).cast()) };
            let apart = _mm512_sub_epi8(_mm512_max_epi8(held, bytes), _mm512_min_epi8(held, bytes));
            for half in [
                _mm512_unpacklo_epi8(apart, zero),
                _mm512_unpackhi_epi8(apart, zero),
            ] {
                *sum = _mm512_add_epi32(*sum, _mm512_madd_epi16(half, half));
            }
        }
    }
    (sums, whole..length)
}

/// Four registers of 8 sums, as [`sum_f64_by_lanes`](super::instruction_set::sum_f64_by_lanes) has
/// them.
#[target_feature(enable = "avx512f,avx2,fma,f16c")]
fn sum_f64<T: Term>(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 8;
    let length = common_length(a, &[b]);
    let (a, b) = (&a[..length], &b[..length]);
    let mut sums = [_mm512_setzero_pd(); SUMS];
    let mut start = 0;
    while start + SUMS * LANES <= length {
        for (block, sum) in sums.iter_mut().enumerate() {
            let offset = start + block * LANES;
            // SAFETY: offset + LANES ≤ length, which both slices have.
            let (a, b) = unsafe {
                (
                    _mm256_loadu_ps(a.as_ptr().add(offset)),
                    _mm256_loadu_ps(b.as_ptr().add(offset)),
                )
            };
            *sum = step_f64::<T>(*sum, _mm512_cvtps_pd(a), _mm512_cvtps_pd(b));
        }
        start += SUMS * LANES;
    }
    for (sum, offset) in sums.iter_mut().zip((start..length).step_by(LANES)) {
        let end = length.min(offset + LANES);
        *sum = step_f64::<T>(
            *sum,
            widen_tail(&a[offset..end]),
            widen_tail(&b[offset..end]),
        );
    }
    let [s0, s1, s2, s3] = sums;
    let eight = _mm512_add_pd(_mm512_add_pd(s0, s1), _mm512_add_pd(s2, s3));
    let four = _mm256_add_pd(
        _mm512_castpd512_pd256(eight),
        _mm512_extractf64x4_pd::<1>(eight),
    );
    let two = _mm_add_pd(
        _mm256_castpd256_pd128(four),
        _mm256_extractf128_pd::<1>(four),
    );
    _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
}

#[inline]
#[target_feature(enable = "avx512f,avx2,fma,f16c")]
fn step_f64<T: Term>(sum: __m512d, a: __m512d, b: __m512d) -> __m512d {
    match T::KIND {
        TermKind::SquaredDifference => {
            let difference = _mm512_sub_pd(a, b);
            // Not fused: as on every instruction set.
            _mm512_add_pd(sum, _mm512_mul_pd(difference, difference))
        }
        // A product of two 32-bit floats is exact, fused or not.
        TermKind::Product => _mm512_fmadd_pd(a, b, sum),
    }
}

/// At most eight values as 64-bit floats, then zeros.
#[inline]
#[target_feature(enable = "avx512f,avx2,fma,f16c")]
fn widen_tail(values: &[f32]) -> __m512d {
    let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    let mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(values.len() as i32), lane);
    // SAFETY: the mask reads the slice's own lanes only.
    _mm512_cvtps_pd(unsafe { _mm256_maskload_ps(values.as_ptr(), mask) })
}
