//! What one query adds to a surface: when the rows that count as found were visited.
//!
//! A row counts at k if its distance is at most d_k(1 + 1e-6), d_k the k-th exact distance: exact
//! neighbors and ties with the last of them. Limits grow with k, so each row has a first k.

use super::Grid;
use crate::lists::{ExactList, NEVER, VisitedList};
use annatomy_hnsw::Visits;
use annatomy_measures::corrected::TIE_TOLERANCE;
use std::cmp::Ordering;

/// Arrivals of the rows that count, grouped by the first k at which they do; reused from query to
/// query.
#[derive(Debug, Default)]
pub struct Arrivals {
    /// In order of distance.
    by_distance: Vec<u32>,
    /// Per k, how many of them count.
    ends: Vec<usize>,
    pub(super) own: u32,
    /// Of rows nearer than the query itself, which inner product has.
    before_own: Vec<u32>,
    /// V(ef) of every ef of the grid.
    pub(super) visited: Vec<u32>,
    /// Rows visited in all.
    total: usize,
    sorted: Vec<u32>,
}

impl Arrivals {
    /// Reads one query's lists for `ks`, ascending.
    pub fn read(&mut self, ks: &[usize], exact: &ExactList, list: &VisitedList, visits: &Visits) {
        self.by_distance.clear();
        self.ends.clear();
        self.own = list.own_arrival;
        self.before_own.clear();
        if list.own_place != NEVER {
            let before = &list.arrivals[..list.own_place as usize];
            self.before_own.extend_from_slice(before);
        }
        self.total = visits.visited(visits.ef());
        let mut place = 0;
        for &k in ks {
            let last = f64::from(exact.side.distances()[k - 1]);
            let limit = last + last.abs() * TIE_TOLERANCE;
            while place < list.ids.len() && f64::from(list.distances[place]) <= limit {
                if place != list.own_place as usize {
                    self.by_distance.push(list.arrivals[place]);
                }
                place += 1;
            }
            self.ends.push(self.by_distance.len());
        }
    }

    /// Reads V(ef) of the efs of `grid` as well.
    pub(super) fn read_efforts(&mut self, grid: &Grid<'_>, visits: &Visits) {
        self.visited.clear();
        let efforts = visits.visited_at_each(grid.efs);
        self.visited.extend(efforts.map(|visited| visited as u32));
    }

    /// Whether the query itself is among the `rows` nearest of the first `visited` visits.
    pub(super) fn own_is_returned(&self, visited: usize, rows: usize) -> bool {
        let nearer = self.before_own.iter();
        let nearer = nearer.filter(|&&arrival| (arrival as usize) < visited);
        (self.own as usize) < visited && nearer.count() < rows
    }

    /// The arrivals of rows that count at the k of this index and at none before.
    pub(super) fn first_at(&self, k_index: usize) -> &[u32] {
        let start = k_index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.by_distance[start..self.ends[k_index]]
    }

    /// Whether ties give k, of this index, more rows than slots, so that its count is capped.
    pub(super) fn exceeds(&self, k_index: usize, k: usize) -> bool {
        self.ends[k_index] > k
    }

    /// The first row of the grid whose ef visits what arrives then.
    pub(super) fn first_row(&self, arrival: u32) -> usize {
        self.visited.partition_point(|&visited| visited <= arrival)
    }

    /// Makes [`sorted`](Self::sorted) the arrivals of rows that count at the k of this index, the k
    /// smallest first; there must be more than k, and k at least 1.
    pub(super) fn select_at(&mut self, k_index: usize, k: usize) {
        self.copy_at(k_index);
        self.sorted.select_nth_unstable(k - 1);
    }

    /// Makes [`sorted`](Self::sorted) the arrivals of rows that count at the k of this index,
    /// ascending.
    pub(super) fn sort_at(&mut self, k_index: usize) {
        self.copy_at(k_index);
        self.sorted.sort_unstable();
    }

    pub(super) fn sorted(&self) -> &[u32] {
        &self.sorted
    }

    fn copy_at(&mut self, k_index: usize) {
        self.sorted.clear();
        let counting = &self.by_distance[..self.ends[k_index]];
        self.sorted.extend_from_slice(counting);
    }

    /// The arrival that completes k found rows; [`NEVER`] if they are not all visited.
    pub(super) fn completing(&mut self, k_index: usize, k: usize) -> u32 {
        let end = self.ends[k_index];
        match end.cmp(&k) {
            Ordering::Less => return NEVER,
            Ordering::Equal => return self.by_distance[..k].iter().copied().fold(0, u32::max),
            Ordering::Greater => {}
        }
        self.select_at(k_index, k);
        self.sorted[k - 1]
    }

    /// The k smallest arrivals of rows that count at the k of this index, ascending; fewer if not so
    /// many are visited.
    pub(super) fn smallest(&mut self, k_index: usize, k: usize) -> &[u32] {
        self.sort_at(k_index);
        self.sorted.truncate(k);
        &self.sorted
    }

    /// The k first arrivals of any rows but the query itself.
    pub(super) fn first_visits(&self, k: usize) -> impl Iterator<Item = u32> + '_ {
        let arrivals = 0..self.total as u32;
        arrivals.filter(|&arrival| arrival != self.own).take(k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query_state::QueryState;
    use crate::testing::{brute_force, noise, on_graph};
    use annatomy_vectors::Metric;

    #[test]
    fn arrivals_count_from_the_first_k_whose_limit_they_meet() {
        let rows = noise(60, 5, 4);
        let ks = [1, 3, 10];
        on_graph(rows.view(), Metric::L2, 10, |on| {
            let (mut state, mut arrivals) = (QueryState::default(), Arrivals::default());
            for query in 0..60 {
                state.begin(on.truth, query);
                state.traverse(on, query, 12);
                arrivals.read(&ks, &state.exact, &state.visited, &state.visits);
                let exact = brute_force(rows.view(), Metric::L2, query);
                for (k_index, &k) in ks.iter().enumerate() {
                    let arrived = |rank: &(f64, u32)| {
                        let visits = state.visits.nearest_first();
                        let visit = visits.iter().find(|visit| visit.id == rank.1);
                        visit.map(|visit| visit.arrival)
                    };
                    let mut expected: Vec<u32> = exact[..k].iter().filter_map(arrived).collect();
                    arrivals.sort_at(k_index);
                    let found = arrivals.sorted().to_vec();
                    expected.sort_unstable();
                    assert_eq!(found, expected, "query {query}, k {k}");
                    let last = expected.get(k - 1).copied().unwrap_or(NEVER);
                    assert_eq!(arrivals.completing(k_index, k), last);
                    assert_eq!(arrivals.smallest(k_index, k), expected);
                }
                for (k_index, &k) in ks.iter().enumerate() {
                    assert!(!arrivals.exceeds(k_index, k), "no ties in noise");
                }
                let first: Vec<u32> = arrivals.first_visits(3).collect();
                assert!(
                    !first.contains(&state.visited.own_arrival),
                    "the query is no slot"
                );
            }
        });
    }
}
