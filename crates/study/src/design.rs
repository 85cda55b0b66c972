//! What the studies that search many indexes ask: few neighbor counts, of queries spread evenly.

use crate::results::Settings;

/// Neighbor counts: those of the settings that are nearest to these.
const WANTED_KS: [usize; 3] = [10, 50, 100];

/// The neighbor counts of `settings` that are nearest to 10, 50 and 100.
pub(crate) fn few_ks(settings: &Settings) -> Vec<usize> {
    let nearest = |wanted: usize| {
        let distance = |k: &usize| k.abs_diff(wanted);
        settings.ks.iter().copied().min_by_key(distance)
    };
    let mut ks: Vec<usize> = WANTED_KS.into_iter().filter_map(nearest).collect();
    ks.sort_unstable();
    ks.dedup();
    ks
}

/// How far apart queries are taken, so that no more than `most` of `queries` are.
pub(crate) fn every(queries: usize, most: usize) -> usize {
    queries.div_ceil(most).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::defaults;

    #[test]
    fn neighbor_counts_are_the_nearest_of_the_settings() {
        assert_eq!(few_ks(&defaults()), [10, 50, 100]);
        let few = Settings {
            ks: vec![7, 60],
            ..defaults()
        };
        assert_eq!(few_ks(&few), [7, 60]);
    }

    #[test]
    fn queries_are_no_more_than_wanted() {
        for (queries, step) in [(1, 1), (500, 1), (501, 2), (1_000, 2), (10_000, 20)] {
            assert_eq!(every(queries, 500), step);
        }
    }
}
