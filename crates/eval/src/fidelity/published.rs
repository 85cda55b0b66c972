//! The study's arithmetic on two tables of ids: squared distances, column 0 taken for self, −1 at
//! `FLT_MAX`.

use super::{IdTable, Subject};
use annatomy_measures::published::{
    EMPTY_DISTANCE, Figures, PublishedRow, row_barycenter_shift, row_lid_plain, row_mean,
    row_overlap,
};
use annatomy_vectors::PointId;

/// Both tables as the study reads them.
pub(super) struct Published<'a> {
    subject: Subject<'a>,
    exact: Slots<'a>,
    returned: Slots<'a>,
}

/// A table and how many leading columns are dropped of it.
#[derive(Clone, Copy)]
struct Slots<'a> {
    table: IdTable<'a>,
    dropped: usize,
}

impl<'a> Slots<'a> {
    fn new(subject: &Subject<'_>, table: IdTable<'a>) -> Self {
        Self {
            table,
            dropped: usize::from(subject.queries.is_none() && table.holds_self()),
        }
    }

    /// The first `k` slots of a row; those the table does not have are empty.
    fn row(&self, row: usize, k: usize) -> Vec<i64> {
        let slots = self.table.row(row).iter().copied().skip(self.dropped);
        slots.chain(std::iter::repeat(-1)).take(k).collect()
    }
}

impl<'a> Published<'a> {
    pub(super) fn new(subject: &Subject<'a>, exact: IdTable<'a>, returned: IdTable<'a>) -> Self {
        Self {
            subject: *subject,
            exact: Slots::new(subject, exact),
            returned: Slots::new(subject, returned),
        }
    }

    /// One query at every k.
    pub(super) fn rows(&self, query: usize, ks: &[usize]) -> Vec<PublishedRow> {
        let largest_k = ks.last().copied().unwrap_or(0);
        let (exact, returned) = (
            self.exact.row(query, largest_k),
            self.returned.row(query, largest_k),
        );
        let (exact_distances, returned_distances) = (
            self.distances(query, &exact),
            self.distances(query, &returned),
        );
        let first = self.returned.table.row(query)[0];
        let self_not_first = self.returned.dropped > 0 && first != query as i64;
        let row = |&k: &usize| {
            let exact_mean = row_mean(&exact_distances[..k]);
            PublishedRow {
                overlap: row_overlap(&exact[..k], &returned[..k], k),
                exact_mean,
                returned_mean: row_mean(&returned_distances[..k]),
                barycenter_shift: row_barycenter_shift(
                    self.subject.rows,
                    &exact[..k],
                    &returned[..k],
                    exact_mean,
                ),
                lid_exact: row_lid_plain(&exact_distances[..k]),
                lid_returned: row_lid_plain(&returned_distances[..k]),
                empty_slots: returned[..k].iter().filter(|&&id| id < 0).count() as u32,
                self_not_first,
            }
        };
        ks.iter().map(row).collect()
    }

    fn distances(&self, query: usize, ids: &[i64]) -> Vec<f32> {
        let squared = |&id: &i64| match u32::try_from(id) {
            Ok(id) => self.subject.separation(query, PointId(id)) as f32,
            Err(_) => EMPTY_DISTANCE,
        };
        ids.iter().map(squared).collect()
    }

    /// The study's figures at the k of index `index`, from the rows of all queries.
    pub(super) fn figures(rows: &[PublishedRow], index: usize, ks: &[usize]) -> Figures {
        let rows: Vec<PublishedRow> = rows.iter().skip(index).step_by(ks.len()).copied().collect();
        Figures::of_rows(&rows)
    }
}
