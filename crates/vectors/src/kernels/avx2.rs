//! Kernels on AVX2, FMA and F16C: 8 lanes, four running sums per row.
//!
//! for each block of 32 values          4 vectors of the query, held
//!   for each row (1 or 2)              4 loads, each joined to its own sum
//! up to three whole vectors            sums 0, 1, 2
//! the last 1..=7 values                a masked load, sum 3
//! (s0 + s1) + (s2 + s3), then across the lanes
//!
//! Why four sums: a fused multiply-add takes 4 cycles, and two 32-byte loads per cycle feed one
//! term per cycle, so four chains keep the loads busy. Why two rows at once and not four: 2 × 4
//! sums and 4 query vectors fill the 16 registers, and fewer sums per row would give a batch other
//! bits than its members.

#![expect(
    unsafe_code,
    reason = "vector loads from raw pointers, and calls that need a proven instruction set"
)]

use std::arch::x86_64::*;

use super::instruction_set::{
    F64_LANES, InstructionSet, Stored, StoredKind, Term, TermKind, below_by, common_length,
    keep_by, sum_bytes_by_any, under_by,
};

const LANES: usize = 8;
const SUMS: usize = 4;

/// Proof that AVX2, FMA, F16C and POPCNT are there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

impl InstructionSet for Avx2 {
    const NAME: &'static str = "avx2+fma";
    const PARALLEL: usize = SUMS * LANES;

    fn detect() -> Option<Self> {
        let able = is_x86_feature_detected!("avx2")
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
        let [first, second, third, fourth] = rows;
        // SAFETY: the token proves the instructions.
        let [[a, b], [c, d]] = unsafe {
            [
                sum::<T, Q, S, 2>(query, [first, second]),
                sum::<T, Q, S, 2>(query, [third, fourth]),
            ]
        };
        [a, b, c, d]
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
        let [sum] = unsafe { sum_bytes(a, [b]) };
        sum
    }

    #[inline]
    fn sum_bytes_x4(self, query: &[i8], rows: [&[i8]; 4]) -> [u32; 4] {
        // SAFETY: the token proves the instructions.
        unsafe { sum_bytes(query, rows) }
    }

    #[inline]
    fn keep(self, values: &[u32], mask: u64, out: &mut [u32]) -> usize {
        // SAFETY: the token proves the instructions.
        unsafe { keep(values, mask, out) }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn sum<T: Term, Q: Stored, S: Stored, const ROWS: usize>(
    query: &[Q],
    rows: [&[S]; ROWS],
) -> [f32; ROWS] {
    let length = common_length(query, &rows);
    let mut sums = [[_mm256_setzero_ps(); SUMS]; ROWS];
    let mut start = 0;
    while start + SUMS * LANES <= length {
        let mut held = [_mm256_setzero_ps(); SUMS];
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
    for block in 0..SUMS - 1 {
        if start + LANES <= length {
            // SAFETY: start + LANES ≤ length, which no slice is shorter than.
            let held = unsafe { load(query.as_ptr().add(start)) };
            for (row, sums) in rows.iter().zip(&mut sums) {
                // SAFETY: as above.
                sums[block] =
                    step::<T>(sums[block], held, unsafe { load(row.as_ptr().add(start)) });
            }
            start += LANES;
        }
    }
    if start < length {
        let held = load_tail(&query[start..length]);
        for (row, sums) in rows.iter().zip(&mut sums) {
            sums[SUMS - 1] = step::<T>(sums[SUMS - 1], held, load_tail(&row[start..length]));
        }
    }
    let mut totals = [0.0; ROWS];
    for (total, [a, b, c, d]) in totals.iter_mut().zip(sums) {
        *total = across_lanes(_mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d)));
    }
    totals
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn step<T: Term>(sum: __m256, a: __m256, b: __m256) -> __m256 {
    match T::KIND {
        TermKind::SquaredDifference => {
            let difference = _mm256_sub_ps(a, b);
            _mm256_fmadd_ps(difference, difference, sum)
        }
        TermKind::Product => _mm256_fmadd_ps(a, b, sum),
    }
}

/// Eight values.
///
/// # Safety
///
/// * `values` points at eight readable values, aligned for `S`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn load<S: Stored>(values: *const S) -> __m256 {
    match S::KIND {
        // SAFETY: the caller's promise; `Stored` promises that S is f32. The load needs no
        // alignment.
        StoredKind::F32 => unsafe { _mm256_loadu_ps(values.cast()) },
        // SAFETY: the caller's promise; `Stored` promises that S is f16. The load needs no
        // alignment.
        StoredKind::F16 => _mm256_cvtph_ps(unsafe { _mm_loadu_si128(values.cast()) }),
    }
}

/// Fewer than eight values, then zeros.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn load_tail<S: Stored>(values: &[S]) -> __m256 {
    debug_assert!(values.len() < LANES);
    match S::KIND {
        StoredKind::F32 => {
            let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(values.len() as i32), lane);
            // SAFETY: the mask reads the slice's own lanes only, and `Stored` promises that S is
            // f32.
            unsafe { _mm256_maskload_ps(values.as_ptr().cast(), mask) }
        }
        StoredKind::F16 => {
            let mut padded = [S::default(); LANES];
            padded[..values.len()].copy_from_slice(values);
            // SAFETY: eight values lie at `padded`.
            unsafe { load(padded.as_ptr()) }
        }
    }
}

/// ((v0 + v4) + (v1 + v5)) + ((v2 + v6) + (v3 + v7)).
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn across_lanes(values: __m256) -> f32 {
    let four = _mm_add_ps(
        _mm256_castps256_ps128(values),
        _mm256_extractf128_ps::<1>(values),
    );
    let two = _mm_add_ps(four, _mm_movehdup_ps(four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_movehl_ps(two, two)))
}

#[target_feature(enable = "avx2,fma,f16c")]
fn below(values: &[f32], bars: &[f32]) -> u64 {
    below_by::<LANES>(values, bars, |values, bars| {
        // SAFETY: both have LANES values.
        let (values, bars) = unsafe {
            (
                _mm256_loadu_ps(values.as_ptr()),
                _mm256_loadu_ps(bars.as_ptr()),
            )
        };
        _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(values, bars)) as u64
    })
}

#[target_feature(enable = "avx2,fma,f16c")]
fn under(values: &[u32], bar: u32) -> u64 {
    let bars = _mm256_set1_epi32(bar.cast_signed());
    under_by::<LANES>(values, bar, |values| {
        // SAFETY: there are LANES values.
        let values = unsafe { _mm256_loadu_si256(values.as_ptr().cast()) };
        // Unsigned numbers have no comparison but that with their maximum.
        let not_under = _mm256_cmpeq_epi32(_mm256_max_epu32(values, bars), values);
        u64::from(!_mm256_movemask_ps(_mm256_castsi256_ps(not_under)) as u8)
    })
}

#[target_feature(enable = "avx2,fma,f16c,popcnt")]
fn keep(values: &[u32], mask: u64, out: &mut [u32]) -> usize {
    keep_by::<LANES>(values, mask, out, |values, bits, out| {
        // SAFETY: eight lanes are read, and eight numbers of the table.
        let (values, lanes) = unsafe {
            let lanes = _mm_loadl_epi64(KEPT_LANES[bits as usize].as_ptr().cast());
            (
                _mm256_loadu_si256(values.as_ptr().cast()),
                _mm256_cvtepu8_epi32(lanes),
            )
        };
        // SAFETY: eight lanes are written.
        unsafe {
            _mm256_storeu_si256(
                out.as_mut_ptr().cast(),
                _mm256_permutevar8x32_epi32(values, lanes),
            );
        };
    })
}

/// For every mask of eight lanes, which of them stand first when those whose bits are set are moved
/// to the front.
static KEPT_LANES: [[u8; LANES]; 1 << LANES] = kept_lanes();

const fn kept_lanes() -> [[u8; LANES]; 1 << LANES] {
    let mut all = [[0; LANES]; 1 << LANES];
    let mut mask = 0;
    while mask < all.len() {
        let (mut lane, mut kept) = (0, 0);
        while lane < LANES {
            if mask >> lane & 1 == 1 {
                all[mask][kept] = lane as u8;
                kept += 1;
            }
            lane += 1;
        }
        mask += 1;
    }
    all
}

/// |a − b| of bytes fits a byte without a sign; widened to 16 bits its squares are added in pairs.
#[target_feature(enable = "avx2")]
fn sum_bytes<const ROWS: usize>(query: &[i8], rows: [&[i8]; ROWS]) -> [u32; ROWS] {
    const BYTES: usize = 32;
    let length = common_length(query, &rows);
    let whole = length - length % BYTES;
    let zero = _mm256_setzero_si256();
    let mut sums = [zero; ROWS];
    for start in (0..whole).step_by(BYTES) {
        // SAFETY: start + BYTES ≤ length, which no slice is shorter than.
        let held = unsafe { _mm256_loadu_si256(query.as_ptr().add(start).cast()) };
        for (row, sum) in rows.iter().zip(&mut sums) {
            // SAFETY: as above.
            let bytes = unsafe { _mm256_loadu_si256(row.as_ptr().add(start).cast()) };
            let apart = _mm256_sub_epi8(_mm256_max_epi8(held, bytes), _mm256_min_epi8(held, bytes));
            for half in [
                _mm256_unpacklo_epi8(apart, zero),
                _mm256_unpackhi_epi8(apart, zero),
            ] {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(half, half));
            }
        }
    }
    let mut totals = [0; ROWS];
    for ((total, sum), row) in totals.iter_mut().zip(sums).zip(rows) {
        let four = _mm_add_epi32(
            _mm256_castsi256_si128(sum),
            _mm256_extracti128_si256::<1>(sum),
        );
        let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b1110>(four));
        let one = _mm_add_epi32(two, _mm_shuffle_epi32::<0b01>(two));
        *total = _mm_cvtsi128_si32(one).cast_unsigned()
            + sum_bytes_by_any(&query[whole..length], &row[whole..length]);
    }
    totals
}

/// Eight registers of 4 sums, two for each of
/// [`sum_f64_by_lanes`](super::instruction_set::sum_f64_by_lanes)'s 8.
#[target_feature(enable = "avx2,fma,f16c")]
fn sum_f64<T: Term>(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 4;
    const SUMS: usize = F64_LANES / LANES;
    let length = common_length(a, &[b]);
    let (a, b) = (&a[..length], &b[..length]);
    let mut sums = [_mm256_setzero_pd(); SUMS];
    let mut start = 0;
    while start + SUMS * LANES <= length {
        for (block, sum) in sums.iter_mut().enumerate() {
            let offset = start + block * LANES;
            // SAFETY: offset + LANES ≤ length, which both slices have.
            let (a, b) = unsafe {
                (
                    _mm_loadu_ps(a.as_ptr().add(offset)),
                    _mm_loadu_ps(b.as_ptr().add(offset)),
                )
            };
            *sum = step_f64::<T>(*sum, _mm256_cvtps_pd(a), _mm256_cvtps_pd(b));
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
    let [s0, s1, s2, s3, s4, s5, s6, s7] = sums;
    let low = _mm256_add_pd(_mm256_add_pd(s0, s2), _mm256_add_pd(s4, s6));
    let high = _mm256_add_pd(_mm256_add_pd(s1, s3), _mm256_add_pd(s5, s7));
    let four = _mm256_add_pd(low, high);
    let two = _mm_add_pd(
        _mm256_castpd256_pd128(four),
        _mm256_extractf128_pd::<1>(four),
    );
    _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn step_f64<T: Term>(sum: __m256d, a: __m256d, b: __m256d) -> __m256d {
    match T::KIND {
        TermKind::SquaredDifference => {
            let difference = _mm256_sub_pd(a, b);
            // Not fused: as on every instruction set.
            _mm256_add_pd(sum, _mm256_mul_pd(difference, difference))
        }
        // A product of two 32-bit floats is exact, fused or not.
        TermKind::Product => _mm256_fmadd_pd(a, b, sum),
    }
}

/// At most four values as 64-bit floats, then zeros.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn widen_tail(values: &[f32]) -> __m256d {
    let mask = _mm_cmpgt_epi32(
        _mm_set1_epi32(values.len() as i32),
        _mm_setr_epi32(0, 1, 2, 3),
    );
    // SAFETY: the mask reads the slice's own lanes only.
    _mm256_cvtps_pd(unsafe { _mm_maskload_ps(values.as_ptr(), mask) })
}
