//! Sums over the first filled slots of an answer, advanced from one k to the next.
//!
//! Enters: the next slots, their distances ascending. Leaves: mean distance, relative error, LID
//! over all slots so far. Cost: O(1) per slot. Sums run in eight lanes in a fixed order.

use super::logarithms::sum_of_logarithms;
use super::{ExactSide, ReturnedSide};

const LANES: usize = 8;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Running {
    pub(super) filled: usize,
    pub(super) zeros: usize,
    pub(super) ranks_left_out: usize,
    distance_sum: f64,
    ratio_sum: f64,
    logarithm_sum: f64,
    smallest_positive: f32,
    largest: f32,
}

impl Running {
    /// Adds the filled slots up to `k`.
    pub(super) fn advance(&mut self, exact: &ExactSide, returned: ReturnedSide<'_>, k: usize) {
        let end = k.min(returned.distances().len());
        if end <= self.filled {
            return;
        }
        let slots = &returned.distances()[self.filled..end];
        self.add_ratios(exact, &returned.distances()[..end]);
        self.distance_sum += sum_of_distances(slots);
        self.logarithm_sum += sum_of_logarithms(slots);
        self.largest = slots[slots.len() - 1];
        if self.zeros == self.filled {
            self.pass_zeros(slots);
        }
        self.filled = end;
    }

    /// So far all was zero: counts on, up to the first positive distance.
    fn pass_zeros(&mut self, slots: &[f32]) {
        let zeros = slots.partition_point(|&distance| distance <= 0.0);
        self.zeros += zeros;
        self.smallest_positive = slots.get(zeros).copied().unwrap_or_default();
    }

    /// Ranks where the exact distance is 0 lead the list; only there can a ratio be without
    /// meaning.
    fn add_ratios(&mut self, exact: &ExactSide, returned: &[f32]) {
        let regular = exact.zeros(returned.len()).max(self.filled);
        let zeros = returned[self.filled..regular]
            .iter()
            .filter(|&&distance| distance <= 0.0)
            .count();
        self.ratio_sum += zeros as f64;
        self.ranks_left_out += regular - self.filled - zeros;
        self.ratio_sum += sum_of_ratios(
            &returned[regular..],
            &exact.distances()[regular..returned.len()],
        );
    }

    pub(super) fn mean_distance(&self) -> f64 {
        self.distance_sum / self.filled as f64
    }

    pub(super) fn relative_error(&self) -> f64 {
        self.ratio_sum / (self.filled - self.ranks_left_out) as f64 - 1.0
    }

    pub(super) fn lid(&self) -> f64 {
        let positive = self.filled - self.zeros;
        if positive < 2 || self.smallest_positive == self.largest {
            return f64::NAN;
        }
        (positive - 1) as f64
            / (positive as f64 * f64::from(self.largest).ln() - self.logarithm_sum)
    }
}

fn sum_of_distances(distances: &[f32]) -> f64 {
    let (chunks, rest) = distances.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in chunks {
        for (lane, &distance) in lanes.iter_mut().zip(chunk) {
            *lane += f64::from(distance);
        }
    }
    rest.iter().fold(sum_of_lanes(lanes), |sum, &distance| {
        sum + f64::from(distance)
    })
}

/// Σ returned/exact over slices of one length, exact > 0.
fn sum_of_ratios(returned: &[f32], exact: &[f32]) -> f64 {
    let ratio = |(&a, &e): (&f32, &f32)| f64::from(a) / f64::from(e);
    let ((a_chunks, a_rest), (e_chunks, e_rest)) =
        (returned.as_chunks::<LANES>(), exact.as_chunks::<LANES>());
    let mut lanes = [0.0; LANES];
    for pair in a_chunks.iter().zip(e_chunks) {
        for (lane, values) in lanes.iter_mut().zip(pair.0.iter().zip(pair.1)) {
            *lane += ratio(values);
        }
    }
    a_rest
        .iter()
        .zip(e_rest)
        .map(ratio)
        .fold(sum_of_lanes(lanes), |sum, ratio| sum + ratio)
}

fn sum_of_lanes([a, b, c, d, e, f, g, h]: [f64; LANES]) -> f64 {
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}
