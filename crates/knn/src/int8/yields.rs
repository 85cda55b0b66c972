//! Whether the prefilter is used: where the processor has integer products, and where it pays, by how
//! many pairs it left of those that it saw last.

use annatomy_vectors::kernels::int8::{Int8Kernels, int8};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

/// Columns of rows for which integer products are worth a pass of bounds, and sums of codes fit.
const CODED_COLUMNS: RangeInclusive<usize> = 48..=65_536;

/// A pair that is left costs this many pairs of a tile: 9 to 12 at 2,048 columns and 30 at 384 on a Zen 4, where few are left
/// and no two share a row that is in cache; 17 and 31 on a Zen 5, with an older kernel.
fn pair_cost(columns: usize) -> f64 {
    const WIDE: usize = 1024;
    if columns < WIDE { 25.0 } else { 12.0 }
}

/// Rows of a first sample.
const SAMPLE: f64 = 2048.0;

/// Which blocks of base rows have integer products.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Prefiltering {
    /// None.
    Off,
    /// Those where it saves time.
    WhereItPays {
        kernels: Int8Kernels,
        /// Of a pair that is left, in pairs of a tile.
        pair_cost: f64,
    },
    /// All.
    #[cfg(test)]
    Always(Int8Kernels),
}

impl Prefiltering {
    /// By this processor's kernels, for the `k` nearest of `rows` rows of `columns` values.
    pub(crate) fn detected(columns: usize, k: usize, rows: usize) -> Self {
        // No bound leaves fewer than the neighbors themselves.
        let least = Yield::default();
        least.count(rows, k.min(rows));
        match int8() {
            Some(kernels)
                if CODED_COLUMNS.contains(&columns) && least.pays(kernels, pair_cost(columns)) =>
            {
                Self::where_it_pays(kernels, columns)
            }
            _ => Self::Off,
        }
    }

    /// The time of a search with it, as a share of float32 products of all pairs, where this processor has integer products
    /// and thresholds from samples leave three times the neighbors and a hundred rows more.
    pub(crate) fn expected_share(columns: usize, k: usize, rows: usize) -> Option<f64> {
        let kernels = int8().filter(|_| CODED_COLUMNS.contains(&columns))?;
        let left = (3.0 * k as f64 + 100.0) / rows as f64;
        let multiplied = SAMPLE / rows as f64;
        Some(kernels.cost() + pair_cost(columns) * left + multiplied)
    }

    pub(crate) fn where_it_pays(kernels: Int8Kernels, columns: usize) -> Self {
        Self::WhereItPays {
            kernels,
            pair_cost: pair_cost(columns),
        }
    }

    pub(crate) fn kernels(self) -> Option<Int8Kernels> {
        match self {
            Self::Off => None,
            Self::WhereItPays { kernels, .. } => Some(kernels),
            #[cfg(test)]
            Self::Always(kernels) => Some(kernels),
        }
    }

    pub(crate) fn pays(self, filtered: &Yield) -> bool {
        match self {
            Self::Off => false,
            Self::WhereItPays { kernels, pair_cost } => filtered.pays(kernels, pair_cost),
            #[cfg(test)]
            Self::Always(_) => true,
        }
    }
}

/// Pairs seen and left by the block before.
#[derive(Debug, Default)]
pub(crate) struct Yield {
    seen: AtomicU64,
    left: AtomicU64,
}

impl Yield {
    /// Counts one task's pairs; which tasks it is asked after changes no answer, only time.
    pub(crate) fn count(&self, seen: usize, left: usize) {
        self.seen.fetch_add(seen as u64, Ordering::Relaxed);
        self.left.fetch_add(left as u64, Ordering::Relaxed);
    }

    /// Forgets what was counted.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whether nothing was counted since.
    pub(crate) fn is_unknown(&self) -> bool {
        self.seen.load(Ordering::Relaxed) == 0
    }

    /// Whether pairs like those counted are cheaper with the prefilter than without.
    fn pays(&self, kernels: Int8Kernels, pair_cost: f64) -> bool {
        let [seen, left] = [&self.seen, &self.left].map(|count| count.load(Ordering::Relaxed));
        kernels.cost() * seen as f64 + pair_cost * (left as f64) < seen as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_pays_where_few_pairs_are_left() {
        for kernels in Int8Kernels::forms() {
            let mut filter = Yield::default();
            assert!(filter.is_unknown());
            filter.count(1000, 24);
            assert_eq!(
                filter.pays(kernels, 20.0),
                kernels.cost() < 0.52,
                "{kernels:?}"
            );
            assert!(!filter.is_unknown());
            filter.count(1000, 108);
            assert!(!filter.pays(kernels, 20.0), "132 of 2000 are left");
            filter.reset();
            assert!(filter.is_unknown());
        }
    }
}
