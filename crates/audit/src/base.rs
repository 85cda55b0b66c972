//! The base rows: in memory, or read from their file as they are needed.
//!
//! Graphs are searched in memory. Answers need one pass for the exact neighbors and the rows that
//! were answered, whatever the size of the file, so an audit of answers alone leaves the rows where
//! they are.

use super::streamed::StreamedRows;
use annatomy_knn::RowSource;
use annatomy_measures::corrected::barycenter_shift;
use annatomy_vectors::{Matrix, MatrixView, PointId, Rows};
use std::ops::Range;

/// The rows that are searched in.
pub(super) enum Base<'d> {
    /// In memory.
    Whole(Rows<'d>),
    /// In their file; in memory are those that are queries, one per query, in the order of the
    /// queries.
    Streamed {
        /// Where all rows are.
        rows: Box<StreamedRows>,
        /// The base rows that are queries; none where the queries are held out.
        drawn: Matrix,
    },
}

impl Base<'_> {
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Whole(rows) => rows.view().rows(),
            Self::Streamed { rows, .. } => rows.rows(),
        }
    }

    pub(super) fn columns(&self) -> usize {
        match self {
            Self::Whole(rows) => rows.view().columns(),
            Self::Streamed { rows, .. } => rows.columns(),
        }
    }

    /// All rows, if they are in memory.
    pub(super) fn whole(&self) -> Option<MatrixView<'_>> {
        match self {
            Self::Whole(rows) => Some(rows.view()),
            Self::Streamed { .. } => None,
        }
    }

    /// Shows row `id` to `look`.
    pub(super) fn with_row<T>(&self, id: u32, look: impl FnOnce(&[f32]) -> T) -> T {
        match self {
            Self::Whole(rows) => look(rows.view().row(id as usize)),
            Self::Streamed { rows, .. } => look(rows.select(&[id as usize]).row(0)),
        }
    }

    /// The given rows in the given order.
    pub(super) fn select(&self, ids: &[usize]) -> Matrix {
        match self {
            Self::Whole(rows) => rows.view().select(ids),
            Self::Streamed { rows, .. } => rows.select(ids),
        }
    }

    /// The shift between the barycenters of two lists of rows, in radii of the first.
    pub(super) fn barycenter_shift(&self, exact: &[u32], returned: &[u32]) -> f64 {
        match self {
            Self::Whole(whole) => barycenter_shift(whole.view(), &points(exact), &points(returned)),
            Self::Streamed { rows, .. } => {
                let both: Vec<usize> = exact
                    .iter()
                    .chain(returned)
                    .map(|&id| id as usize)
                    .collect();
                let places: Vec<PointId> = (0..both.len() as u32).map(PointId).collect();
                let (exact, returned) = places.split_at(exact.len());
                barycenter_shift(rows.select(&both).view(), exact, returned)
            }
        }
    }
}

fn points(ids: &[u32]) -> Vec<PointId> {
    ids.iter().map(|&id| PointId(id)).collect()
}

impl RowSource for Base<'_> {
    fn rows(&self) -> usize {
        Base::rows(self)
    }

    fn columns(&self) -> usize {
        Base::columns(self)
    }

    fn read_rows(&self, range: Range<usize>, out: &mut [f32]) {
        match self {
            Self::Whole(rows) => RowSource::read_rows(&rows.view(), range, out),
            Self::Streamed { rows, .. } => rows.read(range, out),
        }
    }

    fn resident(&self) -> Option<MatrixView<'_>> {
        self.whole()
    }
}
