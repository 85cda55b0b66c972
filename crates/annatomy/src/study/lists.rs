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
    pub(crate) fn read<N: Neighborhoods>(&mut self, neighborhoods: &N, query: usize, row: u32, rows: usize, metric: Metric) {
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
    /// Arrival of the query itself.
    pub(crate) own_arrival: u32,
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
        self.own_arrival = NEVER;
        for visit in visits.nearest_first() {
            let rank = exact.rank_of[visit.id as usize];
            self.ids.push(visit.id);
            self.arrivals.push(visit.arrival);
            self.ranks.push(rank);
            if rank != UNKNOWN_RANK {
                self.arrival_of_rank[rank as usize] = visit.arrival;
            } else if visit.id == row {
                self.own_arrival = visit.arrival;
            }
        }
    }
}

/// The returned rows of one answer.
#[derive(Debug, Default)]
pub(crate) struct ReturnedRows {
    pub(crate) ids: Vec<u32>,
    pub(crate) separations: Vec<f32>,
    pub(crate) distances: Vec<f32>,
    pub(crate) ranks: Vec<u32>,
}

impl ReturnedRows {
    fn clear(&mut self) {
        self.ids.clear();
        self.separations.clear();
        self.distances.clear();
        self.ranks.clear();
    }

    fn push(&mut self, list: &VisitedList, index: usize) {
        self.ids.push(list.ids[index]);
        self.separations.push(list.separations[index]);
        self.distances.push(list.distances[index]);
        self.ranks.push(list.ranks[index]);
    }

    /// Replaces the exact ranks by places in `exact`.
    pub(crate) fn rank_among(&mut self, exact: &[u32]) {
        let places: HashMap<u32, u32> = exact.iter().copied().zip(0..).collect();
        self.ranks.clear();
        self.ranks.extend(self.ids.iter().map(|id| places.get(id).copied().unwrap_or(UNKNOWN_RANK)));
    }

    /// The `k` nearest among the first `visited` visits, the query itself left out.
    pub(crate) fn excluding_self(&mut self, list: &VisitedList, visited: usize, k: usize) {
        self.clear();
        for (index, &arrival) in list.arrivals.iter().enumerate() {
            if (arrival as usize) < visited && arrival != list.own_arrival {
                self.push(list, index);
                if self.ids.len() == k {
                    break;
                }
            }
        }
    }

    /// The k + 1 nearest among the first `visited` visits less the first of them, whichever it is; says whether that
    /// first was the query itself.
    pub(crate) fn dropping_column_0(&mut self, list: &VisitedList, visited: usize, k: usize) -> bool {
        self.clear();
        let mut first = None;
        for (index, &arrival) in list.arrivals.iter().enumerate() {
            if (arrival as usize) < visited {
                if first.is_none() {
                    first = Some(arrival);
                    continue;
                }
                self.push(list, index);
                if self.ids.len() == k {
                    break;
                }
            }
        }
        first == Some(list.own_arrival) && list.own_arrival != NEVER
    }
}

fn distance(metric: Metric, separation: f32) -> f32 {
    match metric {
        Metric::L2 => separation.max(0.0).sqrt(),
        Metric::Cosine | Metric::InnerProduct => separation,
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
