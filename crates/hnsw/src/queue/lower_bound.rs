//! The lower-bound prefilter as a queue uses it: a threshold on code distances, and statistics that
//! switch it off where it does not pay.

/// Rejects rows whose code distance shows that they are not below a key.
#[derive(Clone, Copy, Debug)]
pub struct LowerBoundFilter {
    /// The smallest squared code distance, in squared steps, at which a reduced distance is surely
    /// not below the key.
    pub(crate) threshold: u32,
    /// How many codes ahead are worth prefetching.
    pub(crate) codes_ahead: usize,
    pub(crate) kernels: annatomy_vectors::kernels::Kernels,
}

/// Rows after which the share of survivors is judged.
const MIN_SAMPLE: usize = 512;
/// Searches without the filter after it did not pay.
const COOLDOWN_SEARCHES: usize = 64;

/// Adaptive on/off switch of the prefilter: where most rows survive it, evaluating all of them at
/// once is faster.
#[derive(Debug, Default)]
pub(super) struct FilterStats {
    tested: usize,
    survivors: usize,
    /// Searches left without the filter.
    cooldown: usize,
}

impl FilterStats {
    /// Begins a search.
    pub(super) fn begin_search(&mut self) {
        if self.cooldown > 0 {
            self.cooldown -= 1;
        } else if self.tested >= MIN_SAMPLE {
            if 2 * self.survivors > self.tested {
                self.cooldown = COOLDOWN_SEARCHES;
            }
            (self.tested, self.survivors) = (0, 0);
        }
    }

    /// Whether this search filters.
    pub(super) fn is_on(&self) -> bool {
        self.cooldown == 0
    }

    /// Counts rows tested and rows that survived.
    pub(super) fn add(&mut self, tested: usize, survivors: usize) {
        self.tested += tested;
        self.survivors += survivors;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_rejects_few_rows_pauses_and_comes_back() {
        let mut stats = FilterStats::default();
        stats.begin_search();
        stats.add(MIN_SAMPLE, MIN_SAMPLE / 4);
        stats.begin_search();
        assert!(stats.is_on(), "a quarter survives");
        stats.add(MIN_SAMPLE, MIN_SAMPLE);
        for search in 0..COOLDOWN_SEARCHES {
            stats.begin_search();
            assert!(!stats.is_on(), "search {search} after all survived");
        }
        stats.begin_search();
        assert!(stats.is_on());
    }
}
