//! What an engine returns for (effort, k): the k nearest of the first V(effort) visits.
//!
//! Enters: a [`VisitedList`], the number of visits at an effort, k. Leaves: an [`Answer`] in both
//! conventions: the query left out by id (corrected), or the first of k + 1 left out whatever it is
//! (published). Cost: O(visited / 16) to select, and the columns that are asked for.

use super::{UNKNOWN_RANK, VisitedList};
use annatomy_vectors::BitSet;
use bytemuck::Pod;
use std::collections::HashMap;

/// Which columns of returned rows are wanted besides their ranks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Columns {
    /// Ids.
    pub ids: bool,
    /// Reduced distances.
    pub reduced: bool,
    /// Geometric distances.
    pub distances: bool,
}

/// The returned rows of one answer; columns that were not wanted are empty.
#[derive(Clone, Debug, Default)]
pub struct ReturnedRows {
    /// Ids.
    pub ids: Vec<u32>,
    /// Reduced distances.
    pub reduced: Vec<f32>,
    /// Geometric distances.
    pub distances: Vec<f32>,
    /// Exact ranks.
    pub ranks: Vec<u32>,
}

impl ReturnedRows {
    /// How many rows were returned.
    pub fn len(&self) -> usize {
        self.ranks.len()
    }

    /// Whether nothing was returned.
    pub fn is_empty(&self) -> bool {
        self.ranks.is_empty()
    }

    /// Holds the rows of `list` at `picked`, in that order.
    fn gather(&mut self, list: &VisitedList, picked: &BitSet, columns: Columns) {
        fn gather_or_clear<T: Pod>(wanted: bool, picked: &BitSet, from: &[T], into: &mut Vec<T>) {
            if wanted {
                picked.gather(from, into);
            } else {
                into.clear();
            }
        }
        picked.gather(&list.ranks, &mut self.ranks);
        gather_or_clear(columns.ids, picked, &list.ids, &mut self.ids);
        gather_or_clear(columns.reduced, picked, &list.reduced, &mut self.reduced);
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
pub struct Answer {
    /// The k nearest, the query itself left out.
    pub returned: ReturnedRows,
    /// BitSet of the returned rows in the visited list.
    pub(crate) picked: BitSet,
    /// How many visits the answer was read from.
    pub visited: usize,
    /// Whether the first of the k + 1 nearest was the query itself.
    pub self_first: bool,
    /// The k + 1 nearest less the first, whatever it was.
    as_published: ReturnedRows,
    picked_as_published: BitSet,
}

impl Answer {
    /// Reads the answer for `k` neighbors from the first `visited` visits of `list`.
    pub fn read(&mut self, list: &VisitedList, visited: usize, k: usize, columns: Columns) {
        self.visited = visited;
        self.picked
            .assign_less_than(&list.arrivals, visited as u32, k + 1);
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
    pub fn rank_as_published(&mut self, list: &VisitedList, k: usize, exact: &[u32]) {
        self.picked_as_published
            .assign_less_than(&list.arrivals, self.visited as u32, k + 1);
        if let Some(first) = self.picked_as_published.first() {
            self.picked_as_published.remove(first);
        }
        let columns = Columns {
            ids: true,
            reduced: true,
            distances: false,
        };
        self.as_published
            .gather(list, &self.picked_as_published, columns);
        self.as_published.rank_among(exact);
    }

    /// The list that [`rank_as_published`](Self::rank_as_published) ranked.
    pub fn as_published(&self) -> &ReturnedRows {
        &self.as_published
    }
}
