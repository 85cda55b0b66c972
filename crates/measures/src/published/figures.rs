//! From one figure per query to the study's figures at one k.
//!
//! Enters: columns of per-query figures. Leaves: [`Figures`], means as `NumPy` takes them.

use serde::{Deserialize, Serialize};

use super::pairwise::{column_mean, column_mean_f64};

/// The study's figures at one k of one condition, under its own key names.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Mean of |E∩A|/k.
    pub mean_overlap: f64,
    /// Mean squared distance to the exact neighbors, over rows kept.
    pub mean_exact_dist: f64,
    /// Mean squared distance to the returned slots, empty ones as `FLT_MAX`, over rows kept; may be
    /// infinite.
    pub mean_ann_dist: f64,
    /// Mean of a length over a squared length.
    pub mean_barycenter_shift: f64,
    /// `mean_lid_ann` − `mean_lid_exact`.
    pub mean_lid_diff: f64,
    /// Mean LID of the exact rows, from squared distances.
    pub mean_lid_exact: f64,
    /// Mean LID of the returned rows.
    pub mean_lid_ann: f64,
    /// What the arithmetic did to the figures above.
    pub artefacts: Artefacts,
}

/// Counts of the arithmetic's artefacts at one k, over all queries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artefacts {
    /// Slots with id −1, distance `FLT_MAX`.
    pub empty_slots: u64,
    /// Rows with exactly one empty slot: kept, `FLT_MAX`/k each in the mean distance.
    pub rows_with_one_empty_slot: u64,
    /// Rows whose mean distance is not finite, as where two or more empty slots overflow float32:
    /// dropped from both mean distances.
    pub rows_dropped: u64,
    /// Rows whose column 0 of the returned table was not the query itself.
    pub self_not_first: u64,
}

/// One query at one k, as the study takes it.
#[derive(Clone, Copy, Debug, Default)]
pub struct PublishedRow {
    /// Distinct ids in common over k.
    pub overlap: f64,
    /// Mean squared distance to the exact neighbors.
    pub exact_mean: f32,
    /// Mean squared distance to the returned slots; infinite with two or more of them empty.
    pub returned_mean: f32,
    /// A length over a squared length.
    pub barycenter_shift: f64,
    /// LID of the exact neighbors, from squared distances.
    pub lid_exact: f32,
    /// LID of the returned slots.
    pub lid_returned: f32,
    /// Slots with id −1.
    pub empty_slots: u32,
    /// Whether column 0 of the returned table is taken for the query and is not.
    pub self_not_first: bool,
}

/// One figure per query at one k; all six of the same length, in query order.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// |E∩A|/k, see [`row_overlap`](super::row_overlap).
    pub overlaps: &'a [f64],
    /// Mean squared distances, see [`row_mean`](super::row_mean).
    pub exact_means: &'a [f32],
    /// Those of the returned slots, see [`row_mean_of_slots`](super::row_mean_of_slots).
    pub returned_means: &'a [f32],
    /// See [`row_barycenter_shift`](super::row_barycenter_shift).
    pub barycenter_shifts: &'a [f64],
    /// See [`row_lids`](super::row_lids).
    pub lids_exact: &'a [f32],
    /// Those of the returned slots.
    pub lids_returned: &'a [f32],
}

/// A figure's key name, and the figure.
pub type NamedFigure = (&'static str, fn(&Figures) -> f64);

impl Figures {
    /// Every figure under the study's key name, in the order of its files.
    pub const NAMED: [NamedFigure; 7] = [
        ("mean_overlap", |of| of.mean_overlap),
        ("mean_exact_dist", |of| of.mean_exact_dist),
        ("mean_ann_dist", |of| of.mean_ann_dist),
        ("mean_barycenter_shift", |of| of.mean_barycenter_shift),
        ("mean_lid_diff", |of| of.mean_lid_diff),
        ("mean_lid_exact", |of| of.mean_lid_exact),
        ("mean_lid_ann", |of| of.mean_lid_ann),
    ];

    /// The study's figures of all queries at one k.
    pub fn of_rows(rows: &[PublishedRow]) -> Self {
        let count =
            |is: fn(&PublishedRow) -> bool| rows.iter().filter(|row| is(row)).count() as u64;
        let wide = |of: fn(&PublishedRow) -> f64| rows.iter().map(of).collect::<Vec<_>>();
        let narrow = |of: fn(&PublishedRow) -> f32| rows.iter().map(of).collect::<Vec<_>>();
        let columns = Columns {
            overlaps: &wide(|row| row.overlap),
            exact_means: &narrow(|row| row.exact_mean),
            returned_means: &narrow(|row| row.returned_mean),
            barycenter_shifts: &wide(|row| row.barycenter_shift),
            lids_exact: &narrow(|row| row.lid_exact),
            lids_returned: &narrow(|row| row.lid_returned),
        };
        columns.figures(Artefacts {
            empty_slots: rows.iter().map(|row| u64::from(row.empty_slots)).sum(),
            rows_with_one_empty_slot: count(|row| row.empty_slots == 1),
            rows_dropped: 0,
            self_not_first: count(|row| row.self_not_first),
        })
    }
}

impl Columns<'_> {
    /// The study's figures. `artefacts` holds the caller's counts; its `rows_dropped` is counted
    /// here.
    ///
    /// # Panics
    /// If the mean columns differ in length.
    pub fn figures(&self, artefacts: Artefacts) -> Figures {
        let (exact, returned) = self.finite_rows();
        let rows_dropped = (self.exact_means.len() - exact.len()) as u64;
        let lid_exact = f64::from(column_mean(self.lids_exact));
        let lid_ann = f64::from(column_mean(self.lids_returned));
        Figures {
            mean_overlap: column_mean_f64(self.overlaps),
            mean_exact_dist: f64::from(column_mean(&exact)),
            mean_ann_dist: f64::from(column_mean(&returned)),
            mean_barycenter_shift: column_mean_f64(self.barycenter_shifts),
            mean_lid_diff: lid_ann - lid_exact,
            mean_lid_exact: lid_exact,
            mean_lid_ann: lid_ann,
            artefacts: Artefacts {
                rows_dropped,
                ..artefacts
            },
        }
    }

    /// `me[ok]`, `ma[ok]`: a row that is not finite in either is dropped from both.
    fn finite_rows(&self) -> (Vec<f32>, Vec<f32>) {
        assert_eq!(
            self.exact_means.len(),
            self.returned_means.len(),
            "one mean per query on both sides"
        );
        let pairs = self.exact_means.iter().zip(self.returned_means);
        pairs
            .filter(|(exact, returned)| exact.is_finite() && returned.is_finite())
            .unzip()
    }
}
