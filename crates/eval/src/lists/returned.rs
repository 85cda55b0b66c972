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

/// The visits that an answer is taken from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prefix<'p> {
    /// Per row of the visited list its arrival, or [`NEVER`](super::NEVER) to leave it out.
    pub(crate) arrivals: &'p [u32],
    /// How many visits were made.
    pub(crate) visited: usize,
    /// The most rows returned.
    pub(crate) rows: usize,
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
    /// Reads the answer for `k` neighbors from the first `visited` visits of `list`: the engine
    /// returns k + 1 rows, and the query itself is left out.
    pub fn read(&mut self, list: &VisitedList, visited: usize, k: usize, columns: Columns) {
        let prefix = Prefix {
            arrivals: &list.arrivals,
            visited,
            rows: k + 1,
        };
        self.read_of(list, prefix, k, columns);
    }

    /// As [`read`](Self::read), of an engine that returns other rows than the k + 1 nearest.
    pub(crate) fn read_of(
        &mut self,
        list: &VisitedList,
        prefix: Prefix<'_>,
        k: usize,
        columns: Columns,
    ) {
        let Prefix {
            arrivals,
            visited,
            rows,
        } = prefix;
        self.visited = visited;
        self.picked.assign_less_than(arrivals, visited as u32, rows);
        self.self_first = self.picked.first() == Some(list.own_place as usize);
        self.picked.remove(list.own_place as usize);
        while self.picked.count() > k
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::NEVER;

    const ALL: Columns = Columns {
        ids: true,
        reduced: true,
        distances: true,
    };

    /// 40 rows at distance 0, 1, 2, …, visited in a scrambled order; the query itself is row
    /// `own`, at distance 0.
    fn list(own: Option<u32>) -> VisitedList {
        let mut list = VisitedList {
            own_arrival: NEVER,
            own_place: NEVER,
            ..VisitedList::default()
        };
        for place in 0..40u32 {
            let id = 100 + place;
            list.ids.push(id);
            list.arrivals.push(place * 17 % 40);
            list.reduced.push((place * place) as f32);
            list.distances.push(place as f32);
            list.ranks
                .push(if place < 10 { place } else { UNKNOWN_RANK });
            if Some(id) == own {
                (list.own_arrival, list.own_place) = (place * 17 % 40, place);
            }
        }
        list
    }

    /// The same by the definition.
    fn plain(list: &VisitedList, own: Option<u32>, visited: usize, k: usize) -> Vec<u32> {
        let rows = list.ids.iter().zip(&list.arrivals);
        let seen = rows.filter(|&(_, &arrival)| (arrival as usize) < visited);
        let asked: Vec<u32> = seen.map(|(&id, _)| id).take(k + 1).collect();
        let others = asked.into_iter().filter(|&id| Some(id) != own);
        others.take(k).collect()
    }

    #[test]
    fn the_k_nearest_of_the_first_visits_without_the_query() {
        for own in [None, Some(100), Some(117), Some(139)] {
            let list = list(own);
            let mut answer = Answer::default();
            for visited in [0, 1, 2, 7, 23, 40] {
                for k in [0, 1, 5, 12, 39] {
                    answer.read(&list, visited, k, ALL);
                    let expected = plain(&list, own, visited, k);
                    assert_eq!(answer.returned.ids, expected, "own {own:?}, {visited}, {k}");
                    assert_eq!(answer.returned.len(), expected.len());
                    assert_eq!(answer.returned.is_empty(), expected.is_empty());
                    for (slot, &id) in expected.iter().enumerate() {
                        let place = (id - 100) as f32;
                        assert_eq!(answer.returned.distances[slot], place);
                        assert_eq!(answer.returned.reduced[slot], place * place);
                    }
                }
            }
        }
    }

    #[test]
    fn columns_that_are_not_wanted_are_empty() {
        let list = list(None);
        let mut answer = Answer::default();
        answer.read(&list, 40, 5, ALL);
        answer.read(&list, 40, 5, Columns::default());
        assert!(answer.returned.ids.is_empty() && answer.returned.reduced.is_empty());
        assert_eq!(
            answer.returned.ranks,
            [0, 1, 2, 3, 4],
            "ranks are always there"
        );
    }

    #[test]
    fn the_published_study_drops_the_first_row_whatever_it_is() {
        // The query is row 102: two rows stand before it.
        let list = list(Some(102));
        let mut answer = Answer::default();
        answer.read(&list, 40, 3, ALL);
        assert_eq!(answer.returned.ids, [100, 101, 103]);
        assert!(!answer.self_first);
        answer.rank_as_published(&list, 3, &[101, 102, 103]);
        assert_eq!(answer.as_published().ids, [101, 102, 103]);
        assert_eq!(answer.as_published().ranks, [0, 1, 2]);
    }
}
