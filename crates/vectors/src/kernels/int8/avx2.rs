//! The kernels on AVX2: codes widened to 16 bits, since `vpmaddubsw` saturates sums of full 8-bit
//! codes. `vpmaddwd` multiplies 16 pairs of them and adds them in twos.
//!
//! A word of four codes c0 c1 c2 c3 becomes two words of two: (c0, c2) and (c1, c3). Left words are
//! widened once for all of a right panel, right words in registers.

#![expect(
    unsafe_code,
    reason = "vector loads from raw pointers, and calls that need a proven instruction set"
)]

use super::{
    BATCH, BATCHES, Batches, GROUP, LEFT, LeftGroup, LeftTerms, RIGHT, RightGroup, RightTerms, Sums,
};
use std::arch::x86_64::*;

const LANES: usize = 8;
/// Left rows whose sums stay in registers, of PAIR right registers.
const ROWS: usize = 4;
const PAIR: usize = 2;
/// Groups of columns that are widened at a time: their words stay in the first cache.
const CHUNK: usize = 64;
/// Columns transposed at a time.
const QUAD: usize = 4;

const _: () = assert!(LEFT.is_multiple_of(ROWS) && RIGHT.is_multiple_of(PAIR * LANES));

/// Of a group, the words (c0, c2) and the words (c1, c3) of every left row.
type Widened = [[i32; LEFT]; 2];

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

    pub(super) fn add_products(self, left: &[LeftGroup], right: &[RightGroup], sums: &mut Sums) {
        for (left, right) in left.chunks(CHUNK).zip(right.chunks(CHUNK)) {
            // SAFETY: the token proves the instructions.
            unsafe { add_chunk(left, right, sums) }
        }
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

/// As [`Avx2::add_products`], of at most CHUNK groups.
#[target_feature(enable = "avx2")]
fn add_chunk(left: &[LeftGroup], right: &[RightGroup], sums: &mut Sums) {
    let mut widened = [[[0; LEFT]; 2]; CHUNK];
    for (group, [even, odd]) in left.iter().zip(&mut widened) {
        for ((row, even), odd) in group.iter().zip(even).zip(odd) {
            let [c0, c1, c2, c3] = row.map(i32::from);
            *even = c0 & 0xffff | c2 << 16;
            *odd = c1 & 0xffff | c3 << 16;
        }
    }
    let widened = &widened[..left.len()];
    for first in (0..RIGHT).step_by(PAIR * LANES) {
        for (tile, sums) in sums.as_chunks_mut::<ROWS>().0.iter_mut().enumerate() {
            add_tile(widened, tile * ROWS, right, first, sums);
        }
    }
}

/// Adds the products of ROWS left rows from `row` on with PAIR · LANES right rows from `first` on.
#[inline]
#[target_feature(enable = "avx2")]
fn add_tile(
    left: &[Widened],
    row: usize,
    right: &[RightGroup],
    first: usize,
    sums: &mut [[i32; RIGHT]; ROWS],
) {
    let low_bytes = _mm256_set1_epi16(0x00ff);
    let mut registers = [[_mm256_setzero_si256(); PAIR]; ROWS];
    for ([even, odd], right) in left.iter().zip(right) {
        let mut evens = [_mm256_setzero_si256(); PAIR];
        let mut odds = evens;
        for (register, (evens, odds)) in evens.iter_mut().zip(&mut odds).enumerate() {
            let rows: &[[u8; GROUP]; LANES] = right[first + register * LANES..]
                .first_chunk()
                .expect("RIGHT is a multiple");
            // SAFETY: LANES groups are 32 bytes.
            let codes = unsafe { _mm256_loadu_si256(rows.as_ptr().cast()) };
            *evens = _mm256_and_si256(codes, low_bytes);
            *odds = _mm256_srli_epi16::<8>(codes);
        }
        for (place, sums) in registers.iter_mut().enumerate() {
            let even = _mm256_set1_epi32(even[row + place]);
            let odd = _mm256_set1_epi32(odd[row + place]);
            for ((sum, &evens), &odds) in sums.iter_mut().zip(&evens).zip(&odds) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(evens, even));
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(odds, odd));
            }
        }
    }
    for (sums, registers) in sums.iter_mut().zip(registers) {
        for (register, value) in registers.into_iter().enumerate() {
            let sums = &mut sums[first + register * LANES..][..LANES];
            let place: *mut i32 = sums.as_mut_ptr();
            // SAFETY: LANES numbers are read and written, as many as the slice has.
            unsafe {
                let before = _mm256_loadu_si256(place.cast());
                _mm256_storeu_si256(place.cast(), _mm256_add_epi32(before, value));
            }
        }
    }
}

#[target_feature(enable = "avx2,fma")]
fn survivors(
    sums: &Sums,
    (left, thresholds): (&[LeftTerms], &[f32]),
    right: &RightTerms<'_>,
    masks: &mut [u32; LEFT],
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

/// Columns of LANES rows are transposed, on both sides, so that a register holds one column of all of
/// them; the sums of different rows do not wait for one another.
///
/// # Safety
/// All rows are of one length.
#[target_feature(enable = "avx2,fma")]
unsafe fn products_in_order(left: &Batches<&[f32]>, right: &Batches<&[f32]>) -> Batches<f32> {
    const SUMS: usize = BATCH * BATCHES / LANES;
    let columns = left[0][0].len();
    let whole = columns - columns % QUAD;
    let lefts: &[[&[f32]; LANES]] = left.as_flattened().as_chunks().0;
    let rights: &[[&[f32]; LANES]] = right.as_flattened().as_chunks().0;
    let mut sums = [_mm256_setzero_ps(); SUMS];
    for start in (0..whole).step_by(QUAD) {
        for ((left, right), sum) in lefts.iter().zip(rights).zip(&mut sums) {
            // SAFETY: QUAD values from `start` on are in every row.
            let (left, right) = unsafe { (transposed(left, start), transposed(right, start)) };
            for (left, right) in left.into_iter().zip(right) {
                *sum = _mm256_fmadd_ps(left, right, *sum);
            }
        }
    }
    let mut products = [[0.0; BATCH]; BATCHES];
    let places = products.as_flattened_mut().as_chunks_mut::<LANES>().0;
    for (products, sum) in places.iter_mut().zip(sums) {
        // SAFETY: LANES values are written over as many.
        unsafe { _mm256_storeu_ps(products.as_mut_ptr(), sum) };
    }
    let rows = left.as_flattened().iter().zip(right.as_flattened());
    for (product, (left, right)) in products.as_flattened_mut().iter_mut().zip(rows) {
        for (left, right) in left[whole..].iter().zip(&right[whole..]) {
            *product = left.mul_add(*right, *product);
        }
    }
    products
}

/// Four columns of LANES rows, a register each.
///
/// # Safety
/// The rows hold columns `start..start + 4`.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn transposed(rows: &[&[f32]; LANES], start: usize) -> [__m256; QUAD] {
    // Half i of quads[j] holds the columns of row 4·i + j.
    let mut quads = [_mm256_setzero_ps(); QUAD];
    for (place, quad) in quads.iter_mut().enumerate() {
        // SAFETY: as promised.
        unsafe {
            let at = |row: usize| rows[row + place].as_ptr().add(start);
            let (low, high) = (at(0), at(4));
            *quad = _mm256_castps128_ps256(_mm_loadu_ps(low));
            *quad = _mm256_insertf128_ps::<1>(*quad, _mm_loadu_ps(high));
        }
    }
    let [a, b, c, d] = quads;
    let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    let (low_too, high_too) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
    let (low, high) = (_mm256_castps_pd(low), _mm256_castps_pd(high));
    let (low_too, high_too) = (_mm256_castps_pd(low_too), _mm256_castps_pd(high_too));
    [
        _mm256_castpd_ps(_mm256_unpacklo_pd(low, low_too)),
        _mm256_castpd_ps(_mm256_unpackhi_pd(low, low_too)),
        _mm256_castpd_ps(_mm256_unpacklo_pd(high, high_too)),
        _mm256_castpd_ps(_mm256_unpackhi_pd(high, high_too)),
    ]
}
