//! The kernels on AVX-512 with VNNI: `vpdpbusd` multiplies 64 pairs of bytes and adds them in fours.

#![expect(
    unsafe_code,
    reason = "vector loads from raw pointers, and calls that need a proven instruction set"
)]

use super::{
    BATCH, BATCHES, Batches, LEFT, LeftGroup, LeftTerms, RIGHT, RightGroup, RightTerms, Sums,
};
use std::arch::x86_64::*;

// Closures are compiled for the baseline unless they are inlined where they are made: here are none
// that take or return vectors.

const LANES: usize = BATCH;
/// Columns transposed at a time.
const QUAD: usize = 4;
/// Registers of a right panel.
const REGISTERS: usize = RIGHT / LANES;

/// Proof that AVX-512F, VNNI and FMA are there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vnni(());

#[expect(
    clippy::unused_self,
    reason = "who holds the token has the instructions"
)]
impl Vnni {
    pub(super) fn detect() -> Option<Self> {
        let able = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vnni")
            && is_x86_feature_detected!("fma");
        able.then_some(Self(()))
    }

    pub(super) fn add_products(self, left: &[LeftGroup], right: &[RightGroup], sums: &mut Sums) {
        // SAFETY: the token proves the instructions.
        unsafe { add_products(left, right, sums) }
    }

    pub(super) fn survivors(
        self,
        sums: &Sums,
        (left, thresholds): (&[LeftTerms], &[f32]),
        right: &RightTerms<'_>,
        masks: &mut [u32; LEFT],
    ) {
        // SAFETY: the token proves the instructions.
        unsafe { survivors(sums, (left, thresholds), right, masks) }
    }

    pub(super) fn products_in_order(
        self,
        left: &Batches<&[f32]>,
        right: &Batches<&[f32]>,
    ) -> Batches<f32> {
        // SAFETY: the token proves the instructions; the caller has checked the lengths.
        unsafe { products_in_order(left, right) }
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn add_products(left: &[LeftGroup], right: &[RightGroup], sums: &mut Sums) {
    let mut registers = [[_mm512_setzero_si512(); REGISTERS]; LEFT];
    for (left, right) in left.iter().zip(right) {
        let right: *const u8 = right.as_ptr().cast();
        let mut codes = [_mm512_setzero_si512(); REGISTERS];
        for (register, codes) in codes.iter_mut().enumerate() {
            // SAFETY: a group holds REGISTERS × 64 bytes.
            *codes = unsafe { _mm512_loadu_si512(right.add(register * 64).cast()) };
        }
        for (row, sums) in left.iter().zip(&mut registers) {
            let word = _mm512_set1_epi32(i32::from_ne_bytes(row.map(i8::cast_unsigned)));
            for (sum, &codes) in sums.iter_mut().zip(&codes) {
                *sum = _mm512_dpbusd_epi32(*sum, codes, word);
            }
        }
    }
    for (sums, registers) in sums.iter_mut().zip(registers) {
        for (sums, register) in sums.as_chunks_mut::<LANES>().0.iter_mut().zip(registers) {
            let place: *mut i32 = sums.as_mut_ptr();
            // SAFETY: LANES numbers are written over as many.
            unsafe {
                let before = _mm512_loadu_si512(place.cast());
                _mm512_storeu_si512(place.cast(), _mm512_add_epi32(before, register));
            }
        }
    }
}

#[target_feature(enable = "avx512f")]
fn survivors(
    sums: &Sums,
    (left, thresholds): (&[LeftTerms], &[f32]),
    right: &RightTerms<'_>,
    masks: &mut [u32; LEFT],
) {
    let rows = right.norms.len();
    for register in 0..REGISTERS {
        let start = (register * LANES).min(rows);
        let lanes = u16::MAX
            .checked_shr((LANES - LANES.min(rows - start)) as u32)
            .unwrap_or(0);
        // SAFETY: the lanes that are read are among the rows, and every term has as many.
        let (norms, scales, errors, sizes) = unsafe {
            (
                _mm512_maskz_loadu_ps(lanes, right.norms.as_ptr().add(start)),
                _mm512_maskz_loadu_ps(lanes, right.scales.as_ptr().add(start)),
                _mm512_maskz_loadu_ps(lanes, right.errors.as_ptr().add(start)),
                _mm512_maskz_loadu_ps(lanes, right.sizes.as_ptr().add(start)),
            )
        };
        for (((left, &threshold), sums), mask) in
            left.iter().zip(thresholds).zip(sums).zip(&mut *masks)
        {
            let sums: *const i32 = sums.as_ptr();
            // SAFETY: RIGHT sums are REGISTERS times LANES.
            let sum = unsafe { _mm512_loadu_epi32(sums.add(register * LANES)) };
            let sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(sum, _mm512_set1_epi32(left.offset)));
            let bound = _mm512_add_ps(_mm512_set1_ps(left.norm), norms);
            let product = _mm512_mul_ps(scales, sum);
            let bound = _mm512_fnmadd_ps(_mm512_set1_ps(left.scale), product, bound);
            let bound = _mm512_fnmadd_ps(_mm512_set1_ps(left.size), errors, bound);
            let bound = _mm512_fnmadd_ps(_mm512_set1_ps(left.error), sizes, bound);
            let bar = _mm512_set1_ps(threshold);
            let survive = _mm512_mask_cmp_ps_mask::<_CMP_NGE_UQ>(lanes, bound, bar);
            *mask |= u32::from(survive) << (register * LANES);
        }
    }
}

/// Columns of LANES rows are transposed, on both sides, so that a register holds one column of all of
/// them; the sums of two batches do not wait for one another.
///
/// # Safety
/// All rows are of one length.
#[target_feature(enable = "avx512f,fma")]
unsafe fn products_in_order(left: &Batches<&[f32]>, right: &Batches<&[f32]>) -> Batches<f32> {
    let columns = left[0][0].len();
    let mut sums = [_mm512_setzero_ps(); BATCHES];
    let whole = columns - columns % LANES;
    for start in (0..whole).step_by(LANES) {
        for ((left, right), sum) in left.iter().zip(right).zip(&mut sums) {
            // SAFETY: LANES values from `start` on are in every row.
            unsafe { add_columns(left, right, start, sum) };
        }
    }
    let mut products = [[0.0; BATCH]; BATCHES];
    for (products, sum) in products.iter_mut().zip(sums) {
        // SAFETY: LANES values are written over as many.
        unsafe { _mm512_storeu_ps(products.as_mut_ptr(), sum) };
    }
    for (batch, products) in products.iter_mut().enumerate() {
        for (pair, product) in products.iter_mut().enumerate() {
            for (left, right) in left[batch][pair][whole..]
                .iter()
                .zip(&right[batch][pair][whole..])
            {
                *product = left.mul_add(*right, *product);
            }
        }
    }
    products
}

/// Adds the products of LANES columns from `start` on, column by column.
///
/// # Safety
/// All rows hold them.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn add_columns(
    left: &[&[f32]; LANES],
    right: &[&[f32]; LANES],
    start: usize,
    sum: &mut __m512,
) {
    for quad in (start..start + LANES).step_by(QUAD) {
        // SAFETY: as promised.
        let (left, right) = unsafe { (transposed(left, quad), transposed(right, quad)) };
        for column in 0..QUAD {
            *sum = _mm512_fmadd_ps(left[column], right[column], *sum);
        }
    }
}

/// Four columns of LANES rows, a register each.
///
/// # Safety
/// The rows hold columns `start..start + 4`.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn transposed(rows: &[&[f32]; LANES], start: usize) -> [__m512; QUAD] {
    // Quarter i of quads[j] holds the columns of row 4·i + j; loads with a mask shuffle nothing.
    let mut quads = [_mm512_setzero_ps(); QUAD];
    for (place, quad) in quads.iter_mut().enumerate() {
        // SAFETY: as promised.
        unsafe {
            let at = |row: usize| rows[row + place].as_ptr().add(start);
            let (a, b, c, d) = (at(0), at(4), at(8), at(12));
            *quad = _mm512_broadcast_f32x4(_mm_loadu_ps(a));
            *quad = _mm512_mask_broadcast_f32x4(*quad, 0x00f0, _mm_loadu_ps(b));
            *quad = _mm512_mask_broadcast_f32x4(*quad, 0x0f00, _mm_loadu_ps(c));
            *quad = _mm512_mask_broadcast_f32x4(*quad, 0xf000, _mm_loadu_ps(d));
        }
    }
    let [a, b, c, d] = quads;
    let (low, high) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    let (low_too, high_too) = (_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    let (low, high) = (_mm512_castps_pd(low), _mm512_castps_pd(high));
    let (low_too, high_too) = (_mm512_castps_pd(low_too), _mm512_castps_pd(high_too));
    [
        _mm512_castpd_ps(_mm512_unpacklo_pd(low, low_too)),
        _mm512_castpd_ps(_mm512_unpackhi_pd(low, low_too)),
        _mm512_castpd_ps(_mm512_unpacklo_pd(high, high_too)),
        _mm512_castpd_ps(_mm512_unpackhi_pd(high, high_too)),
    ]
}
