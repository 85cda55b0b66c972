//! What every instruction set must offer, and the two small vocabularies it is generic over.
//!
//! A kernel is `Σ term(query[i], row[i])`. [`Term`] names the term, [`Stored`] the number type that
//! rows are kept in; both are markers that compile away. An [`InstructionSet`] is a token: a value
//! of the type exists only where a run-time check found the processor able, so holding one is the
//! proof that its kernels may run.

use std::fmt::Debug;

use half::f16;
use half::slice::HalfFloatSliceExt as _;

/// Which term a kernel sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TermKind {
    /// (a − b)²
    SquaredDifference,
    /// a·b
    Product,
}

/// A term at compile time.
pub(super) trait Term {
    /// The term's name, matched inside the kernels.
    const KIND: TermKind;
}

/// (a − b)²: the sum is the squared L2 distance.
pub(super) struct SquaredDifference;

impl Term for SquaredDifference {
    const KIND: TermKind = TermKind::SquaredDifference;
}

/// a·b: the sum is the inner product.
pub(super) struct Product;

impl Term for Product {
    const KIND: TermKind = TermKind::Product;
}

/// Which number type values are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredKind {
    /// 32-bit floats.
    F32,
    /// 16-bit floats, widened as they are read.
    F16,
}

/// A number type that vectors may be kept in: `f32`, or [`half::f16`], which takes half the memory.
///
/// # Safety
///
/// * `KIND` must name the implementing type: kernels cast `*const Self` by it.
#[expect(unsafe_code, reason = "kernels trust KIND when they cast pointers")]
pub unsafe trait Stored: Copy + Default + Debug + PartialEq + Send + Sync + 'static {
    /// The type's name, matched inside the kernels.
    const KIND: StoredKind;

    /// The value as a 32-bit float, exactly.
    fn widen(self) -> f32;

    /// Whether it is neither NaN nor infinite.
    fn is_finite(self) -> bool;

    /// Widens every value.
    ///
    /// # Panics
    /// If the slices differ in length.
    fn widen_all(values: &[Self], out: &mut [f32]);

    /// The values themselves, where they are 32-bit floats.
    fn as_f32(values: &[Self]) -> Option<&[f32]>;
}

// SAFETY: F32 names f32.
#[expect(unsafe_code, reason = "see the trait")]
unsafe impl Stored for f32 {
    const KIND: StoredKind = StoredKind::F32;

    #[inline]
    fn widen(self) -> f32 {
        self
    }

    #[inline]
    fn is_finite(self) -> bool {
        self.is_finite()
    }

    fn widen_all(values: &[Self], out: &mut [f32]) {
        out.copy_from_slice(values);
    }

    fn as_f32(values: &[Self]) -> Option<&[f32]> {
        Some(values)
    }
}

// SAFETY: F16 names half::f16, which is two bytes of IEEE binary16.
#[expect(unsafe_code, reason = "see the trait")]
unsafe impl Stored for f16 {
    const KIND: StoredKind = StoredKind::F16;

    #[inline]
    fn widen(self) -> f32 {
        self.to_f32()
    }

    #[inline]
    fn is_finite(self) -> bool {
        self.is_finite()
    }

    fn widen_all(values: &[Self], out: &mut [f32]) {
        values.convert_to_f32_slice(out);
    }

    fn as_f32(_values: &[Self]) -> Option<&[f32]> {
        None
    }
}

/// A token that proves an instruction set may run, with the kernels that run on it.
///
/// All slices of one call have one length; where they do not, the shortest counts.
pub(super) trait InstructionSet: Copy {
    /// What reports print.
    const NAME: &'static str;

    /// Sums that a kernel keeps side by side: each takes one value in this many, and one more of
    /// what is left over.
    const PARALLEL: usize;

    /// The token, where this processor has the instructions.
    fn detect() -> Option<Self>;

    /// Σ term(query, row), every value widened to a 32-bit float as it is read.
    fn sum<T: Term, Q: Stored, S: Stored>(self, query: &[Q], row: &[S]) -> f32;

    /// Σ term(query, row) for four rows, each the same bits as [`InstructionSet::sum`].
    fn sum_x4<T: Term, Q: Stored, S: Stored>(self, query: &[Q], rows: [&[S]; 4]) -> [f32; 4];

    /// Σ term(a, b) with every value widened to a 64-bit float first: the bits of
    /// [`sum_f64_by_lanes`] on every instruction set.
    fn sum_f64<T: Term>(self, a: &[f32], b: &[f32]) -> f64;

    /// Bit i says whether values\[i\] < bars\[i\]; of at most 64 values.
    fn below(self, values: &[f32], bars: &[f32]) -> u64;

    /// Bit i says whether values\[i\] < bar; of at most 64 values.
    fn under(self, values: &[u32], bar: u32) -> u64;

    /// Σ (a − b)² of whole numbers, exactly; up to 33,025 of them.
    fn sum_bytes(self, a: &[i8], b: &[i8]) -> u32;

    /// [`InstructionSet::sum_bytes`] of one query and four rows.
    fn sum_bytes_x4(self, query: &[i8], rows: [&[i8]; 4]) -> [u32; 4];

    /// Writes those of at most 64 values whose bits are set to `out`, in order; how many they are.
    fn keep(self, values: &[u32], mask: u64, out: &mut [u32]) -> usize;
}

/// Sums that every kernel in float64 keeps side by side: value i is added to sum i mod 32.
pub(super) const F64_LANES: usize = 32;

/// [`InstructionSet::sum_f64`], left to the compiler. Terms are multiplied, rounded and then added,
/// since a fused step would round a square of differences otherwise; the 32 sums are added in the
/// order of AVX-512's four registers of 8.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the caller's instruction set"
)]
pub(super) fn sum_f64_by_lanes<T: Term>(a: &[f32], b: &[f32]) -> f64 {
    let length = common_length(a, &[b]);
    let (a_blocks, a_tail) = a[..length].as_chunks::<F64_LANES>();
    let (b_blocks, b_tail) = b[..length].as_chunks::<F64_LANES>();
    let term = |a: f32, b: f32| {
        let (a, b) = (f64::from(a), f64::from(b));
        match T::KIND {
            TermKind::SquaredDifference => (a - b) * (a - b),
            TermKind::Product => a * b,
        }
    };
    let mut sums = [0.0; F64_LANES];
    for (a_block, b_block) in a_blocks.iter().zip(b_blocks) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a_block).zip(b_block) {
            *sum += term(a, b);
        }
    }
    for ((sum, &a), &b) in sums.iter_mut().zip(a_tail).zip(b_tail) {
        *sum += term(a, b);
    }
    let eight: [f64; 8] = std::array::from_fn(|lane| {
        (sums[lane] + sums[lane + 8]) + (sums[lane + 16] + sums[lane + 24])
    });
    let four: [f64; 4] = std::array::from_fn(|lane| eight[lane] + eight[lane + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// [`InstructionSet::below`] of whole vectors by `compare`, of the values left over one by one.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the caller's instruction set"
)]
pub(super) fn below_by<const LANES: usize>(
    values: &[f32],
    bars: &[f32],
    compare: impl Fn(&[f32; LANES], &[f32; LANES]) -> u64,
) -> u64 {
    debug_assert!(
        values.len() == bars.len() && values.len() <= 64,
        "{} values, {} bars",
        values.len(),
        bars.len()
    );
    let ((vectors, rest), (bar_vectors, bars_left)) = (values.as_chunks(), bars.as_chunks());
    let mut mask = 0;
    for (place, (values, bars)) in vectors.iter().zip(bar_vectors).enumerate() {
        mask |= compare(values, bars) << (place * LANES);
    }
    for (place, (value, bar)) in rest.iter().zip(bars_left).enumerate() {
        mask |= u64::from(value < bar) << (vectors.len() * LANES + place);
    }
    mask
}

/// [`InstructionSet::under`] of whole vectors by `compare`, of the values left over one by one.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the caller's instruction set"
)]
pub(super) fn under_by<const LANES: usize>(
    values: &[u32],
    bar: u32,
    compare: impl Fn(&[u32; LANES]) -> u64,
) -> u64 {
    debug_assert!(values.len() <= 64, "{} values", values.len());
    let (vectors, rest) = values.as_chunks();
    let mut mask = 0;
    for (place, values) in vectors.iter().enumerate() {
        mask |= compare(values) << (place * LANES);
    }
    for (place, &value) in rest.iter().enumerate() {
        mask |= u64::from(value < bar) << (vectors.len() * LANES + place);
    }
    mask
}

/// [`InstructionSet::keep`] of whole vectors by `compact`, which may overwrite all lanes; of the
/// values left over one by one.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the caller's instruction set"
)]
pub(super) fn keep_by<const LANES: usize>(
    values: &[u32],
    mask: u64,
    out: &mut [u32],
    compact: impl Fn(&[u32; LANES], u64, &mut [u32; LANES]),
) -> usize {
    debug_assert!(values.len() <= 64, "{} values", values.len());
    let out = &mut out[..values.len()];
    let (vectors, rest) = values.as_chunks();
    let mut kept = 0;
    for (place, values) in vectors.iter().enumerate() {
        let bits = (mask >> (place * LANES)) & (u64::MAX >> (64 - LANES));
        // No more are kept than were looked at, so that the lanes behind them are there.
        if let Some(out) = out[kept..].first_chunk_mut() {
            compact(values, bits, out);
        }
        kept += bits.count_ones() as usize;
    }
    for (place, &value) in rest.iter().enumerate() {
        out[kept] = value;
        kept += (mask >> (vectors.len() * LANES + place)) as usize & 1;
    }
    kept
}

/// [`InstructionSet::sum_bytes`], left to the compiler: sums of products of 16-bit numbers are one
/// instruction on most sets.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the caller's instruction set"
)]
pub(super) fn sum_bytes_by_any(a: &[i8], b: &[i8]) -> u32 {
    debug_assert_eq!(
        a.len(),
        b.len(),
        "kernel called with slices of different lengths"
    );
    let square = |(&a, &b): (&i8, &i8)| {
        let difference = i16::from(a) - i16::from(b);
        i32::from(difference) * i32::from(difference)
    };
    a.iter().zip(b).map(square).sum::<i32>().cast_unsigned()
}

/// The length that every slice of a call has, or the shortest one.
#[inline]
pub(super) fn common_length<Q, S>(query: &[Q], rows: &[&[S]]) -> usize {
    let mut length = query.len();
    for row in rows {
        debug_assert_eq!(
            query.len(),
            row.len(),
            "kernel called with slices of different lengths"
        );
        length = length.min(row.len());
    }
    length
}
