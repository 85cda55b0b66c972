//! The base rows: in memory, or elsewhere: in their file, or in shards.
//!
//! Graphs are searched in memory. Measuring an engine's answers takes one pass for the exact
//! neighbors and single reads of the rows that were returned, whatever the size of the file, so
//! there the rows stay in their file.

use super::StreamError;
use super::elsewhere::RowsElsewhere;
use annatomy_knn::RowSource;
use annatomy_measures::corrected::barycenter_shift;
use annatomy_vectors::{Matrix, MatrixView, PointId, Rows};
use std::ops::Range;

/// The rows that are searched in.
#[derive(Debug)]
pub enum Base<'d> {
    /// In memory.
    InMemory(Rows<'d>),
    /// In their file or in shards. Base rows that are queries are in memory.
    Streamed {
        /// All rows.
        rows: Box<dyn RowsElsewhere + 'd>,
        /// The base rows that are queries, in the order of the queries; no rows where the queries
        /// are held out.
        drawn: Matrix,
    },
}

impl Base<'_> {
    /// Number of rows, n.
    pub fn rows(&self) -> usize {
        match self {
            Self::InMemory(rows) => rows.view().rows(),
            Self::Streamed { rows, .. } => rows.rows(),
        }
    }

    /// Number of columns, d.
    pub fn columns(&self) -> usize {
        match self {
            Self::InMemory(rows) => rows.view().columns(),
            Self::Streamed { rows, .. } => rows.columns(),
        }
    }

    /// Whether rows were, or are as they are read, scaled to unit length.
    pub fn are_scaled(&self) -> bool {
        match self {
            Self::InMemory(rows) => matches!(rows, Rows::Own(_)),
            Self::Streamed { rows, .. } => rows.are_scaled(),
        }
    }

    /// Says that these rows, ascending, will be read one by one.
    pub fn expect(&self, ids: &[usize]) {
        if let Self::Streamed { rows, .. } = self {
            rows.expect(ids);
        }
    }

    /// Whether all that was read so far is of one state of the rows.
    ///
    /// # Errors
    /// If it is not: whatever was computed from it says nothing.
    pub fn verify(&self) -> Result<(), StreamError> {
        match self {
            Self::InMemory(_) => Ok(()),
            Self::Streamed { rows, .. } => rows.verify(),
        }
    }

    /// All rows, if they are in memory.
    pub fn in_memory(&self) -> Option<MatrixView<'_>> {
        match self {
            Self::InMemory(rows) => Some(rows.view()),
            Self::Streamed { .. } => None,
        }
    }

    /// Calls `read` with row `id`.
    pub fn with_row<T>(&self, id: u32, read: impl FnOnce(&[f32]) -> T) -> T {
        match self {
            Self::InMemory(rows) => read(rows.view().row(id as usize)),
            Self::Streamed { rows, .. } => read(rows.select(&[id as usize]).row(0)),
        }
    }

    /// The given rows in the given order.
    pub fn select(&self, ids: &[usize]) -> Matrix {
        match self {
            Self::InMemory(rows) => rows.view().select(ids),
            Self::Streamed { rows, .. } => rows.select(ids),
        }
    }

    /// The barycenter shift between two lists of rows, in radii of the first.
    pub fn barycenter_shift(&self, exact: &[u32], returned: &[u32]) -> f64 {
        match self {
            Self::InMemory(all) => barycenter_shift(all.view(), &points(exact), &points(returned)),
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
            Self::InMemory(rows) => RowSource::read_rows(&rows.view(), range, out),
            Self::Streamed { rows, .. } => rows.read(range, out),
        }
    }

    fn resident(&self) -> Option<MatrixView<'_>> {
        self.in_memory()
    }
}
