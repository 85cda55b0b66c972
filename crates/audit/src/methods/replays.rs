//! Searches that are replayed for each effort, where no search answers another effort: of an NSG.
//!
//! Enters: the efforts that are looked at. Leaves: what one search leaves where answers nest. A
//! neighbor that is in the answers at several efforts in a row is present from the first of them until
//! the one behind the last; between two efforts nothing is known, and the smaller one stands for it.
//!
//! Cost: a search for each effort.

use super::pass::{Pass, Scratch, Searches, first_of_each};
use annatomy_methods::required::{FOREVER, Presence};

/// Efforts of a first look.
const LOOKED_AT: usize = 24;

/// Efforts evenly spaced in their logarithm, from 1 to the largest, and `more` of them.
pub(super) fn efforts(largest: usize, more: impl Iterator<Item = usize>) -> Vec<usize> {
    let step = (largest as f64).ln() / (LOOKED_AT - 1) as f64;
    let spread = (0..LOOKED_AT).map(|place| (step * place as f64).exp().round() as usize);
    let more = more.filter(|&effort| effort < largest);
    let mut efforts: Vec<usize> = spread.chain(more).chain([largest]).collect();
    efforts.sort_unstable();
    efforts.dedup();
    efforts
}

/// The neighbors found at one k, effort after effort.
#[derive(Default)]
struct Runs {
    /// Per exact rank, the effort from which on it is found; 0 where the last one did not.
    since: Vec<u32>,
    found: Vec<Presence>,
}

impl Runs {
    /// The next effort finds the neighbors of these ranks.
    fn pass(&mut self, effort: u32, ranks: impl Iterator<Item = u32>) {
        let mut since = vec![0; self.since.len()];
        for rank in ranks {
            let rank = rank as usize;
            if since.len() <= rank {
                since.resize(rank + 1, 0);
            }
            let before = self.since.get(rank).copied().unwrap_or(0);
            since[rank] = if before > 0 { before } else { effort };
        }
        self.close(&since, effort);
        self.since = since;
    }

    /// Ends the runs that are not in `since`.
    fn close(&mut self, since: &[u32], until: u32) {
        for (rank, &from) in self.since.iter().enumerate() {
            if from > 0 && since[rank] == 0 {
                let rank = rank as u32;
                self.found.push(Presence { rank, from, until });
            }
        }
    }

    fn finish(mut self) -> Vec<Presence> {
        let none = vec![0; self.since.len()];
        self.close(&none, FOREVER);
        self.found
    }
}

impl Pass<'_> {
    /// A search for each effort.
    pub(super) fn replays(&self, query: usize, scratch: &mut Scratch) -> Searches {
        let own = self.data.queries.own_id(query);
        self.record_codes(query, scratch);
        let mut runs: Vec<Runs> = self.ks.iter().map(|_| Runs::default()).collect();
        let mut visited = Vec::with_capacity(self.efforts.len());
        let mut filled = Vec::with_capacity(self.efforts.len());
        let mut own_from = FOREVER;
        for &effort in self.efforts {
            self.record(query, effort, scratch);
            let rows = self.visits(scratch).nearest_first();
            visited.push(rows.len() as u32);
            if own.is_some_and(|own| rows.iter().any(|row| row.id == own)) {
                own_from = own_from.min(effort as u32);
            }
            let mut filled_at = Vec::with_capacity(self.ks.len());
            for (runs, &k) in runs.iter_mut().zip(self.ks) {
                let slots = self.handed_on(k, own, scratch);
                filled_at.push(slots.iter().flatten().count().min(k) as u32);
                // The engine searches for k rows at no smaller effort.
                if self.effort(effort, k) == effort {
                    let asked = self.asked_of_presences(k, own, &scratch.exact);
                    let ranks = slots.iter().flatten().map(|&row| scratch.exact.rank(row));
                    let ranks = ranks.filter(|&rank| (rank as usize) < asked.neighbors);
                    runs.pass(effort as u32, ranks);
                }
            }
            filled.push(filled_at);
        }
        Searches {
            presences: runs.into_iter().map(Runs::finish).collect(),
            visited,
            own_from,
            filled,
        }
    }

    /// The slots of an answer of k, the query itself left out; where answers are reranked, of all that
    /// is handed on.
    fn handed_on(&self, k: usize, own: Option<u32>, scratch: &Scratch) -> Vec<Option<u32>> {
        let method = self.searcher.method();
        let rows = self.visits(scratch).nearest_first().iter();
        let rows = rows
            .take(method.candidates(self.asked(k)))
            .map(|row| row.id);
        let mut rows: Vec<u32> = rows.filter(|&row| Some(row) != own).collect();
        if method.rerank.is_none() {
            rows.truncate(k);
        }
        first_of_each(&rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbor_is_present_in_each_run_of_efforts_that_finds_it() {
        let mut runs = Runs::default();
        for (effort, ranks) in [(1, vec![0]), (2, vec![0, 2]), (4, vec![2]), (9, vec![0, 2])] {
            runs.pass(effort, ranks.into_iter());
        }
        let of = |rank, from, until| Presence { rank, from, until };
        let expected = [of(0, 1, 4), of(0, 9, FOREVER), of(2, 2, FOREVER)];
        assert_eq!(runs.finish(), expected);
    }

    #[test]
    fn efforts_are_two_dozen_and_those_asked_for() {
        let looked_at = efforts(1_024, [100, 2_000].into_iter());
        assert_eq!((looked_at[0], looked_at.last()), (1, Some(&1_024)));
        assert!(looked_at.contains(&100) && !looked_at.contains(&2_000));
        assert!((20..=25).contains(&looked_at.len()), "{looked_at:?}");
        assert_eq!(efforts(1, std::iter::empty()), [1]);
    }
}
