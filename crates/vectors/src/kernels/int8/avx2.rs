//! The kernels on AVX2: `vpmaddubsw` multiplies 32 pairs of bytes and adds them in twos, to 16 bits.
//!
//! Full 8-bit codes saturate there. Of codes up to 63, offset by 64 on the right, a sum of four products is at
//! most 4 · 127 · 63 = 32,004: those of two groups of columns are added before `vpmaddwd` widens them, so
//! that three multiplying instructions do what takes four with codes widened to 16 bits first.

#![expect(
    unsafe_code,
    reason = "vector loads from raw pointers, and calls that need a proven instruction set"
)]

use super::{
    Before, GROUP, LANES, LEFT, LeftGroup, LeftTerms, PAIRS, PIECE, RIGHT, RightGroup, RightTerms,
    Sums,
};
use std::arch::x86_64::*;

/// Left rows whose sums stay in registers, of PAIR right registers.
const ROWS: usize = 4;
const PAIR: usize = 2;
/// The largest code.
pub(super) const LARGEST_CODE: i8 = 63;

const _: () = {
    assert!(LEFT.is_multiple_of(ROWS) && RIGHT.is_multiple_of(PAIR * LANES));
    let right = 2 * LARGEST_CODE as i32 + 1;
    assert!(
        4 * right * LARGEST_CODE as i32 <= i16::MAX as i32,
        "16 bits hold four products"
    );
};

/// Proof that AVX2 and FMA are there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

#[expect(
    clippy::unused_self,
    reason = "who holds the token has the instructions"
)]
impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        let able = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
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
        // SAFETY: the token proves the instructions.
        unsafe { add_products_by_lane(left, right, sums) }
    }
}

#[target_feature(enable = "avx2")]
fn sum_products(left: &[LeftGroup], right: &[RightGroup], to: Before, sums: &mut [Sums; LEFT]) {
    for first in (0..RIGHT).step_by(PAIR * LANES) {
        for (tile, sums) in sums.as_chunks_mut::<ROWS>().0.iter_mut().enumerate() {
            sum_tile(left, tile * ROWS, right, first, to, sums);
        }
    }
}

/// The products of ROWS left rows from `row` on with PAIR · LANES right rows from `first` on.
#[inline]
#[target_feature(enable = "avx2")]
fn sum_tile(
    left: &[LeftGroup],
    row: usize,
    right: &[RightGroup],
    first: usize,
    to: Before,
    sums: &mut [[i32; RIGHT]; ROWS],
) {
    let ones = _mm256_set1_epi16(1);
    let mut registers = [[_mm256_setzero_si256(); PAIR]; ROWS];
    let (left_twos, left_rest) = left.as_chunks::<2>();
    let (right_twos, right_rest) = right.as_chunks::<2>();
    for (left, right) in left_twos.iter().zip(right_twos) {
        let right = [codes(&right[0], first), codes(&right[1], first)];
        for (place, sums) in registers.iter_mut().enumerate() {
            let left = [word(&left[0], row + place), word(&left[1], row + place)];
            for (register, sum) in sums.iter_mut().enumerate() {
                let of_four = _mm256_add_epi16(
                    _mm256_maddubs_epi16(right[0][register], left[0]),
                    _mm256_maddubs_epi16(right[1][register], left[1]),
                );
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(of_four, ones));
            }
        }
    }
    for (left, right) in left_rest.iter().zip(right_rest) {
        let right = codes(right, first);
        for (place, sums) in registers.iter_mut().enumerate() {
            let left = word(left, row + place);
            for (sum, &right) in sums.iter_mut().zip(&right) {
                let of_two = _mm256_maddubs_epi16(right, left);
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(of_two, ones));
            }
        }
    }
    for (sums, registers) in sums.iter_mut().zip(registers) {
        for (register, value) in registers.into_iter().enumerate() {
            let sums = &mut sums[first + register * LANES..][..LANES];
            let place: *mut i32 = sums.as_mut_ptr();
            // SAFETY: LANES numbers are read and written, as many as the slice has.
            unsafe {
                let sum = match to {
                    Before::Replaced => value,
                    Before::Added => _mm256_add_epi32(_mm256_loadu_si256(place.cast()), value),
                };
                _mm256_storeu_si256(place.cast(), sum);
            }
        }
    }
}

/// The codes of PAIR · LANES rows of a group, from `first` on.
#[inline]
#[target_feature(enable = "avx2")]
fn codes(group: &RightGroup, first: usize) -> [__m256i; PAIR] {
    let mut registers = [_mm256_setzero_si256(); PAIR];
    for (place, register) in registers.iter_mut().enumerate() {
        let rows: &[[u8; GROUP]; LANES] = group[first + place * LANES..]
            .first_chunk()
            .expect("RIGHT is a multiple");
        // SAFETY: LANES groups are 32 bytes.
        *register = unsafe { _mm256_loadu_si256(rows.as_ptr().cast()) };
    }
    registers
}

/// The codes of one row of a group, in every word.
#[inline]
#[target_feature(enable = "avx2")]
fn word(group: &LeftGroup, row: usize) -> __m256i {
    _mm256_set1_epi32(i32::from_ne_bytes(group[row].map(i8::cast_unsigned)))
}

#[target_feature(enable = "avx2,fma")]
fn survivors(
    sums: &[Sums],
    (left, thresholds): (&[LeftTerms], &[f32]),
    right: &RightTerms<'_>,
    masks: &mut [u32],
) {
    let rows = right.norms.len();
    for start in (0..rows).step_by(LANES) {
        let lanes = LANES.min(rows - start);
        let numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        let wanted = _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes as i32), numbers);
        // SAFETY: the lanes that are read are among the rows, and every term has as many.
        let (norms, scales, errors, sizes) = unsafe {
            (
                _mm256_maskload_ps(right.norms.as_ptr().add(start), wanted),
                _mm256_maskload_ps(right.scales.as_ptr().add(start), wanted),
                _mm256_maskload_ps(right.errors.as_ptr().add(start), wanted),
                _mm256_maskload_ps(right.sizes.as_ptr().add(start), wanted),
            )
        };
        for (((left, &threshold), sums), mask) in
            left.iter().zip(thresholds).zip(sums).zip(&mut *masks)
        {
            let sums: *const i32 = sums[start..][..LANES].as_ptr();
            // SAFETY: the slice has LANES sums.
            let sum = unsafe { _mm256_loadu_si256(sums.cast()) };
            let sum = _mm256_cvtepi32_ps(_mm256_sub_epi32(sum, _mm256_set1_epi32(left.offset)));
            let bound = _mm256_add_ps(_mm256_set1_ps(left.norm), norms);
            let product = _mm256_mul_ps(scales, sum);
            let bound = _mm256_fnmadd_ps(_mm256_set1_ps(left.scale), product, bound);
            let bound = _mm256_fnmadd_ps(_mm256_set1_ps(left.size), errors, bound);
            let bound = _mm256_fnmadd_ps(_mm256_set1_ps(left.error), sizes, bound);
            let survive = _mm256_cmp_ps::<_CMP_NGE_UQ>(bound, _mm256_set1_ps(threshold));
            let survive = _mm256_and_ps(survive, _mm256_castsi256_ps(wanted));
            *mask |= _mm256_movemask_ps(survive).cast_unsigned() << start;
        }
    }
}

/// The sums of a pair stay in a register; those of different pairs do not wait for one another.
#[target_feature(enable = "avx2,fma")]
pub(super) fn add_products_by_lane<const OF: usize>(
    left: &[&[f32; PIECE]; PAIRS],
    right: &[&[f32; PIECE]; PAIRS],
    sums: &mut [[f32; OF]; PAIRS],
) {
    // A left row that all pairs share is loaded once.
    if left.iter().all(|row| std::ptr::eq(*row, left[0])) {
        add_by_lane::<OF, true>(left, right, sums);
    } else {
        add_by_lane::<OF, false>(left, right, sums);
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_by_lane<const OF: usize, const ONE_LEFT: bool>(
    left: &[&[f32; PIECE]; PAIRS],
    right: &[&[f32; PIECE]; PAIRS],
    sums: &mut [[f32; OF]; PAIRS],
) {
    let mut registers = [_mm256_setzero_ps(); PAIRS];
    for (register, sums) in registers.iter_mut().zip(&*sums) {
        *register = loaded(sums);
    }
    let left = left.map(|row| row.as_chunks::<OF>().0);
    let right = right.map(|row| row.as_chunks::<OF>().0);
    for column in 0..PIECE / OF {
        let first = loaded(&left[0][column]);
        for (pair, register) in registers.iter_mut().enumerate() {
            let left = if ONE_LEFT {
                first
            } else {
                loaded(&left[pair][column])
            };
            *register = _mm256_fmadd_ps(left, loaded(&right[pair][column]), *register);
        }
    }
    for (register, sums) in registers.into_iter().zip(sums) {
        let mut lanes = [0.0_f32; LANES];
        // SAFETY: LANES values are written over as many.
        unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), register) };
        sums.copy_from_slice(&lanes[..OF]);
    }
}

/// OF values, zeros behind them.
#[inline]
#[target_feature(enable = "avx2")]
fn loaded<const OF: usize>(values: &[f32; OF]) -> __m256 {
    let values = values.as_ptr();
    // SAFETY: as many values are read as there are.
    unsafe {
        match OF {
            1 => _mm256_zextps128_ps256(_mm_load_ss(values)),
            2 => _mm256_zextps128_ps256(_mm_castpd_ps(_mm_load_sd(values.cast()))),
            4 => _mm256_zextps128_ps256(_mm_loadu_ps(values)),
            _ => _mm256_loadu_ps(values),
        }
    }
}
