//! The rows that one traversal visits, nearest first, in columns.
//!
//! Enters: a recorded traversal and the exact neighbors. Leaves: per visited row its id, arrival,
//! reduced and true distance and exact rank; per exact neighbor its arrival. The first V(effort)
//! arrivals are what a search at that effort sees, so one list answers every effort.

use super::{ExactList, UNKNOWN_RANK};
use crate::distance_source::DistanceSource;
use crate::ground_truth::GroundTruth;
use annatomy_hnsw::Visit;
use annatomy_vectors::BitSet;
use annatomy_vectors::Metric;
use std::collections::BinaryHeap;

/// The arrival of a row that is never visited.
pub const NEVER: u32 = u32::MAX;

/// Which visits a list keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Those that the nearest rows of some effort can hold, and the exact neighbors.
    OfUse,
    /// All.
    All,
}

/// The rows of one traversal that any answer can hold, nearest first by the keys of the search.
#[derive(Clone, Debug, Default)]
pub struct VisitedList {
    pub(crate) visits: Vec<Visit>,
    /// Ids.
    pub ids: Vec<u32>,
    /// When each was visited: 0 first.
    pub arrivals: Vec<u32>,
    /// Reduced distances.
    pub reduced: Vec<f32>,
    /// Geometric distances; an exact neighbor has that of the exact list.
    pub distances: Vec<f32>,
    /// Exact ranks, [`UNKNOWN_RANK`] beyond the exact list.
    pub ranks: Vec<u32>,
    /// Arrival of each exact neighbor by rank, [`NEVER`] if it is not visited.
    pub arrival_of_rank: Vec<u32>,
    /// Its place among the visited rows, likewise.
    pub place_of_rank: Vec<u32>,
    /// The latest arrival up to each rank.
    pub latest_arrival: Vec<u32>,
    /// Whether the exact neighbors stand in exact order, before all other rows but the query.
    pub in_order: bool,
    /// Arrival of the query itself, [`NEVER`] if it is not visited or no base row.
    pub own_arrival: u32,
    /// Its place among the visited rows, likewise.
    pub own_place: u32,
    /// Places of rows that are no exact neighbors.
    pub(crate) false_positives: BitSet,
    /// Ranks of the exact neighbors that some path from the graph's entry point reaches.
    pub(crate) reachable_ranks: BitSet,
}

impl VisitedList {
    /// Replaces the list by what query number `query` visited, nearest first.
    pub fn read<S: DistanceSource>(
        &mut self,
        source: &S,
        truth: &GroundTruth<'_>,
        query: usize,
        (nearest_first, kept): (&[Visit], Kept),
        exact: &ExactList,
    ) {
        let own = truth.queries().own_id(query);
        let of_use = |visit: &Visit| Some(visit.id) == own || exact.rank(visit.id) != UNKNOWN_RANK;
        let most = match kept {
            // The query itself is one more, and yet another tells whether an answer ends among equal rows.
            Kept::OfUse => exact.ids.len() + 2,
            Kept::All => nearest_first.len(),
        };
        take_of_use(nearest_first, most, of_use, &mut self.visits);
        self.reduced.clear();
        source.reduced_distances(query, &self.visits, &mut self.reduced);
        self.read_distances(truth.metric(), exact);
        self.sort_by_distance(exact);
        self.read_columns(own, exact);
        self.latest_arrival.clear();
        let mut latest = 0;
        for &arrival in &self.arrival_of_rank {
            latest = arrival.max(latest);
            self.latest_arrival.push(latest);
        }
        self.false_positives
            .assign_at_least(&self.ranks, UNKNOWN_RANK);
    }

    /// Bytes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.visits[..]) + 20 * self.visits.len() + 12 * self.arrival_of_rank.len()
    }

    fn read_distances(&mut self, metric: Metric, exact: &ExactList) {
        self.distances.clear();
        for (visit, &reduced) in self.visits.iter().zip(&self.reduced) {
            let distance = exact.distance_or(visit.id, || metric.geometric_distance(reduced));
            self.distances.push(distance);
        }
    }

    /// Puts the visits in order of (distance, exact rank) where the keys of the search, whose
    /// rounding is another one, have them otherwise.
    fn sort_by_distance(&mut self, exact: &ExactList) {
        if self.distances.is_sorted() {
            return;
        }
        let mut order: Vec<usize> = (0..self.visits.len()).collect();
        let rank = |place: usize| exact.rank(self.visits[place].id);
        order.sort_by(|&a, &b| {
            let by_distance = self.distances[a].total_cmp(&self.distances[b]);
            by_distance.then_with(|| rank(a).cmp(&rank(b)))
        });
        self.visits = order.iter().map(|&place| self.visits[place]).collect();
        self.reduced = order.iter().map(|&place| self.reduced[place]).collect();
        self.distances = order.iter().map(|&place| self.distances[place]).collect();
    }

    fn read_columns(&mut self, own: Option<u32>, exact: &ExactList) {
        self.ids.clear();
        self.arrivals.clear();
        self.ranks.clear();
        for by_rank in [&mut self.arrival_of_rank, &mut self.place_of_rank] {
            by_rank.clear();
            by_rank.resize(exact.ids.len(), NEVER);
        }
        (self.own_arrival, self.own_place) = (NEVER, NEVER);
        self.in_order = true;
        let mut rank_before = 0;
        for (visit, place) in self.visits.iter().zip(0..) {
            let rank = exact.rank(visit.id);
            self.ids.push(visit.id);
            self.arrivals.push(visit.arrival);
            self.ranks.push(rank);
            if rank != UNKNOWN_RANK {
                self.arrival_of_rank[rank as usize] = visit.arrival;
                self.place_of_rank[rank as usize] = place;
            }
            if Some(visit.id) == own {
                (self.own_arrival, self.own_place) = (visit.arrival, place);
            } else {
                self.in_order &= rank >= rank_before;
                rank_before = rank;
            }
        }
    }

    /// Whether the k nearest of the first `visited` visits are the exact neighbors, self left out.
    pub fn finds_all(&self, visited: usize, k: usize) -> bool {
        self.in_order && (self.latest_arrival[k - 1] as usize) < visited
    }

    /// Whether the nearest of the first `visited` visits is the query itself.
    pub fn finds_self_first(&self, visited: usize) -> bool {
        self.own_place == 0 && (self.own_arrival as usize) < visited
    }

    /// Marks the exact neighbors that can be reached; `reachable` holds one flag per base row.
    pub fn mark_reachable(&mut self, exact: &ExactList, reachable: &[bool]) {
        self.reachable_ranks
            .assign(exact.ids.iter().map(|&id| reachable[id as usize]));
    }
}

/// Where a list holds more than this times the rows of an answer, each row is looked at once more.
const MANY: usize = 8;

/// Puts into `taken` the visits that an answer of up to `most` rows can hold, and any others that
/// are `of_use`.
///
/// A row met after `most` nearer ones is in no answer. So the visits after the first 2 · `most` are
/// left out where they are farther than `most` of these: three quarters of all visits, for 500
/// neighbors of 10,000 rows at ef = 2,000. Where that leaves more than [`MANY`] times `most`, the rows that
/// `most` nearer ones preceded are left out one by one, O(log `most`) each: of 9,900 visits for 100 neighbors
/// of 1,000,000 × 128 at ef = 1,000, 1,550 are left, then 480.
fn take_of_use(
    nearest_first: &[Visit],
    most: usize,
    of_use: impl Fn(&Visit) -> bool,
    taken: &mut Vec<Visit>,
) {
    let early = |visit: &Visit| (visit.arrival as usize) < 2 * most;
    let mut earlier = 0;
    let farther = nearest_first.iter().position(|visit| {
        earlier += usize::from(early(visit));
        earlier == most
    });
    let (nearer, farther) =
        nearest_first.split_at(farther.map_or(nearest_first.len(), |last| last + 1));
    taken.clear();
    taken.extend_from_slice(nearer);
    taken.extend(farther.iter().filter(|visit| early(visit) || of_use(visit)));
    if taken.len() > MANY * most {
        leave_preceded(taken, most, of_use);
    }
}

/// Leaves those that fewer than `most` nearer ones preceded, and any that are `of_use`.
fn leave_preceded(nearest_first: &mut Vec<Visit>, most: usize, of_use: impl Fn(&Visit) -> bool) {
    // The earliest arrivals of nearer rows.
    let mut earliest = BinaryHeap::with_capacity(most);
    nearest_first.retain(|visit| {
        if earliest.len() < most {
            earliest.push(visit.arrival);
            return true;
        }
        match earliest.peek_mut() {
            Some(mut last) if visit.arrival < *last => {
                *last = visit.arrival;
                true
            }
            _ => of_use(visit),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visits_of_no_use_are_in_no_answer() {
        let visits: Vec<Visit> = (0..90)
            .map(|id| Visit {
                id,
                key: id,
                arrival: id * 37 % 90,
            })
            .collect();
        let mut taken = Vec::new();
        for most in [1, 4, 20, 45, 90] {
            take_of_use(&visits, most, |visit| visit.id == 80, &mut taken);
            assert!(taken.iter().any(|visit| visit.id == 80));
            assert_eq!(
                taken.len() < visits.len(),
                most < 45,
                "{most}: {} taken",
                taken.len()
            );
            let is_preceded = |visit: &Visit| {
                let nearer = visits[..visit.id as usize].iter();
                let before = nearer.filter(|nearer| nearer.arrival < visit.arrival);
                before.count() >= most
            };
            let mut left = visits.clone();
            leave_preceded(&mut left, most, |visit| visit.id == 80);
            let mut right = visits.clone();
            right.retain(|visit| visit.id == 80 || !is_preceded(visit));
            assert_eq!(left, right, "the {most} nearest of some effort");
            for visited in 0..=90 {
                let answer = |visits: &[Visit]| {
                    let seen = visits
                        .iter()
                        .filter(|visit| visit.arrival < visited)
                        .take(most);
                    seen.map(|visit| visit.id).collect::<Vec<_>>()
                };
                assert_eq!(
                    answer(&taken),
                    answer(&visits),
                    "the {most} nearest of {visited}"
                );
            }
        }
    }
}
