//! The study's LID of one row of squared distances, plainly and fast.
//!
//! The formula: −1 / mean over i < k of `ln(dᵢ/(dₖ + ε) + ε)`, ε = 1e-12, in float32; an empty slot
//! enters as `FLT_MAX`. Squared distances make it half the LID of the distances themselves (ln d² =
//! 2 ln d).
//!
//! The fast form, for many k: Σ ln dᵢ − (k−1) ln dₖ from running float64 sums. It holds while ε
//! changes nothing in float32, that is for dₖ and ratios above 1e-4; a leading run of smaller
//! ratios (duplicates) is taken one by one, a smaller dₖ by the plain form, and so are rows of
//! nearly equal distances. With an empty k-th slot every filled ratio collapses to ln ε and every
//! empty one to ln(1 + ε) = 0. Agrees with the plain form to about 1e-7. Cost O(K) for all k.

use super::pairwise::row_mean;
use crate::corrected::sum_of_logarithms;

const EPSILON: f32 = 1e-12;
/// Above this, adding ε changes no float32 value (ε·2²⁴ = 1.7e-5).
const UNTOUCHED: f32 = 1e-4;
/// Nearest over k-th distance above which the plain form is taken.
const CONCENTRATED: f32 = 0.98;
/// Below this, d/`FLT_MAX` + ε rounds to ε.
const COLLAPSING: f32 = 1e18;

/// The formula as written, over all slots of a row, empty ones included as `FLT_MAX`. NaN for fewer
/// than two slots.
pub fn row_lid_plain(row: &[f32]) -> f32 {
    let Some((&last, others)) = row.split_last() else {
        return f32::NAN;
    };
    let scale = last + EPSILON;
    let logarithms: Vec<f32> = others
        .iter()
        .map(|&distance| (distance / scale + EPSILON).ln())
        .collect();
    -1.0 / row_mean(&logarithms)
}

/// The LID at one k of a row whose filled slots hold `filled` (squared, nearest first) and whose
/// other slots are empty.
pub fn row_lid(filled: &[f32], k: usize) -> f32 {
    let mut sum = RunningLogarithms::default();
    sum.lid(filled, k)
}

/// The LID at every k of `ks`, ascending: as [`row_lid`] for each, replacing the contents of
/// `lids`.
pub fn row_lids(filled: &[f32], ks: &[usize], lids: &mut Vec<f32>) {
    let mut sum = RunningLogarithms::default();
    lids.clear();
    lids.extend(ks.iter().map(|&k| sum.lid(filled, k)));
}

/// Σ ln d over the first `count` slots, zeros left out.
#[derive(Default)]
struct RunningLogarithms {
    count: usize,
    sum: f64,
}

impl RunningLogarithms {
    fn lid(&mut self, filled: &[f32], k: usize) -> f32 {
        match filled.get(..k) {
            None => lid_with_empty_last(filled, k),
            Some(row) if k < 2 || is_delicate(row) => row_lid_plain(row),
            Some(row) => self.lid_of_filled(row),
        }
    }

    fn lid_of_filled(&mut self, row: &[f32]) -> f32 {
        self.sum += sum_of_logarithms(&row[self.count..]);
        self.count = row.len();
        let last = row[row.len() - 1];
        let small = row
            .iter()
            .take_while(|&&distance| distance < UNTOUCHED * last)
            .count();
        let ratios_of_small: f64 = row[..small]
            .iter()
            .map(|&d| f64::from((d / last + EPSILON).ln()))
            .sum();
        let regular = self.sum - sum_of_logarithms(&row[..small]);
        let mean = (ratios_of_small + regular - (row.len() - small) as f64 * f64::from(last).ln())
            / (row.len() - 1) as f64;
        (-1.0 / mean) as f32
    }
}

/// Whether float32's own rounding shows: a distance that ε touches, or ratios all so near 1 that
/// their logarithms are mostly rounding (all equal among them, where `NumPy` gives −∞).
fn is_delicate(row: &[f32]) -> bool {
    let last = row[row.len() - 1];
    last < UNTOUCHED || row[0] > CONCENTRATED * last
}

fn lid_with_empty_last(filled: &[f32], k: usize) -> f32 {
    let term = |&distance: &f32| f64::from((distance / f32::MAX + EPSILON).ln());
    let sum = match filled.last() {
        Some(&largest) if largest > COLLAPSING => filled.iter().map(term).sum(),
        _ => filled.len() as f64 * f64::from(EPSILON.ln()),
    };
    // 0.0 + turns −0 into 0: no filled slot at all gives −∞, as in `NumPy`.
    (-1.0 / ((0.0 + sum) / (k - 1) as f64)) as f32
}
