//! Which rows of a scan any answer can hold, found while it goes on.
//!
//! A search that scans more groups returns the c nearest of more rows, so a row with c nearer ones
//! among those scanned before it is in no answer of c. Enters: keys as they are scanned. Leaves: a
//! limit beyond which a key need not be kept; the rows nearer than some that are asked about are
//! kept all the same. Of 100,000 rows in 256 cells some thousand are left for 100 neighbors.
//!
//! Cost: one comparison a key, and O(1) on average for one that is kept.

/// The largest key that is kept.
#[derive(Debug, Default)]
pub(crate) struct Limit {
    /// Rows of the longest answer, c.
    count: usize,
    /// Keys up to this one are kept in any case.
    least: u32,
    /// c nearer or equal keys are known.
    nearest: u32,
    /// Up to 2c of the nearest keys, the c nearest among them.
    keys: Vec<u32>,
}

impl Limit {
    /// Begins a scan for answers of `count` rows; keys up to `least` are kept.
    pub(crate) fn begin(&mut self, count: usize, least: u32) {
        (self.count, self.least, self.nearest) = (count.max(1), least, u32::MAX);
        self.keys.clear();
    }

    /// Whether the next key is kept.
    #[inline]
    pub(crate) fn keeps(&mut self, key: u32) -> bool {
        if key > self.nearest {
            return key <= self.least;
        }
        self.keys.push(key);
        if self.keys.len() >= self.count.saturating_mul(2) {
            let (_, &mut last, _) = self.keys.select_nth_unstable(self.count - 1);
            self.nearest = last;
            self.keys.truncate(self.count);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_left_out_is_in_no_answer(
            keys in proptest::collection::vec(0u32..60, 0..200), count in 1usize..9, least in 0u32..20,
        ) {
            let mut limit = Limit::default();
            limit.begin(count, least);
            let mut passed: Vec<u32> = Vec::new();
            for &key in &keys {
                if !limit.keeps(key) {
                    let nearer = passed.iter().filter(|&&passed| passed < key).count();
                    prop_assert!(nearer >= count && key > least);
                }
                passed.push(key);
            }
        }
    }

    #[test]
    fn most_rows_are_left_out() {
        let mut limit = Limit::default();
        limit.begin(10, 0);
        let keys = (0..100_000u64).map(|row| (row * 2_654_435_761 % 1_000_003) as u32);
        let kept = keys.filter(|&key| limit.keeps(key)).count();
        assert!((10..400).contains(&kept), "{kept}");
    }
}
