//! Sums over the first filled slots of an answer, advanced from one k to the next.
//!
//! Enters: the next slots. Leaves: mean distance, relative error, LID over all slots so far.
//! Cost: O(1) per slot, one `ln` per eight slots. Sums run in four lanes in a fixed order.

use super::logarithms::sum_of_logarithms;
use super::{ExactSide, ReturnedSide};

const LANES: usize = 4;

#[derive(Clone, Copy, Debug)]
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
    pub(super) fn new() -> Self {
        Self {
            filled: 0,
            zeros: 0,
            ranks_left_out: 0,
            distance_sum: 0.0,
            ratio_sum: 0.0,
            logarithm_sum: 0.0,
            smallest_positive: f32::INFINITY,
            largest: 0.0,
        }
    }

    /// Takes the slots up to `k`, as far as they are filled.
    pub(super) fn advance(&mut self, exact: &ExactSide, returned: ReturnedSide<'_>, k: usize) {
        let end = k.min(returned.distances().len());
        if end <= self.filled {
            return;
        }
        let slots = &returned.distances()[self.filled..end];
        self.add_ratios(exact, &returned.distances()[..end]);
        self.distance_sum += sum_in_lanes(slots, |_, distance| f64::from(distance));
        self.logarithm_sum += sum_of_logarithms(slots);
        self.zeros += slots.iter().filter(|&&distance| distance <= 0.0).count();
        for &distance in slots {
            self.largest = self.largest.max(distance);
            self.smallest_positive = self.smallest_positive.min(if distance > 0.0 { distance } else { f32::INFINITY });
        }
        self.filled = end;
    }

    /// Ranks where the exact distance is 0 lead the list; only there can a ratio be without meaning.
    fn add_ratios(&mut self, exact: &ExactSide, returned: &[f32]) {
        let regular = exact.zeros(returned.len()).max(self.filled);
        for &distance in &returned[self.filled..regular] {
            if distance <= 0.0 {
                self.ratio_sum += 1.0;
            } else {
                self.ranks_left_out += 1;
            }
        }
        let exact = &exact.distances()[regular..returned.len()];
        self.ratio_sum += sum_in_lanes(&returned[regular..], |i, distance| f64::from(distance) / f64::from(exact[i]));
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
        (positive - 1) as f64 / (positive as f64 * f64::from(self.largest).ln() - self.logarithm_sum)
    }
}

fn sum_in_lanes(values: &[f32], term: impl Fn(usize, f32) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let whole = values.len() - values.len() % LANES;
    for start in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            lanes[lane] += term(start + lane, values[start + lane]);
        }
    }
    let rest: f64 = (whole..values.len()).map(|i| term(i, values[i])).sum();
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}
