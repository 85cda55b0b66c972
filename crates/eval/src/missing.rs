//! Why exact neighbors are missing from an answer: causes that are disjoint and add up to
//! k·(1 − strict overlap); without the tied ones they add up to k·(1 − overlap).
//!
//! Enters: a visited list, or the ranks of a returned table. Leaves: a count per cause ([`Missing`]).
//! Cost: O(k / 64) words per answer that is read from a traversal.

use crate::lists::VisitedList;
use annatomy_measures::corrected::QueryMeasures;
use annatomy_vectors::BitSet;
use std::ops::Range;

/// Counts of missing exact neighbors by cause, of one query at one k.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// No path leads to them from the graph's entry point.
    pub unreachable: usize,
    /// Reachable, but not visited at this effort.
    pub unvisited: usize,
    /// Visited, but beyond the rows that the engine hands out.
    pub cut_off: usize,
    /// A row at the same distance stands in their place.
    pub tied: usize,
    /// A farther row stands in their place, or the slot is empty; nothing is known of a graph.
    pub displaced: usize,
}

impl Missing {
    /// All of them.
    pub fn total(&self) -> usize {
        self.unreachable + self.unvisited + self.cut_off + self.tied + self.displaced
    }

    /// Of an answer that is read from a traversal, of which `unreachable` and `unvisited` exact
    /// neighbors were not visited. With exact distances a visited one is lost to a tie alone, or
    /// to an engine that hands out fewer than k rows.
    pub fn on_graph(measures: &QueryMeasures, unreachable: usize, unvisited: usize) -> Self {
        let ties = ties(measures);
        let mut rest = missing(measures) - ties;
        let unreachable = take(unreachable, &mut rest);
        let unvisited = take(unvisited, &mut rest);
        let full = measures.filled >= measures.k;
        Self {
            unreachable,
            unvisited,
            cut_off: if full { 0 } else { rest },
            tied: ties + if full { rest } else { 0 },
            displaced: 0,
        }
    }

    /// Of an answer about which nothing is known but the rows in it; `unreachable` of the missing
    /// ones cannot be reached in the engine's graph, where that is known.
    pub fn in_answer(measures: &QueryMeasures, unreachable: usize) -> Self {
        let tied = ties(measures);
        let mut rest = missing(measures) - tied;
        Self {
            unreachable: take(unreachable, &mut rest),
            tied,
            displaced: rest,
            ..Self::default()
        }
    }
}

/// Exact neighbors that a row at the k-th distance stands for: the tie-aware overlap counts them.
fn ties(measures: &QueryMeasures) -> usize {
    measures.overlap_count - measures.overlap_strict_count
}

/// Takes up to `count` of the `rest`.
fn take(count: usize, rest: &mut usize) -> usize {
    let taken = count.min(*rest);
    *rest -= taken;
    taken
}

fn missing(measures: &QueryMeasures) -> usize {
    measures.k - measures.overlap_strict_count
}

/// Exact neighbors, by rank, that a traversal up to some effort did not visit.
#[derive(Debug, Default)]
pub struct NotVisited {
    visited: BitSet,
    all: BitSet,
    reachable: BitSet,
}

impl NotVisited {
    /// Reads the ranks below `largest_k` that are not among the first `visited` visits of `list`,
    /// whose reachable neighbors are [marked](VisitedList::mark_reachable).
    pub fn read(&mut self, list: &VisitedList, visited: usize, largest_k: usize) {
        let arrivals = &list.arrival_of_rank[..largest_k];
        self.visited
            .assign_less_than(arrivals, visited as u32, usize::MAX);
        self.all.assign_complement(&self.visited, largest_k);
        self.reachable
            .assign_intersection(&self.all, &list.reachable_ranks);
    }

    /// How many within a range of ranks are unreachable, and how many are reachable.
    pub fn count(&self, ranks: Range<usize>) -> (usize, usize) {
        let reachable = self.reachable.count_in(ranks.clone());
        (self.all.count_in(ranks) - reachable, reachable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_measures::corrected::{ExactSide, ReturnedSide, Scratch, UNKNOWN_RANK, measure};

    fn measured(k: usize, distances: &[f32], ranks: &[u32]) -> QueryMeasures {
        let exact = ExactSide::new(&[1.0, 2.0, 3.0, 3.0]);
        let mut measures = Vec::new();
        measure(
            &exact,
            ReturnedSide::new(distances, ranks),
            &[k],
            &mut Scratch::default(),
            &mut measures,
        );
        measures[0]
    }

    #[test]
    fn causes_add_up_to_k_less_the_strict_overlap() {
        // Rank 0 is found, rank 3 stands where rank 2 should: a tie. Rank 1 is not visited.
        let measures = measured(3, &[1.0, 3.0, 4.0], &[0, 3, UNKNOWN_RANK]);
        let causes = Missing::on_graph(&measures, 0, 1);
        assert_eq!((causes.unvisited, causes.tied, causes.cut_off), (1, 1, 0));
        assert_eq!(causes.total(), 3 - measures.overlap_strict_count);
        let answer = Missing::in_answer(&measures, 0);
        assert_eq!((answer.tied, answer.displaced, answer.total()), (1, 1, 2));
    }

    #[test]
    fn what_an_engine_does_not_hand_out_is_cut_off() {
        let measures = measured(3, &[1.0], &[0]);
        let causes = Missing::on_graph(&measures, 1, 0);
        assert_eq!((causes.unreachable, causes.cut_off, causes.tied), (1, 1, 0));
        assert_eq!(causes.total(), 2);
    }

    #[test]
    fn without_ties_the_causes_add_up_to_what_the_overlap_lacks() {
        // Rank 3 stands for rank 2, which is not visited: the overlap counts it.
        let measures = measured(3, &[1.0, 2.0, 3.0], &[0, 1, 3]);
        assert_eq!(measures.overlap(), 1.0);
        let causes = Missing::on_graph(&measures, 0, 1);
        assert_eq!((causes.tied, causes.unvisited, causes.total()), (1, 0, 1));
        let causes = Missing::in_answer(&measures, 1);
        assert_eq!((causes.tied, causes.unreachable), (1, 0));
    }
}
