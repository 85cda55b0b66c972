//! Inverse DCT of an 8 × 8 block, in libjpeg's accurate integers; zigzag order.
//!
//! Input: 64 coefficients, not yet multiplied by their quantizers. Output: 64 samples of 0..=255.
//!
//! columns into 32 bits with 2 extra bits of precision, then rows; constants of 13 bits
//!
//! Source: Loeffler, Ligtenberg & Moschytz 1989 as in libjpeg's jidctint.c, whose every rounding is
//! kept.

/// A block in natural order.
pub(super) type Block = [i16; 64];

/// Zigzag order to natural order.
const NATURAL: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Place of the coefficient that comes `index`-th.
#[inline]
pub(super) fn natural(index: usize) -> usize {
    NATURAL[index & 63]
}

const CONSTANT_BITS: u32 = 13;
const EXTRA_BITS: u32 = 2;

const C0_298631336: i32 = 2446;
const C0_390180644: i32 = 3196;
const C0_541196100: i32 = 4433;
const C0_765366865: i32 = 6270;
const C0_899976223: i32 = 7373;
const C1_175875602: i32 = 9633;
const C1_501321110: i32 = 12299;
const C1_847759065: i32 = 15137;
const C1_961570560: i32 = 16069;
const C2_053119869: i32 = 16819;
const C2_562915447: i32 = 20995;
const C3_072711026: i32 = 25172;

/// Samples of a block, row by row.
pub(super) fn samples(block: &Block, quantizers: &[u16; 64]) -> [u8; 64] {
    if block[1..].iter().all(|&coefficient| coefficient == 0) {
        let flat = i32::from(block[0])
            .wrapping_mul(quantizers[0].into())
            .wrapping_shl(EXTRA_BITS);
        return [sample(descale(flat, EXTRA_BITS + 3)); 64];
    }
    let mut columns = [0i32; 64];
    for column in 0..8 {
        let input = std::array::from_fn(|row| {
            i32::from(block[row * 8 + column]).wrapping_mul(quantizers[row * 8 + column].into())
        });
        for (row, value) in transform(input, CONSTANT_BITS - EXTRA_BITS)
            .into_iter()
            .enumerate()
        {
            columns[row * 8 + column] = value;
        }
    }
    let mut samples = [0; 64];
    for (row, samples) in columns
        .as_chunks::<8>()
        .0
        .iter()
        .zip(samples.as_chunks_mut::<8>().0)
    {
        *samples = transform(*row, CONSTANT_BITS + EXTRA_BITS + 3).map(sample);
    }
    samples
}

fn sample(value: i32) -> u8 {
    value.saturating_add(128).clamp(0, 255) as u8
}

fn descale(value: i32, bits: u32) -> i32 {
    value.wrapping_add(1 << (bits - 1)) >> bits
}

/// Eight values one way. Wild coefficients wrap instead of overflowing.
#[inline]
fn transform(input: [i32; 8], bits: u32) -> [i32; 8] {
    let times = i32::wrapping_mul;
    let sum = i32::wrapping_add;
    let less = i32::wrapping_sub;
    // The even part.
    let shared = times(sum(input[2], input[6]), C0_541196100);
    let even_2 = less(shared, times(input[6], C1_847759065));
    let even_3 = sum(shared, times(input[2], C0_765366865));
    let even_0 = sum(input[0], input[4]).wrapping_shl(CONSTANT_BITS);
    let even_1 = less(input[0], input[4]).wrapping_shl(CONSTANT_BITS);
    let even = [
        sum(even_0, even_3),
        sum(even_1, even_2),
        less(even_1, even_2),
        less(even_0, even_3),
    ];
    // The odd part.
    let [a, b, c, d] = [input[7], input[5], input[3], input[1]];
    let turn = times(sum(sum(a, c), sum(b, d)), C1_175875602);
    let z1 = times(sum(a, d), -C0_899976223);
    let z2 = times(sum(b, c), -C2_562915447);
    let z3 = sum(times(sum(a, c), -C1_961570560), turn);
    let z4 = sum(times(sum(b, d), -C0_390180644), turn);
    let odd = [
        sum(times(d, C1_501321110), sum(z1, z4)),
        sum(times(c, C3_072711026), sum(z2, z3)),
        sum(times(b, C2_053119869), sum(z2, z4)),
        sum(times(a, C0_298631336), sum(z1, z3)),
    ];
    std::array::from_fn(|index| {
        let value = if index < 4 {
            sum(even[index], odd[index])
        } else {
            less(even[7 - index], odd[7 - index])
        };
        descale(value, bits)
    })
}
