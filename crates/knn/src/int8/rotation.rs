//! A random rotation that spreads far values over the columns before rows are coded.
//!
//! Enters: a prepared row. Leaves: the row times a fixed orthogonal matrix; inner products stay.
//!
//! signs drawn by the column's number, then a Walsh–Hadamard transform of `length` values in each of `lanes`
//! interleaved groups: column i belongs to group i % lanes. Where the columns are no whole number of groups the last
//! ones are transformed, then the first `length`, which hold what is left.
//!
//! Cost d·log₂(length) additions. One far value of a row becomes `length` values that are √length times as
//! small, and the step of its codes with them.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the dispatched instruction set"
)]

use crate::gemm::UNIT;
use pulp::{Arch, NullaryFnOnce};

/// Values that a group may have: powers of 4, so that the root of each is exact.
const LENGTHS: [usize; 3] = [64, 16, 4];
/// Groups of columns that are worth a transform: additions fill much of a register.
const LEAST_LANES: usize = 6;

/// An orthogonal matrix that spreads far values of a row over its columns before they are coded: signs, then a
/// Walsh–Hadamard transform of interleaved groups of columns.
#[derive(Clone, Debug)]
pub struct Rotation {
    signs: Vec<f32>,
    length: usize,
    lanes: usize,
}

impl Rotation {
    /// One for rows of `columns` values; `None` for fewer than 24.
    pub fn new(columns: usize) -> Option<Self> {
        let length = LENGTHS
            .into_iter()
            .find(|length| columns / length >= LEAST_LANES)?;
        Some(Self {
            signs: (0..columns).map(sign).collect(),
            length,
            lanes: columns / length,
        })
    }

    /// Rotates `row` in place: d·log₂(length) additions, of at most 64 values a group.
    pub fn apply(&self, row: &mut [f32]) {
        Arch::new().dispatch(Rotate { by: self, row });
    }

    /// ‖computed − true rotated row‖ over the row's norm, at most: each stage rounds every value once, and
    /// later stages keep the norm of what is rounded off.
    pub fn relative_error(&self) -> f64 {
        let is_whole = self.signs.len() == self.length * self.lanes;
        let transforms = if is_whole { 1.0 } else { 2.0 };
        transforms * (f64::from(self.length.ilog2()) + 1.0) * UNIT
    }
}

/// −1 or 1, by SplitMix64 (Steele, Lea & Flood, OOPSLA 2014).
fn sign(column: usize) -> f32 {
    let mut mixed = (column as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    if (mixed ^ mixed >> 31) & 1 == 0 {
        1.0
    } else {
        -1.0
    }
}

struct Rotate<'r> {
    by: &'r Rotation,
    row: &'r mut [f32],
}

impl NullaryFnOnce for Rotate<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { by, row } = self;
        for (value, sign) in row.iter_mut().zip(&by.signs) {
            *value *= sign;
        }
        let whole = by.length * by.lanes;
        let rest = row.len() - whole;
        by.transform(&mut row[rest..], by.lanes);
        if rest > 0 {
            by.transform(&mut row[..by.length], 1);
        }
    }
}

impl Rotation {
    #[inline(always)]
    fn transform(&self, values: &mut [f32], lanes: usize) {
        let mut half = lanes;
        while half < values.len() {
            for pair in values.chunks_exact_mut(2 * half) {
                let (first, second) = pair.split_at_mut(half);
                for (a, b) in first.iter_mut().zip(second) {
                    (*a, *b) = (*a + *b, *a - *b);
                }
            }
            half *= 2;
        }
        // A power of two: exact but for values near the smallest.
        let scale = 1.0 / (self.length as f32).sqrt();
        for value in values {
            *value *= scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_vectors::kernels::dot_f64;

    fn rows(columns: usize) -> [Vec<f32>; 2] {
        let mut state = columns as u32;
        [(); 2].map(|()| {
            let draw = |_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1_u32 << 23) as f32 - 1.0
            };
            (0..columns).map(draw).collect()
        })
    }

    #[test]
    fn inner_products_stay_within_the_error() {
        for columns in [64, 65, 100, 384, 768, 1000, 2048] {
            let rotation = Rotation::new(columns).expect("columns enough");
            let [x, y] = rows(columns);
            let rotated = [&x, &y].map(|row| {
                let mut row = row.clone();
                rotation.apply(&mut row);
                row
            });
            let size = (dot_f64(&x, &x) * dot_f64(&y, &y)).sqrt();
            let moved = dot_f64(&rotated[0], &rotated[1]) - dot_f64(&x, &y);
            assert!(
                moved.abs() <= 2.1 * rotation.relative_error() * size,
                "{columns}: {moved} of {size}"
            );
        }
        assert!(Rotation::new(23).is_none());
    }

    #[test]
    fn a_far_value_is_spread() {
        let mut row = vec![0.0; 2048];
        row[2000] = 64.0;
        Rotation::new(2048).expect("columns enough").apply(&mut row);
        let largest = row
            .iter()
            .fold(0.0_f32, |most, value| most.max(value.abs()));
        assert_eq!(largest, 8.0);
        assert_eq!(row.iter().filter(|&&value| value != 0.0).count(), 64);
        // Columns that are no whole number of groups: one of the first, one of the last.
        for column in [0, 999] {
            let mut row = vec![0.0; 1000];
            row[column] = 64.0;
            Rotation::new(1000).expect("columns enough").apply(&mut row);
            assert!(row.iter().all(|value| value.abs() <= 16.0), "{column}");
        }
    }
}
