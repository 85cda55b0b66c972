//! The neighbor lists of one query: exact, visited, returned.
//!
//! Enters: a recorded traversal. Leaves: for any ef, the returned rows with distance, separation
//! and exact rank, self excluded by id, and what the study would have seen with column 0 taken for
//! self.

use super::neighborhoods::Neighborhoods;
use super::places::Places;
use annatomy_hnsw::{Visit, Visits};
use annatomy_measures::corrected::{ExactSide, UNKNOWN_RANK};
use annatomy_vectors::Metric;
use pulp::bytemuck::Pod;
use std::collections::HashMap;

/// The arrival of a row that was never visited.
pub(crate) const NEVER: u32 = u32::MAX;

/// The exact neighbors of one query, self excluded, nearest first.
#[derive(Debug, Default)]
pub(crate) struct ExactList {
    pub(crate) ids: Vec<u32>,
    pub(crate) separations: Vec<f32>,
    pub(crate) distances: Vec<f32>,
    pub(crate) side: ExactSide,
    /// Exact rank of every row of the base; `UNKNOWN_RANK` beyond the list.
    pub(crate) rank_of: Vec<u32>,
    /// How many neighbors stand before the query itself in (separation, id) order: duplicates of
    /// smaller id.
    pub(crate) before_self: usize,
}

impl ExactList {
    pub(crate) fn read<N: Neighborhoods>(
        &mut self,
        neighborhoods: &N,
        query: usize,
        row: u32,
        rows: usize,
        metric: Metric,
    ) {
        if self.rank_of.len() != rows {
            self.rank_of = vec![UNKNOWN_RANK; rows];
        }
        for &id in &self.ids {
            self.rank_of[id as usize] = UNKNOWN_RANK;
        }
        self.ids.clear();
        self.separations.clear();
        neighborhoods.exact(query, &mut self.ids, &mut self.separations);
        for (rank, &id) in self.ids.iter().enumerate() {
            self.rank_of[id as usize] = rank as u32;
        }
        self.distances.clear();
        self.distances.extend(
            self.separations
                .iter()
                .map(|&separation| distance(metric, separation)),
        );
        self.side.set(&self.distances);
        let pairs = self.separations.iter().zip(&self.ids);
        self.before_self = pairs
            .take_while(|&(&separation, &id)| separation <= 0.0 && id < row)
            .count();
    }
}

/// The rows one traversal visited that any answer can hold, nearest first, with what the measures
/// need of them.
#[derive(Debug, Default)]
pub(crate) struct VisitedList {
    pub(crate) visits: Vec<Visit>,
    pub(crate) ids: Vec<u32>,
    pub(crate) arrivals: Vec<u32>,
    pub(crate) separations: Vec<f32>,
    pub(crate) distances: Vec<f32>,
    pub(crate) ranks: Vec<u32>,
    /// Arrival of each exact neighbor, by rank, and its place among the visited rows; `NEVER` if it
    /// was not visited.
    pub(crate) arrival_of_rank: Vec<u32>,
    pub(crate) place_of_rank: Vec<u32>,
    /// The latest arrival up to each rank.
    pub(crate) latest_arrival: Vec<u32>,
    /// Whether the exact neighbors stand in exact order, before all other rows but the query.
    pub(crate) in_order: bool,
    /// Arrival and place of the query itself.
    pub(crate) own_arrival: u32,
    pub(crate) own_place: u32,
    /// The places of rows that are no exact neighbors.
    pub(crate) strange: Places,
    /// Ranks of the exact neighbors that can be reached from the graph's entry point.
    pub(crate) reachable_ranks: Places,
}

impl VisitedList {
    pub(crate) fn read<N: Neighborhoods>(
        &mut self,
        neighborhoods: &N,
        query: usize,
        row: u32,
        visits: &Visits,
        exact: &ExactList,
        metric: Metric,
    ) {
        let of_use =
            |visit: &Visit| visit.id == row || exact.rank_of[visit.id as usize] != UNKNOWN_RANK;
        take_of_use(
            visits.nearest_first(),
            exact.ids.len() + 1,
            of_use,
            &mut self.visits,
        );
        self.separations.clear();
        neighborhoods.separations(query, &self.visits, &mut self.separations);
        self.distances.clear();
        self.distances.extend(
            self.separations
                .iter()
                .map(|&separation| distance(metric, separation)),
        );
        self.ids.clear();
        self.arrivals.clear();
        self.ranks.clear();
        self.arrival_of_rank.clear();
        self.arrival_of_rank.resize(exact.ids.len(), NEVER);
        self.place_of_rank.clear();
        self.place_of_rank.resize(exact.ids.len(), NEVER);
        (self.own_arrival, self.own_place) = (NEVER, NEVER);
        self.in_order = true;
        let mut rank_before = 0;
        for (visit, place) in self.visits.iter().zip(0..) {
            let rank = exact.rank_of[visit.id as usize];
            self.ids.push(visit.id);
            self.arrivals.push(visit.arrival);
            self.ranks.push(rank);
            if rank != UNKNOWN_RANK {
                self.arrival_of_rank[rank as usize] = visit.arrival;
                self.place_of_rank[rank as usize] = place;
            }
            if visit.id == row {
                (self.own_arrival, self.own_place) = (visit.arrival, place);
            } else {
                self.in_order &= rank >= rank_before;
                rank_before = rank;
            }
        }
        self.latest_arrival.clear();
        self.latest_arrival
            .extend(self.arrival_of_rank.iter().scan(0, |latest, &arrival| {
                *latest = arrival.max(*latest);
                Some(*latest)
            }));
        self.strange.set_from(&self.ranks, UNKNOWN_RANK);
    }

    /// Whether the k nearest of the first `visited` visits are the exact neighbors, self left out.
    pub(crate) fn finds_all(&self, visited: usize, k: usize) -> bool {
        self.in_order && (self.latest_arrival[k - 1] as usize) < visited
    }

    /// Whether the nearest of the first `visited` visits is the query itself.
    pub(crate) fn finds_self_first(&self, visited: usize) -> bool {
        self.own_place == 0 && (self.own_arrival as usize) < visited
    }

    /// Notes which exact neighbors can be reached; `reachable` says so of every row.
    pub(crate) fn note_reachable(&mut self, exact: &ExactList, reachable: &[bool]) {
        self.reachable_ranks
            .set(exact.ids.iter().map(|&id| reachable[id as usize]));
    }
}

/// Puts into `taken` the visits that an answer of up to `most` rows can hold, and any others that
/// are `of_use`.
///
/// A row met after `most` nearer ones is in no answer. So the visits after the first 2 · `most` are
/// left out where they are farther than `most` of these: three quarters of all visits, for 500
/// neighbors of 10,000 rows at ef = 2,000.
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
}

/// Which columns of returned rows are wanted beside their ranks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Columns {
    pub(crate) ids: bool,
    pub(crate) separations: bool,
    pub(crate) distances: bool,
}

/// The returned rows of one answer; columns that were not wanted are empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReturnedRows {
    pub(crate) ids: Vec<u32>,
    pub(crate) separations: Vec<f32>,
    pub(crate) distances: Vec<f32>,
    pub(crate) ranks: Vec<u32>,
}

impl ReturnedRows {
    /// How many rows were returned.
    pub(crate) fn len(&self) -> usize {
        self.ranks.len()
    }

    /// Holds the rows of `list` at `picked`, in that order.
    fn gather(&mut self, list: &VisitedList, picked: &Places, columns: Columns) {
        fn gather_or_clear<T: Pod>(wanted: bool, picked: &Places, from: &[T], into: &mut Vec<T>) {
            if wanted {
                picked.gather(from, into);
            } else {
                into.clear();
            }
        }
        picked.gather(&list.ranks, &mut self.ranks);
        gather_or_clear(columns.ids, picked, &list.ids, &mut self.ids);
        gather_or_clear(
            columns.separations,
            picked,
            &list.separations,
            &mut self.separations,
        );
        gather_or_clear(
            columns.distances,
            picked,
            &list.distances,
            &mut self.distances,
        );
    }

    /// Replaces the exact ranks by places in `exact`.
    fn rank_among(&mut self, exact: &[u32]) {
        let places: HashMap<u32, u32> = exact.iter().copied().zip(0..).collect();
        self.ranks.clear();
        self.ranks.extend(
            self.ids
                .iter()
                .map(|id| places.get(id).copied().unwrap_or(UNKNOWN_RANK)),
        );
    }
}

/// One answer in both conventions.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// The k nearest, the query itself left out.
    pub(crate) returned: ReturnedRows,
    /// Places of the returned rows in the visited list.
    pub(crate) picked: Places,
    /// How many visits the answer was read from.
    pub(crate) visited: usize,
    /// Whether the first of the k + 1 nearest was the query itself.
    pub(crate) self_first: bool,
    /// The k + 1 nearest less the first, whatever it was.
    as_published: ReturnedRows,
    picked_as_published: Places,
}

impl Answer {
    /// Reads the answer for `k` neighbors from the first `visited` visits of `list`.
    pub(crate) fn read(&mut self, list: &VisitedList, visited: usize, k: usize, columns: Columns) {
        self.visited = visited;
        self.picked.set_under(&list.arrivals, visited as u32, k + 1);
        self.self_first = self.picked.first() == Some(list.own_place as usize);
        if !self.picked.remove(list.own_place as usize)
            && self.picked.count() > k
            && let Some(last) = self.picked.last()
        {
            self.picked.remove(last);
        }
        self.returned.gather(list, &self.picked, columns);
    }

    /// What the study would have seen of the answer for `k` neighbors, ranked among its own exact
    /// neighbors `exact` where those are not ours.
    pub(crate) fn rank_as_published(&mut self, list: &VisitedList, k: usize, exact: &[u32]) {
        self.picked_as_published
            .set_under(&list.arrivals, self.visited as u32, k + 1);
        if let Some(first) = self.picked_as_published.first() {
            self.picked_as_published.remove(first);
        }
        let columns = Columns {
            ids: true,
            separations: true,
            distances: false,
        };
        self.as_published
            .gather(list, &self.picked_as_published, columns);
        self.as_published.rank_among(exact);
    }

    /// The list that [`rank_as_published`](Self::rank_as_published) ranked.
    pub(crate) fn as_published(&self) -> &ReturnedRows {
        &self.as_published
    }
}

impl ExactList {
    /// The study's exact neighbors: the nearest with the query itself among them, less whichever
    /// stands first.
    pub(crate) fn as_published(&self, row: u32) -> Vec<u32> {
        match self.before_self {
            0 => self.ids.clone(),
            before => self.ids[1..before]
                .iter()
                .chain([&row])
                .chain(&self.ids[before..])
                .copied()
                .collect(),
        }
    }
}

fn distance(metric: Metric, separation: f32) -> f32 {
    match metric {
        Metric::L2 => separation.max(0.0).sqrt(),
        Metric::Cosine | Metric::InnerProduct => separation,
    }
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
