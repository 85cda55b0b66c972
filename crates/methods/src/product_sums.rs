//! Distances of product codes: entries of a table, added up in the order of FAISS's kernels.
//!
//! Enters: a table of M × 2^bits entries and the numbers of codes. Leaves: their sums.
//!
//! for each code                                   16 numbers and more of 8 bits
//!   for each 16 groups of columns                 entries in 8 (AVX2) or 16 (AVX-512) running sums
//!   halve the sums down to one, add the rest
//!
//! Tables of 8 bits have 256 entries a group, so that no number needs a check. Numbers of other
//! sizes are added one after the other, as FAISS does.
//!
//! Source: faiss 1.15 `impl/pq_code_distance/*`. Cost: one load and one addition a number.

#![expect(
    clippy::inline_always,
    reason = "runs inside a dispatch, whose instructions only inlined code gets"
)]

use crate::codes::ProductQuantizer;
use annatomy_hnsw::import::SavedIndexError;
use annatomy_hnsw::import::faiss_file::{Level, reserved};

/// Entries of a group of columns whose numbers have 8 bits.
const ENTRIES: usize = 256;

/// Numbers that are added up at once.
const TOGETHER: usize = 16;

/// The numbers of product codes, M a row.
#[derive(Debug)]
pub(crate) enum Numbers {
    /// Of 8 bits.
    Bytes(Vec<u8>),
    /// Of other sizes.
    Words(Vec<u16>),
}

impl Numbers {
    /// The numbers of `codes`, in their order.
    pub(crate) fn new<'c>(
        quantizer: &ProductQuantizer,
        rows: usize,
        codes: impl Iterator<Item = &'c [u8]>,
    ) -> Result<Self, SavedIndexError> {
        let total = rows * quantizer.parts;
        if quantizer.bits == 8 {
            let mut bytes = reserved("the numbers of codes", total)?;
            codes.for_each(|code| bytes.extend_from_slice(code));
            return Ok(Self::Bytes(bytes));
        }
        let mut words = reserved("the numbers of codes", total)?;
        for code in codes {
            words.extend(quantizer.numbers(code));
        }
        Ok(Self::Words(words))
    }

    /// The entries of one code's numbers, added up.
    #[inline(always)]
    pub(crate) fn sum(
        &self,
        quantizer: &ProductQuantizer,
        table: &[f32],
        row: usize,
        level: Level,
    ) -> f32 {
        let (begin, end) = (row * quantizer.parts, (row + 1) * quantizer.parts);
        match self {
            Self::Bytes(bytes) => sum_of_bytes(table.as_chunks().0, &bytes[begin..end], level),
            Self::Words(words) => sum_of_words(quantizer.bits, table, &words[begin..end]),
        }
    }
}

/// The sum of a code with numbers of 8 bits.
#[inline(always)]
fn sum_of_bytes(table: &[[f32; ENTRIES]], code: &[u8], level: Level) -> f32 {
    let (tables, rest) = table.as_chunks::<TOGETHER>();
    let (groups, numbers) = code.as_chunks::<TOGETHER>();
    let at = |part: usize| table[part][usize::from(code[part])];
    let sum = match level {
        Level::Avx2 if code.len() == 4 => return (at(0) + at(2)) + (at(1) + at(3)),
        Level::Avx2 if code.len() == 8 => {
            return halved([at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)]);
        }
        Level::Avx2 if !groups.is_empty() => sum_in_eight(tables, groups),
        Level::Avx512 if !groups.is_empty() => sum_in_sixteen(tables, groups),
        _ => return one_by_one(0.0, table, code),
    };
    one_by_one(sum, rest, numbers)
}

/// Adds the entries of `code` to `sum`, one after the other.
#[inline(always)]
fn one_by_one(sum: f32, table: &[[f32; ENTRIES]], code: &[u8]) -> f32 {
    let mut sum = sum;
    for (entries, &number) in table.iter().zip(code) {
        sum += entries[usize::from(number)];
    }
    sum
}

#[inline(always)]
fn sum_in_eight(tables: &[[[f32; ENTRIES]; TOGETHER]], groups: &[[u8; TOGETHER]]) -> f32 {
    let mut sums = [0.0; 8];
    for (tables, numbers) in tables.iter().zip(groups) {
        for lane in 0..TOGETHER {
            sums[lane % 8] += tables[lane][usize::from(numbers[lane])];
        }
    }
    halved(sums)
}

#[inline(always)]
fn sum_in_sixteen(tables: &[[[f32; ENTRIES]; TOGETHER]], groups: &[[u8; TOGETHER]]) -> f32 {
    let mut sums = [0.0; TOGETHER];
    for (tables, numbers) in tables.iter().zip(groups) {
        for lane in 0..TOGETHER {
            sums[lane] += tables[lane][usize::from(numbers[lane])];
        }
    }
    let mut eight = [0.0; 8];
    for lane in 0..8 {
        eight[lane] = sums[lane] + sums[lane + 8];
    }
    halved(eight)
}

#[inline(always)]
fn halved(sums: [f32; 8]) -> f32 {
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// The sum of a code with numbers of `bits` bits.
#[inline(always)]
fn sum_of_words(bits: usize, table: &[f32], numbers: &[u16]) -> f32 {
    let mut sum = 0.0;
    for (entries, &number) in table.chunks_exact(1 << bits).zip(numbers) {
        sum += entries[usize::from(number)];
    }
    sum
}
