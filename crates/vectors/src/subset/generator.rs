//! PCG64 (XSL-RR 128/64) seeded and read as NumPy's `default_rng` does.
//!
//! Two habits of NumPy's that the numbers depend on: a 64-bit output serves two 32-bit draws, low
//! half first, and bounded integers come from Lemire's multiplication ("Fast Random Integer
//! Generation in an Interval", ACM TOMACS 29, 2019).

use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng as _;

use super::choice::DRAWS_AT_ONCE;
use super::seed_sequence::SeedSequence;

/// `numpy.random.default_rng(seed)`.
pub(super) struct Generator {
    source: Pcg64,
    high_half: Option<u32>,
}

impl Generator {
    /// The generator of `seed`.
    pub(super) fn new(seed: u64) -> Self {
        let [state_high, state_low, stream_high, stream_low] = SeedSequence::new(seed).words();
        let join = |high: u64, low: u64| u128::from(high) << 64 | u128::from(low);
        Self {
            source: Pcg64::new(join(state_high, state_low), join(stream_high, stream_low)),
            high_half: None,
        }
    }

    fn next_u32(&mut self) -> u32 {
        if let Some(high) = self.high_half.take() {
            return high;
        }
        let both = self.source.next_u64();
        self.high_half = Some((both >> 32) as u32);
        both as u32
    }

    /// A uniform integer in 0..=`largest`; nothing is drawn where 0 is the only one. `largest` is
    /// below `u32::MAX`.
    pub(super) fn up_to(&mut self, largest: u32) -> u32 {
        debug_assert!(largest < u32::MAX);
        if largest == 0 {
            return 0;
        }
        let count = largest + 1;
        let mut product = u64::from(self.next_u32()) * u64::from(count);
        if (product as u32) < count {
            let rejected_below = (u32::MAX - largest) % count;
            while (product as u32) < rejected_below {
                product = u64::from(self.next_u32()) * u64::from(count);
            }
        }
        (product >> 32) as u32
    }

    /// Fisher–Yates from the back: places `first..` of `values` get their final members, the rest
    /// is left as it falls.
    pub(super) fn shuffle_from(&mut self, first: usize, values: &mut [u32]) {
        for place in (first..values.len()).rev() {
            if (place as u32).is_multiple_of(DRAWS_AT_ONCE) {
                annatomy_runtime::check();
            }
            let other = self.up_to(place as u32) as usize;
            values.swap(place, other);
        }
    }
}
