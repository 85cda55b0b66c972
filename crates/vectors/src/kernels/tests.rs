//! Every instruction set against the simplest possible oracle.
//!
//! The oracle widens to f64 and adds in order; the bound is the one the module states. An
//! instruction set that this processor lacks is skipped with a line on stderr.
//! `ANNATOMY_REQUIRE_SIMD=1` makes every skip a failure, and a list of names (`avx2+fma,avx512f`)
//! those that it names.

use half::f16;
use half::slice::HalfFloatSliceExt as _;

use super::instruction_set::{
    InstructionSet, Product, SquaredDifference, Stored, Term, TermKind, sum_f64_by_lanes,
};
use super::scalar::Scalar;

const LENGTHS: std::ops::RangeInclusive<usize> = 0..=130;
const LONG: [usize; 3] = [784, 2047, 2048];
const OFFSETS: std::ops::Range<usize> = 0..8;

/// Uniform numbers in −1..1 from a 64-bit linear congruential generator (Knuth's MMIX constants).
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn term<T: Term>(a: f32, b: f32) -> f64 {
    let (a, b) = (f64::from(a), f64::from(b));
    match T::KIND {
        TermKind::SquaredDifference => (a - b) * (a - b),
        TermKind::Product => a * b,
    }
}

/// The sum and the sum of absolute terms, added in order.
fn oracle<T: Term, S: Stored>(query: &[f32], row: &[S]) -> (f64, f64) {
    let terms = query
        .iter()
        .zip(row)
        .map(|(&a, &b)| term::<T>(a, b.widen()));
    terms.fold((0.0, 0.0), |(sum, size), term| {
        (sum + term, size + term.abs())
    })
}

#[track_caller]
fn assert_close<T: Term, S: Stored>(found: f64, unit: f64, query: &[f32], row: &[S]) {
    let (exact, size) = oracle::<T, S>(query, row);
    let bound = 1.01 * (query.len() as f64 + 2.0) * unit * size;
    // The oracle itself rounds in f64; twice its own bound covers both sides.
    let bound = bound + 1.01 * (query.len() as f64 + 2.0) * 2.0_f64.powi(-53) * size;
    assert!(
        (found - exact).abs() <= bound,
        "{} columns: {found} is not {exact} ± {bound}",
        query.len()
    );
}

fn check_rows<I: InstructionSet, T: Term, S: Stored>(set: I, convert: impl Fn(&[f32]) -> Vec<S>) {
    let unit = 2.0_f64.powi(-24);
    let query_pool = numbers(2048 + 8, 1);
    let pools: Vec<Vec<S>> = (2..6)
        .map(|seed| convert(&numbers(2048 + 8, seed)))
        .collect();
    for length in LENGTHS.chain(LONG) {
        for offset in OFFSETS {
            let query = &query_pool[offset..offset + length];
            let rows: [&[S]; 4] = std::array::from_fn(|row| {
                let start = (offset + row) % 8;
                &pools[row][start..start + length]
            });
            let singles = rows.map(|row| set.sum::<T, f32, S>(query, row));
            for (single, row) in singles.iter().zip(rows) {
                assert_close::<T, S>(f64::from(*single), unit, query, row);
            }
            assert_eq!(
                set.sum_x4::<T, f32, S>(query, rows),
                singles,
                "a batch is its members, {length} columns"
            );
            let wide = rows.map(|row| row.iter().map(|value| value.widen()).collect::<Vec<f32>>());
            let widened = wide
                .each_ref()
                .map(|row| set.sum::<T, f32, f32>(query, row));
            assert_eq!(
                widened, singles,
                "widened before or while it is read, {length} columns"
            );
            let [first, second, ..] = rows;
            let both = set.sum::<T, f32, f32>(&wide[0], &wide[1]);
            assert_eq!(
                set.sum::<T, S, S>(first, second),
                both,
                "two rows as they are kept, {length} columns"
            );
        }
    }
}

fn check_symmetry_and_f64<I: InstructionSet, T: Term>(set: I) {
    let (a_pool, b_pool) = (numbers(2048 + 8, 7), numbers(2048 + 8, 8));
    for length in LENGTHS.chain(LONG) {
        for offset in OFFSETS {
            let (a, b) = (
                &a_pool[offset..offset + length],
                &b_pool[7 - offset..7 - offset + length],
            );
            assert_eq!(set.sum::<T, f32, f32>(a, b), set.sum::<T, f32, f32>(b, a));
            assert_eq!(set.sum_f64::<T>(a, b), set.sum_f64::<T>(b, a));
            assert_close::<T, f32>(set.sum_f64::<T>(a, b), 2.0_f64.powi(-53), a, b);
            assert_eq!(
                set.sum_f64::<T>(a, b).to_bits(),
                sum_f64_by_lanes::<T>(a, b).to_bits(),
                "{length} columns: the same bits on every instruction set"
            );
        }
    }
}

fn check_below<I: InstructionSet>(set: I) {
    let (mut values, mut bars) = (numbers(64, 3), numbers(64, 4));
    bars[9] = values[9];
    (values[17], bars[33]) = (f32::NAN, f32::INFINITY);
    for length in 0..=64 {
        let mask = set.below(&values[..length], &bars[..length]);
        for place in 0..64 {
            let expected = place < length && values[place] < bars[place];
            assert_eq!(
                mask >> place & 1 == 1,
                expected,
                "value {place} of {length}"
            );
        }
    }
}

fn check_under_and_keep<I: InstructionSet>(set: I) {
    let bits = |value: f32| value.to_bits();
    let values: Vec<u32> = numbers(64, 5)
        .into_iter()
        .map(bits)
        .chain([0, u32::MAX, 7])
        .collect();
    for length in 0..=64 {
        let values = &values[67 - length..];
        for bar in [
            0,
            1,
            7,
            8,
            1 << 31,
            values.first().copied().unwrap_or(0),
            u32::MAX,
        ] {
            let mask = set.under(values, bar);
            let expected: Vec<u32> = values
                .iter()
                .copied()
                .filter(|&value| value < bar)
                .collect();
            assert!((0..64).all(|place| (mask >> place & 1 == 1)
                == values.get(place).is_some_and(|&value| value < bar)));
            // Bits beyond the values mean nothing.
            let beyond = if length < 64 { u64::MAX << length } else { 0 };
            for mask in [mask, mask | beyond] {
                let mut out = vec![9; length + 1];
                let kept = set.keep(values, mask, &mut out);
                assert_eq!(out[..kept], expected, "{length} values under {bar}");
                assert_eq!(out[length], 9, "what lies behind is not touched");
            }
        }
    }
}

fn check_bytes<I: InstructionSet>(set: I) {
    let bytes = |seed: u64| {
        numbers(33_025, seed)
            .into_iter()
            .map(|value| (value * 128.0) as i8)
            .collect::<Vec<_>>()
    };
    let (a, b, all) = (bytes(9), bytes(10), bytes(11));
    for length in LENGTHS.chain(LONG) {
        for offset in OFFSETS {
            let (a, b) = (
                &a[offset..offset + length],
                &b[7 - offset..7 - offset + length],
            );
            let square = |(&a, &b): (&i8, &i8)| (i64::from(a) - i64::from(b)).pow(2);
            assert_eq!(
                i64::from(set.sum_bytes(a, b)),
                a.iter().zip(b).map(square).sum::<i64>(),
                "{length} bytes"
            );
            let rows = [0, 1, 5, 7].map(|first| &all[first..first + length]);
            assert_eq!(
                set.sum_bytes_x4(a, rows),
                rows.map(|row| set.sum_bytes(a, row)),
                "{length} bytes of four rows"
            );
        }
    }
    let (lowest, highest) = (vec![i8::MIN; a.len()], vec![i8::MAX; a.len()]);
    assert_eq!(
        set.sum_bytes(&lowest, &highest),
        255 * 255 * 33_025,
        "the largest sum"
    );
}

fn check<I: InstructionSet>() {
    let Some(set) = I::detect() else {
        let required = std::env::var("ANNATOMY_REQUIRE_SIMD").unwrap_or_default();
        let named = required
            .split(',')
            .any(|name| name == "1" || name == I::NAME);
        assert!(
            !named,
            "ANNATOMY_REQUIRE_SIMD={required}, and this processor has no {}",
            I::NAME
        );
        eprintln!("skipped: this processor has no {}", I::NAME);
        return;
    };
    let to_f16 = |values: &[f32]| -> Vec<f16> {
        let mut halves = vec![f16::ZERO; values.len()];
        halves.convert_from_f32_slice(values);
        halves
    };
    check_rows::<I, SquaredDifference, f32>(set, <[f32]>::to_vec);
    check_rows::<I, Product, f32>(set, <[f32]>::to_vec);
    check_rows::<I, SquaredDifference, f16>(set, to_f16);
    check_rows::<I, Product, f16>(set, to_f16);
    check_symmetry_and_f64::<I, SquaredDifference>(set);
    check_symmetry_and_f64::<I, Product>(set);
    check_below(set);
    check_under_and_keep(set);
    check_bytes(set);
    assert_eq!(
        set.sum::<SquaredDifference, f32, f32>(&[1.0; 40], &[1.0; 40]),
        0.0
    );
    assert!(
        set.sum::<Product, f32, f32>(&[f32::NAN; 9], &[1.0; 9])
            .is_nan()
    );
}

#[test]
fn scalar_agrees_with_the_oracle() {
    check::<Scalar>();
}

#[cfg(target_arch = "x86_64")]
#[test]
fn avx2_agrees_with_the_oracle() {
    check::<super::avx2::Avx2>();
}

#[cfg(target_arch = "x86_64")]
#[test]
fn avx512_agrees_with_the_oracle() {
    check::<super::avx512::Avx512>();
}

#[cfg(target_arch = "aarch64")]
#[test]
fn neon_agrees_with_the_oracle() {
    check::<super::neon::Neon>();
}

/// The promised error is what exact neighbors are certified by.
#[test]
fn squared_distances_are_as_exact_as_promised() {
    let (a_pool, b_pool) = (numbers(2048, 11), numbers(2048, 12));
    for length in (1..=130).chain(LONG) {
        let near: Vec<f32> = a_pool
            .iter()
            .zip(&b_pool)
            .map(|(a, b)| a + 1e-3 * b)
            .collect();
        for other in [&b_pool, &near] {
            let (a, b) = (&a_pool[..length], &other[..length]);
            let exact = super::l2_squared_f64(a, b);
            let bound = super::detected().l2_squared_relative_error(length) * exact * (1.0 + 1e-12);
            assert!(
                (f64::from(super::l2_squared(a, b)) - exact).abs() <= bound,
                "{length} columns"
            );
        }
    }
}

#[test]
fn dispatch_names_its_choice_and_prefetch_changes_nothing() {
    assert!(["scalar", "avx2+fma", "avx512f", "neon"].contains(&super::instructions()));
    let row = numbers(100, 3);
    super::prefetch(&row);
    super::prefetch::<f32>(&[]);
    super::prefetch_whole(&row);
    assert!(super::prefetches_whole::<f32>(128) && !super::prefetches_whole::<f32>(129));
    assert!(super::prefetches_whole::<f16>(256) && !super::prefetches_whole::<f16>(257));
    assert_eq!(super::l2_squared(&row, &row), 0.0);
    assert_eq!(super::dot(&[1.0_f32, 2.0], &[3.0_f32, 4.0]), 11.0);
    assert_eq!(super::dot_f64(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
    assert_eq!(super::l2_squared_f64(&[1.0, 2.0], &[3.0, 4.0]), 8.0);
}
