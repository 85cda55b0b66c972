//! Queues that end among rows of equal distance, counted at every effort over all queries.
//!
//! Enters: traversals. Leaves: [`Ties`] per effort, sums of integers: the same in any order of queries. What an
//! engine visits there depends on which of the equal rows its queue holds; a trace keeps all of them, but those that
//! tie with the last of its own full queue: near its effort some may be missed.
//!
//! Cost: O(runs · log efforts + efforts) a query, its runs those of [`Visits::tied`].

use annatomy_hnsw::Visits;
use serde::{Deserialize, Serialize};

/// Queries whose queue ends among rows of equal distance: what an engine visits there depends on which
/// of them it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ties {
    /// How many queries.
    pub queries: u64,
    /// The rows of equal distance that the recorded traversals visit, over all these queries.
    pub rows: u64,
}

/// Of the queue, over all queries: more ties than that at its end are many.
const MANY_TIED: f64 = 0.05;

impl Ties {
    /// Their share of the queues of all `queries` at an effort.
    pub fn share_of_queues(self, ef: usize, queries: usize) -> f64 {
        // The product of whole numbers overflows at efforts beyond all rows.
        self.rows as f64 / (ef as f64 * queries as f64)
    }

    /// Whether these change figures of all `queries`, and not a row here and there.
    pub fn are_many(self, ef: usize, queries: usize) -> bool {
        self.share_of_queues(ef, queries) > MANY_TIED
    }

    /// Of efforts the one where most of the queues of all `queries` is tied; `None` where that is not much.
    pub fn most(
        efforts: impl Iterator<Item = (usize, Self)>,
        queries: usize,
    ) -> Option<(usize, Self)> {
        let share = |&(ef, ties): &(usize, Self)| ties.share_of_queues(ef, queries);
        let most = efforts.max_by(|a, b| share(a).total_cmp(&share(b)));
        most.filter(|&(ef, ties)| ties.are_many(ef, queries))
    }

    fn add(&mut self, other: Self) {
        self.queries += other.queries;
        self.rows += other.rows;
    }
}

/// [`Ties`] at some efforts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TieCounts {
    /// Ascending.
    efforts: Vec<usize>,
    ties: Vec<Ties>,
}

impl TieCounts {
    /// No queries yet; `efforts` ascend.
    pub(super) fn new(efforts: Vec<usize>) -> Self {
        let ties = vec![Ties::default(); efforts.len()];
        Self { efforts, ties }
    }

    /// Adds the traversal of a query.
    pub(super) fn add(&mut self, visits: &Visits) {
        for &[before, end] in visits.tied() {
            let start = self.efforts.partition_point(|&ef| ef <= before as usize);
            let ending = &self.efforts[start..];
            let count = ending.partition_point(|&ef| ef < end as usize);
            let rows = u64::from(end - before);
            for ties in &mut self.ties[start..start + count] {
                ties.add(Ties { queries: 1, rows });
            }
        }
    }

    /// Adds the queries of `other`, counted at the same efforts.
    pub(super) fn merge(&mut self, other: &Self) {
        for (into, &from) in self.ties.iter_mut().zip(&other.ties) {
            into.add(from);
        }
    }

    /// Those at an effort; `None` where they are not counted.
    pub(super) fn at(&self, effort: usize) -> Option<Ties> {
        let place = self.efforts.binary_search(&effort).ok()?;
        Some(self.ties[place])
    }

    /// Every effort with its ties.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, Ties)> + '_ {
        self.efforts.iter().copied().zip(self.ties.iter().copied())
    }

    /// Whether these are counts at `efforts`.
    pub(super) fn fit(&self, efforts: &[usize]) -> bool {
        self.efforts == efforts && self.ties.len() == efforts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Ties;

    #[test]
    fn an_effort_beyond_all_rows_has_a_share_too() {
        let ties = Ties {
            queries: 800,
            rows: 1_600,
        };
        assert!(ties.are_many(30, 800) && !ties.are_many(50, 800));
        for ef in [1 << 40, 1 << 62, usize::MAX] {
            assert!(!ties.are_many(ef, 800), "{ef}");
        }
        let most = Ties::most([(usize::MAX, ties), (30, ties)].into_iter(), 800);
        assert_eq!(most, Some((30, ties)));
    }
}
