//! Required efforts: from which effort on a true neighbor is in the answer, and until which.
//!
//! Enters: the record of a query and its exact neighbors. Leaves: per true neighbor the efforts at
//! which an answer holds it. A row is in the answer of c candidates at effort e if it is visited by
//! then, and fewer than c rows nearer by the method's own keys are. Visits only grow with e, so that
//! holds on one interval: from the effort that visits the row until the effort that visits the c-th
//! nearer row. With exact distances no true neighbor has c nearer rows, and the interval has no end;
//! with codes a larger effort can lose a neighbor.
//!
//! Cost: one pass over the visits, up to the farthest true neighbor, O(log c) each.

use annatomy_hnsw::Visits;
use std::collections::BinaryHeap;

/// The efforts at which an answer holds a true neighbor: `from`..`until`, not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// The neighbor's exact rank, 0 first.
    pub rank: u32,
    /// The smallest effort.
    pub from: u32,
    /// The first effort that loses it again; [`FOREVER`] if none does.
    pub until: u32,
}

/// No effort loses it.
pub const FOREVER: u32 = u32::MAX;

/// What is asked about one query.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Rows of an answer before it is reranked; k where it is not.
    pub candidates: usize,
    /// How many exact neighbors are looked for.
    pub neighbors: usize,
    /// The row that is the query itself and takes no place in the answer.
    pub left_out: Option<u32>,
}

/// Finds presences; reused from query to query.
#[derive(Debug, Default)]
pub struct Presences {
    /// The arrivals of the `candidates` earliest of the rows passed.
    earliest: BinaryHeap<u32>,
}

impl Presences {
    /// Replaces `found` by the presences of the exact neighbors, those of rank below
    /// `asked.neighbors`, that some effort up to the record's finds. `rank_of` gives exact ranks.
    pub fn find(
        &mut self,
        visits: &Visits,
        asked: Asked,
        rank_of: impl Fn(u32) -> Option<u32>,
        found: &mut Vec<Presence>,
    ) {
        found.clear();
        self.earliest.clear();
        let mut left = asked.neighbors;
        for visit in visits.nearest_first() {
            if left == 0 {
                break;
            }
            if Some(visit.id) == asked.left_out {
                continue;
            }
            let full = self.earliest.len() == asked.candidates;
            let last = self.earliest.peek().copied().filter(|_| full);
            if let Some(rank) = rank_of(visit.id).filter(|&rank| (rank as usize) < asked.neighbors)
            {
                left -= 1;
                let from = visits.required_ef(visit.arrival) as u32;
                let until = last.map_or(FOREVER, |last| visits.required_ef(last) as u32);
                if from < until {
                    found.push(Presence { rank, from, until });
                }
            }
            if last.is_none_or(|last| visit.arrival < last) {
                self.earliest.push(visit.arrival);
                if full {
                    self.earliest.pop();
                }
            }
        }
    }
}

impl Presence {
    /// Whether an answer at `effort` holds the neighbor.
    pub fn holds(&self, effort: usize) -> bool {
        effort >= self.from as usize && (self.until == FOREVER || effort < self.until as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_hnsw::Scored;
    use proptest::prelude::*;

    fn groups() -> impl Strategy<Value = Vec<Vec<u32>>> {
        proptest::collection::vec(proptest::collection::vec(0u32..9, 0..6), 1..7)
    }

    proptest! {
        #[test]
        fn presences_are_those_of_answers_read_one_by_one(
            groups in groups(), candidates in 1usize..6, neighbors in 1usize..5, own in 0u32..20,
        ) {
            let mut id = 0;
            let mut visits = Visits::default();
            let mut scan = visits.scan();
            for keys in &groups {
                for (place, &key) in keys.iter().enumerate() {
                    id += 1;
                    scan.keep(place, Scored { key, id: id * 7 % 41 });
                }
                scan.end_group(keys.len());
            }
            scan.finish();
            // Any rows serve as exact neighbors: every third id.
            let rank_of = |id: u32| id.is_multiple_of(3).then_some(id / 3);
            let left_out = Some(own);
            let asked = Asked { candidates, neighbors, left_out };
            let mut found = Vec::new();
            Presences::default().find(&visits, asked, rank_of, &mut found);
            for effort in 1..=groups.len() {
                let visited = visits.visited(effort);
                let answer: Vec<u32> = visits.among_first(visited).map(|visit| visit.id)
                    .filter(|&id| Some(id) != left_out).take(candidates).collect();
                let mut expected: Vec<u32> = answer.iter().filter_map(|&id| rank_of(id))
                    .filter(|&rank| (rank as usize) < neighbors).collect();
                expected.sort_unstable();
                let held = found.iter().filter(|presence| presence.holds(effort));
                let mut held: Vec<u32> = held.map(|presence| presence.rank).collect();
                held.sort_unstable();
                prop_assert_eq!(held, expected, "effort {}", effort);
            }
        }
    }
}
