//! Oracle of the published conventions: figures from the study's tables, row by row as its notebook
//! computes them.
//!
//! Enters: embeddings and two tables of n rows × columns slots, as FAISS returns them. Leaves:
//! [`Figures`] for one k. Cost: O(n·k·d) for the barycenters.

use annatomy_measures::published::{
    Artefacts, Columns, Figures, row_barycenter_shift, row_lid_plain, row_mean, row_overlap,
};
use annatomy_vectors::MatrixView;

/// n rows of (id, squared distance) slots, nearest first; column 0 is taken for the query itself.
/// Empty slots hold −1 and `FLT_MAX`.
#[derive(Clone, Copy, Debug)]
pub struct StudyTable<'a> {
    columns: usize,
    ids: &'a [i64],
    distances_squared: &'a [f32],
}

impl<'a> StudyTable<'a> {
    pub fn new(columns: usize, ids: &'a [i64], distances_squared: &'a [f32]) -> Self {
        assert_eq!(ids.len() % columns, 0, "whole rows");
        assert_eq!(ids.len(), distances_squared.len());
        Self {
            columns,
            ids,
            distances_squared,
        }
    }

    pub fn rows(&self) -> usize {
        self.ids.len() / self.columns
    }

    fn first_id(&self, row: usize) -> i64 {
        self.ids[row * self.columns]
    }

    /// Ids of columns 1..=k.
    pub fn neighbor_ids(&self, row: usize, k: usize) -> &'a [i64] {
        &self.ids[row * self.columns + 1..][..k]
    }

    /// Squared distances of columns 1..=k.
    pub fn neighbor_distances(&self, row: usize, k: usize) -> &'a [f32] {
        &self.distances_squared[row * self.columns + 1..][..k]
    }

    fn empty_slots(&self, row: usize, k: usize) -> u64 {
        let ids = self.neighbor_ids(row, k);
        ids.iter().filter(|&&id| id < 0).count() as u64
    }
}

/// The study's figures at `k`, for tables of at least k + 1 columns whose row i belongs to row i of
/// `vectors`.
pub fn study_figures(
    vectors: MatrixView<'_>,
    exact: &StudyTable<'_>,
    returned: &StudyTable<'_>,
    k: usize,
) -> Figures {
    let (mut overlaps, mut barycenter_shifts) = (Vec::new(), Vec::new());
    let (mut exact_means, mut returned_means) = (Vec::new(), Vec::new());
    let (mut lids_exact, mut lids_returned) = (Vec::new(), Vec::new());
    let mut artefacts = Artefacts::default();
    assert_eq!(
        (exact.rows(), returned.rows()),
        (vectors.rows(), vectors.rows())
    );
    for row in 0..vectors.rows() {
        let (exact_ids, ids) = (exact.neighbor_ids(row, k), returned.neighbor_ids(row, k));
        let exact_distances = exact.neighbor_distances(row, k);
        let distances = returned.neighbor_distances(row, k);
        let exact_mean = row_mean(exact_distances);
        overlaps.push(row_overlap(exact_ids, ids, k));
        exact_means.push(exact_mean);
        returned_means.push(row_mean(distances));
        barycenter_shifts.push(row_barycenter_shift(vectors, exact_ids, ids, exact_mean));
        lids_exact.push(row_lid_plain(exact_distances));
        lids_returned.push(row_lid_plain(distances));
        let empty = returned.empty_slots(row, k);
        artefacts.empty_slots += empty;
        artefacts.rows_with_one_empty_slot += u64::from(empty == 1);
        artefacts.self_not_first += u64::from(returned.first_id(row) != row as i64);
    }
    let columns = Columns {
        overlaps: &overlaps,
        exact_means: &exact_means,
        returned_means: &returned_means,
        barycenter_shifts: &barycenter_shifts,
        lids_exact: &lids_exact,
        lids_returned: &lids_returned,
    };
    columns.figures(artefacts)
}
