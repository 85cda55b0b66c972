//! The exact neighbors of every query, and the state in which one query's lists are read.

use super::error::AuditError;
use super::sight::Sight;
use annatomy_eval::dataset::Base;
use annatomy_eval::dataset::Dataset;
use annatomy_hnsw::Visits;
use annatomy_knn::{NeighborTable, PairTable, Queries, exact_knn};
use annatomy_measures::corrected::{ExactSide, UNKNOWN_RANK};
use annatomy_vectors::{PointId, validate};

/// The exact `k` nearest of every query, certified; itself excluded by id.
pub(super) fn neighbors(
    data: &Dataset,
    k: usize,
    budget_bytes: u64,
) -> Result<NeighborTable, AuditError> {
    let numbers = &data.queries.numbers;
    let queries = match (data.queries.held_out_rows(), &data.base) {
        (Some(rows), _) => Queries::HeldOut(rows),
        (None, Base::InMemory(base)) if numbers.len() == base.view().rows() => {
            Queries::AllRows(base.view())
        }
        (None, Base::InMemory(base)) => Queries::SomeRows(base.view(), numbers),
        (None, Base::Streamed { drawn, .. }) => Queries::DrawnRows(drawn.view(), numbers),
    };
    Ok(exact_knn(
        &data.base,
        queries,
        k,
        data.metric,
        budget_bytes,
    )?)
}

/// The same, read from a table of all pairs.
pub(super) fn neighbors_in(table: &PairTable, data: &Dataset, k: usize) -> NeighborTable {
    let (mut ids, mut distances) = (Vec::new(), Vec::new());
    for &query in &data.queries.numbers {
        let others = table
            .nearest(query)
            .iter()
            .filter(|&&id| id as usize != query)
            .take(k);
        for &id in others {
            ids.push(Some(PointId(id)));
            distances.push(table.distance(table.row(query)[id as usize]));
        }
    }
    NeighborTable::new(k, ids, distances)
}

/// How many rows repeat an earlier one.
pub(super) fn duplicate_rows(data: &Dataset) -> usize {
    match &data.base {
        Base::InMemory(base) => validate::duplicates(base.view()).repeated,
        Base::Streamed { rows, .. } => rows.repeated(),
    }
}

/// One query's exact neighbors, and the places of all rows among them; reused from query to query.
#[derive(Debug, Default)]
pub(super) struct ExactList {
    pub(super) ids: Vec<u32>,
    pub(super) side: ExactSide,
    /// Exact rank of every base row; `UNKNOWN_RANK` beyond the list.
    rank_of: Vec<u32>,
}

impl ExactList {
    pub(super) fn read(&mut self, exact: &NeighborTable, query: usize, base_rows: usize) {
        self.rank_of.resize(base_rows, UNKNOWN_RANK);
        for &id in &self.ids {
            self.rank_of[id as usize] = UNKNOWN_RANK;
        }
        self.ids.clear();
        self.ids
            .extend(exact.ids(query).iter().flatten().map(|id| id.0));
        for (rank, &id) in (0..).zip(&self.ids) {
            self.rank_of[id as usize] = rank;
        }
        self.side.set(exact.distances(query));
    }

    pub(super) fn rank(&self, id: u32) -> u32 {
        self.rank_of[id as usize]
    }

    /// The distance of row `id`: the exact list's where it is in it, so that no rounding makes it
    /// look farther than itself.
    pub(super) fn distance_or(&self, id: u32, distance: impl FnOnce() -> f32) -> f32 {
        match self.rank(id) {
            UNKNOWN_RANK => distance(),
            rank => self.side.distances()[rank as usize],
        }
    }
}

/// Everything one traversal visited but the query itself, by (distance, exact rank).
#[derive(Debug, Default)]
pub(super) struct VisitedList {
    pub(super) rows: Vec<VisitedRow>,
    /// When the query itself was visited; `u32::MAX` for held-out queries and where it was not.
    pub(super) own_arrival: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct VisitedRow {
    pub(super) id: u32,
    pub(super) rank: u32,
    pub(super) distance: f32,
    pub(super) arrival: u32,
}

impl VisitedList {
    pub(super) fn read<S: Sight>(
        &mut self,
        sight: &S,
        data: &Dataset,
        query: usize,
        visits: &Visits,
        exact: &ExactList,
    ) {
        let own = data.queries.own_id(query);
        self.own_arrival = u32::MAX;
        self.rows.clear();
        for visit in visits.nearest_first() {
            if Some(visit.id) == own {
                self.own_arrival = visit.arrival;
                continue;
            }
            let distance = exact.distance_or(visit.id, || sight.distance(query, visit));
            let (id, rank, arrival) = (visit.id, exact.rank(visit.id), visit.arrival);
            self.rows.push(VisitedRow {
                id,
                rank,
                distance,
                arrival,
            });
        }
        self.rows
            .sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.rank.cmp(&b.rank)));
    }
}
