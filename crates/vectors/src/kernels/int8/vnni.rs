//! The kernels on AVX-512 with VNNI: `vpdpbusd` multiplies 64 pairs of bytes and adds them in fours.

#![expect(
    unsafe_code,
    reason = "vector loads from raw pointers, and calls that need a proven instruction set"
)]

use super::{
    Before, LEFT, LeftGroup, LeftTerms, PAIRS, PIECE, RIGHT, RightGroup, RightTerms, Sums, avx2,
};
use std::arch::x86_64::*;

// Closures are compiled for the baseline unless they are inlined where they are made: here are none
// that take or return vectors.

const LANES: usize = 16;
/// Registers of a right panel.
const REGISTERS: usize = RIGHT / LANES;

/// Proof that AVX-512F, BW and VNNI, AVX2 and FMA are there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vnni(());

#[expect(
    clippy::unused_self,
    reason = "who holds the token has the instructions"
)]
impl Vnni {
    pub(super) fn detect() -> Option<Self> {
        let able = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vnni")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma");
        able.then_some(Self(()))
    }

    pub(super) fn sum_products(
        self,
        left: &[i8],
        right: &[RightGroup],
        to: Before,
        sums: &mut [Sums],
    ) {
        let left = left.as_chunks().0.as_chunks().0;
        let sums = sums.try_into().expect("sums of every left row");
        // SAFETY: the token proves the instructions.
        unsafe { sum_products(left, right, to, sums) }
    }

    pub(super) fn survivors(
        self,
        sums: &[Sums],
        (left, thresholds): (&[LeftTerms], &[f32]),
        right: &RightTerms<'_>,
        masks: &mut [u32],
    ) {
        // SAFETY: the token proves the instructions.
        unsafe { survivors(sums, (left, thresholds), right, masks) }
    }

    pub(super) fn add_products_by_lane<const OF: usize>(
        self,
        left: &[&[f32; PIECE]; PAIRS],
        right: &[&[f32; PIECE]; PAIRS],
        sums: &mut [[f32; OF]; PAIRS],
    ) {
        // SAFETY: the token proves the instructions, of which AVX2 are a part.
        unsafe { avx2::add_products_by_lane(left, right, sums) }
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn sum_products(left: &[LeftGroup], right: &[RightGroup], to: Before, sums: &mut [Sums; LEFT]) {
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
                let sum = match to {
                    Before::Replaced => register,
                    Before::Added => _mm512_add_epi32(_mm512_loadu_si512(place.cast()), register),
                };
                _mm512_storeu_si512(place.cast(), sum);
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn survivors(
    sums: &[Sums],
    (left, thresholds): (&[LeftTerms], &[f32]),
    right: &RightTerms<'_>,
    masks: &mut [u32],
) {
    let rows = right.norms.len();
    let wanted = u32::MAX.checked_shr((RIGHT - rows) as u32).unwrap_or(0);
    let mut terms = [[_mm512_setzero_ps(); 4]; REGISTERS];
    for (register, terms) in terms.iter_mut().enumerate() {
        let lanes = (wanted >> (register * LANES)) as u16;
        let start = (register * LANES).min(rows);
        let columns = [right.norms, right.scales, right.errors, right.sizes];
        for (term, column) in terms.iter_mut().zip(columns) {
            // SAFETY: the lanes that are read are among the rows, and every term has as many.
            *term = unsafe { _mm512_maskz_loadu_ps(lanes, column.as_ptr().add(start)) };
        }
    }
    for (((left, &threshold), sums), mask) in left.iter().zip(thresholds).zip(sums).zip(masks) {
        let sums: *const i32 = sums.as_ptr();
        let mut survive = [0; REGISTERS];
        for (register, survive) in survive.iter_mut().enumerate() {
            let [norms, scales, errors, sizes] = terms[register];
            // SAFETY: RIGHT sums are REGISTERS times LANES.
            let sum = unsafe { _mm512_loadu_epi32(sums.add(register * LANES)) };
            let sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(sum, _mm512_set1_epi32(left.offset)));
            let bound = _mm512_add_ps(_mm512_set1_ps(left.norm), norms);
            let product = _mm512_mul_ps(scales, sum);
            let bound = _mm512_fnmadd_ps(_mm512_set1_ps(left.scale), product, bound);
            let bound = _mm512_fnmadd_ps(_mm512_set1_ps(left.size), errors, bound);
            let bound = _mm512_fnmadd_ps(_mm512_set1_ps(left.error), sizes, bound);
            let bar = _mm512_set1_ps(threshold);
            *survive = _mm512_cmp_ps_mask::<_CMP_NGE_UQ>(bound, bar);
        }
        *mask = _mm512_kunpackw(u32::from(survive[1]), u32::from(survive[0])) & wanted;
    }
}
