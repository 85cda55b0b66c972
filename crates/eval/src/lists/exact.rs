//! The exact neighbors of one query, self excluded, nearest first.

use super::UNKNOWN_RANK;
use crate::ground_truth::GroundTruth;
use annatomy_measures::corrected::ExactSide;

/// The exact neighbors of one query, in columns.
#[derive(Debug, Default)]
pub struct ExactList {
    /// Ids, nearest first.
    pub ids: Vec<u32>,
    /// Reduced distances, ascending.
    pub reduced: Vec<f32>,
    /// Geometric distances, ascending, with their prefix sums.
    pub side: ExactSide,
    /// Exact rank of every row of the base; [`UNKNOWN_RANK`] beyond the list.
    rank_of: Vec<u32>,
    /// Neighbors before the query itself in (reduced distance, id) order: duplicates of smaller id.
    pub before_self: usize,
    geometric: Vec<f32>,
}

impl ExactList {
    /// Replaces the list by that of query number `query`.
    pub fn read(&mut self, truth: &GroundTruth<'_>, query: usize) {
        if self.rank_of.len() == truth.base_rows() {
            for &id in &self.ids {
                self.rank_of[id as usize] = UNKNOWN_RANK;
            }
        } else {
            self.rank_of = vec![UNKNOWN_RANK; truth.base_rows()];
        }
        truth.read(query, &mut self.ids, &mut self.reduced, &mut self.geometric);
        for (&id, rank) in self.ids.iter().zip(0..) {
            self.rank_of[id as usize] = rank;
        }
        self.side.set(&self.geometric);
        let own = truth.queries().own_id(query);
        self.before_self = own.map_or(0, |own| {
            let pairs = self.reduced.iter().zip(&self.ids);
            pairs
                .take_while(|&(&reduced, &id)| reduced <= 0.0 && id < own)
                .count()
        });
    }

    /// The 0-based rank of a row, [`UNKNOWN_RANK`] beyond the list.
    pub fn rank(&self, id: u32) -> u32 {
        self.rank_of[id as usize]
    }

    /// The geometric distance of a row: the list's own where the row is an exact neighbor, so that
    /// a neighbor that was found is never off by rounding.
    pub fn distance_or(&self, id: u32, distance: impl FnOnce() -> f32) -> f32 {
        match self.rank(id) {
            UNKNOWN_RANK => distance(),
            rank => self.side.distances()[rank as usize],
        }
    }

    /// The published study's exact neighbors: the nearest with the query itself among them, less
    /// whichever stands first.
    pub fn as_published(&self, own: u32) -> Vec<u32> {
        match self.before_self {
            0 => self.ids.clone(),
            before => self.ids[1..before]
                .iter()
                .chain([&own])
                .chain(&self.ids[before..])
                .copied()
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_knn::Queries;
    use annatomy_vectors::{Matrix, Metric};

    #[test]
    fn a_duplicate_of_smaller_id_stands_before_the_query_itself() {
        let rows = Matrix::new(4, 1, vec![5.0, 5.0, 5.0, 9.0]).expect("shape");
        let truth = GroundTruth::compute(
            &rows.view(),
            Queries::AllRows(rows.view()),
            3,
            Metric::L2,
            1 << 20,
        )
        .expect("small");
        let mut list = ExactList::default();
        list.read(&truth, 2);
        assert_eq!((list.ids.as_slice(), list.before_self), (&[0, 1, 3][..], 2));
        assert_eq!(list.as_published(2), [1, 2, 3]);
        list.read(&truth, 0);
        assert_eq!((list.ids.as_slice(), list.before_self), (&[1, 2, 3][..], 0));
        assert_eq!((list.rank(3), list.rank(0)), (2, UNKNOWN_RANK));
        assert_eq!(list.distance_or(3, || 7.0), 4.0);
        assert_eq!(list.distance_or(0, || 7.0), 7.0);
    }
}
