//! The neighbor lists of one query: exact, visited, returned.
//!
//! Enters: a recorded traversal. Leaves: for any ef, the returned rows with distance, separation and exact rank, self
//! excluded by id, and what the study would have seen with column 0 taken for self.

use super::neighborhoods::Neighborhoods;
use annatomy_geometry::corrected::{ExactSide, UNKNOWN_RANK};
use annatomy_hnsw::Visits;
use annatomy_vectors::Metric;
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
    /// How many neighbors stand before the query itself in (separation, id) order: duplicates of smaller id.
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
        self.distances.extend(self.separations.iter().map(|&separation| distance(metric, separation)));
        self.side.set(&self.distances);
        let pairs = self.separations.iter().zip(&self.ids);
        self.before_self = pairs.take_while(|&(&separation, &id)| separation <= 0.0 && id < row).count();
    }
}

/// Every row one traversal visited, nearest first, with what the measures need of it.
#[derive(Debug, Default)]
pub(crate) struct VisitedList {
    pub(crate) ids: Vec<u32>,
    pub(crate) arrivals: Vec<u32>,
    pub(crate) separations: Vec<f32>,
    pub(crate) distances: Vec<f32>,
    pub(crate) ranks: Vec<u32>,
    /// Arrival of each exact neighbor, by rank; `NEVER` if it was not visited.
    pub(crate) arrival_of_rank: Vec<u32>,
    /// Arrival of the query itself, and its place among the visited rows; `NEVER` if it was not visited.
    pub(crate) own_arrival: u32,
    pub(crate) own_place: u32,
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
        self.separations.clear();
        neighborhoods.separations(query, visits.nearest_first(), &mut self.separations);
        self.distances.clear();
        self.distances.extend(self.separations.iter().map(|&separation| distance(metric, separation)));
        self.ids.clear();
        self.arrivals.clear();
        self.ranks.clear();
        self.arrival_of_rank.clear();
        self.arrival_of_rank.resize(exact.ids.len(), NEVER);
        (self.own_arrival, self.own_place) = (NEVER, NEVER);
        for (visit, place) in visits.nearest_first().iter().zip(0..) {
            let rank = exact.rank_of[visit.id as usize];
            self.ids.push(visit.id);
            self.arrivals.push(visit.arrival);
            self.ranks.push(rank);
            if rank != UNKNOWN_RANK {
                self.arrival_of_rank[rank as usize] = visit.arrival;
            } else if visit.id == row {
                (self.own_arrival, self.own_place) = (visit.arrival, place);
            }
        }
    }
}

/// The returned rows of one answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReturnedRows {
    pub(crate) ids: Vec<u32>,
    pub(crate) separations: Vec<f32>,
    pub(crate) distances: Vec<f32>,
    pub(crate) ranks: Vec<u32>,
}

impl ReturnedRows {
    /// Holds the rows of `list` at `picked`, in that order.
    fn gather(&mut self, list: &VisitedList, picked: &[u32]) {
        fn take<T: Copy>(into: &mut Vec<T>, from: &[T], picked: &[u32]) {
            into.clear();
            into.extend(picked.iter().map(|&index| from[index as usize]));
        }
        take(&mut self.ids, &list.ids, picked);
        take(&mut self.separations, &list.separations, picked);
        take(&mut self.distances, &list.distances, picked);
        take(&mut self.ranks, &list.ranks, picked);
    }

    /// Replaces the exact ranks by places in `exact`.
    pub(crate) fn rank_among(&mut self, exact: &[u32]) {
        let places: HashMap<u32, u32> = exact.iter().copied().zip(0..).collect();
        self.ranks.clear();
        self.ranks.extend(self.ids.iter().map(|id| places.get(id).copied().unwrap_or(UNKNOWN_RANK)));
    }
}

/// One answer in both conventions.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// The k nearest, the query itself left out.
    pub(crate) returned: ReturnedRows,
    /// The k + 1 nearest less the first, where that was not the query itself.
    as_published: ReturnedRows,
    /// Whether the first of the k + 1 nearest was the query itself.
    pub(crate) self_first: bool,
    picked: Vec<u32>,
}

impl Answer {
    /// Reads the answer for `k` neighbors from the first `visited` visits of `list`.
    pub(crate) fn read(&mut self, list: &VisitedList, visited: usize, k: usize) {
        list.nearest(visited, k + 1, &mut self.picked);
        self.self_first = self.picked.first() == Some(&list.own_place);
        if !self.self_first {
            self.as_published.gather(list, self.picked.get(1..).unwrap_or_default());
        }
        if let Ok(own) = self.picked.binary_search(&list.own_place) {
            self.picked.remove(own);
        }
        self.picked.truncate(k);
        self.returned.gather(list, &self.picked);
    }

    /// Places in the visited list of the returned rows, ascending.
    pub(crate) fn picked(&self) -> &[u32] {
        &self.picked
    }

    /// What the study would have seen, ranked among its own exact neighbors `exact` where those are not ours.
    pub(crate) fn rank_as_published(&mut self, exact: &[u32]) {
        if self.self_first {
            self.as_published.clone_from(&self.returned);
        }
        self.as_published.rank_among(exact);
    }

    /// The list that [`rank_as_published`](Self::rank_as_published) ranked.
    pub(crate) fn as_published(&self) -> &ReturnedRows {
        &self.as_published
    }
}

impl VisitedList {
    /// Places of the `count` nearest among the first `visited` visits. Written without a branch on the arrival, which
    /// no predictor could follow.
    fn nearest(&self, visited: usize, count: usize, picked: &mut Vec<u32>) {
        const STRIDE: usize = 32;
        picked.clear();
        picked.resize(count + STRIDE, 0);
        let (mut found, mut index) = (0, 0);
        for arrivals in self.arrivals.chunks(STRIDE) {
            for &arrival in arrivals {
                picked[found] = index;
                found += usize::from((arrival as usize) < visited);
                index += 1;
            }
            if found >= count {
                break;
            }
        }
        picked.truncate(found.min(count));
    }
}

impl ExactList {
    /// The study's exact neighbors: the nearest with the query itself among them, less whichever stands first.
    pub(crate) fn as_published(&self, row: u32) -> Vec<u32> {
        match self.before_self {
            0 => self.ids.clone(),
            before => self.ids[1..before].iter().chain([&row]).chain(&self.ids[before..]).copied().collect(),
        }
    }
}

fn distance(metric: Metric, separation: f32) -> f32 {
    match metric {
        Metric::L2 => separation.max(0.0).sqrt(),
        Metric::Cosine | Metric::InnerProduct => separation,
    }
}
