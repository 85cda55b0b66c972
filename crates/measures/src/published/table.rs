//! The study's figures from whole tables, row by row as its notebook does.
//!
//! Enters: embeddings and two tables of n rows × columns slots, as FAISS returns them. Leaves:
//! [`Figures`] for one k. Cost: O(n·k·d) for the barycenters. The plain form that the fast blocks
//! are held against.

use annatomy_vectors::MatrixView;

use super::{
    Artefacts, Columns, Figures, row_barycenter_shift, row_lid_plain, row_mean, row_overlap,
};

/// The id of an empty slot.
pub const EMPTY_ID: i64 = -1;
/// The squared distance of an empty slot.
pub const EMPTY_DISTANCE: f32 = f32::MAX;

/// Why slots do not form a table, or two tables do not belong together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Ids or distances are not rows × columns.
    #[error("{ids} ids and {distances} distances do not fill rows of {columns} slots")]
    Shape {
        /// Slots per row.
        columns: usize,
        /// Ids given.
        ids: usize,
        /// Distances given.
        distances: usize,
    },
    /// A table has not the rows of the embeddings.
    #[error("{rows} rows in the table, {expected} in the embeddings")]
    Rows {
        /// Rows of the table.
        rows: usize,
        /// Rows of the embeddings.
        expected: usize,
    },
    /// The table is too narrow for k neighbors beside column 0.
    #[error("k = {k} needs {} slots per row, found {columns}", k + 1)]
    Columns {
        /// Neighbors asked for.
        k: usize,
        /// Slots per row.
        columns: usize,
    },
}

/// n rows of (id, squared distance) slots, nearest first, column 0 taken for self.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    columns: usize,
    ids: &'a [i64],
    distances_squared: &'a [f32],
}

impl<'a> Table<'a> {
    /// A table of rows of `columns` slots. Empty slots hold [`EMPTY_ID`] and [`EMPTY_DISTANCE`].
    pub fn new(
        columns: usize,
        ids: &'a [i64],
        distances_squared: &'a [f32],
    ) -> Result<Self, TableError> {
        if columns == 0
            || !ids.len().is_multiple_of(columns)
            || ids.len() != distances_squared.len()
        {
            return Err(TableError::Shape {
                columns,
                ids: ids.len(),
                distances: distances_squared.len(),
            });
        }
        Ok(Self {
            columns,
            ids,
            distances_squared,
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.ids.len() / self.columns
    }

    /// The id in column 0.
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

    fn check(&self, rows: usize, k: usize) -> Result<(), TableError> {
        if self.columns <= k {
            return Err(TableError::Columns {
                k,
                columns: self.columns,
            });
        }
        if self.rows() != rows {
            return Err(TableError::Rows {
                rows: self.rows(),
                expected: rows,
            });
        }
        Ok(())
    }
}

/// The study's figures at `k`, for tables of at least k + 1 columns whose row i belongs to row i of
/// `vectors`.
///
/// # Panics
/// If an id is not a row of `vectors` (negative ids count from the end, as in `NumPy`).
pub fn whole_table(
    vectors: MatrixView<'_>,
    exact: &Table<'_>,
    returned: &Table<'_>,
    k: usize,
) -> Result<Figures, TableError> {
    exact.check(vectors.rows(), k)?;
    returned.check(vectors.rows(), k)?;
    let rows = || 0..vectors.rows();
    let exact_means: Vec<f32> = rows()
        .map(|row| row_mean(exact.neighbor_distances(row, k)))
        .collect();
    let shift = |row: usize| {
        row_barycenter_shift(
            vectors,
            exact.neighbor_ids(row, k),
            returned.neighbor_ids(row, k),
            exact_means[row],
        )
    };
    let overlap =
        |row: usize| row_overlap(exact.neighbor_ids(row, k), returned.neighbor_ids(row, k), k);
    let columns = Columns {
        overlaps: &rows().map(overlap).collect::<Vec<_>>(),
        exact_means: &exact_means,
        returned_means: &rows()
            .map(|row| row_mean(returned.neighbor_distances(row, k)))
            .collect::<Vec<_>>(),
        barycenter_shifts: &rows().map(shift).collect::<Vec<_>>(),
        lids_exact: &rows()
            .map(|row| row_lid_plain(exact.neighbor_distances(row, k)))
            .collect::<Vec<_>>(),
        lids_returned: &rows()
            .map(|row| row_lid_plain(returned.neighbor_distances(row, k)))
            .collect::<Vec<_>>(),
    };
    Ok(columns.figures(artefacts(returned, k)))
}

fn artefacts(returned: &Table<'_>, k: usize) -> Artefacts {
    let empty = |row: usize| {
        returned
            .neighbor_ids(row, k)
            .iter()
            .filter(|&&id| id < 0)
            .count() as u64
    };
    let rows = 0..returned.rows();
    Artefacts {
        empty_slots: rows.clone().map(empty).sum(),
        rows_with_one_empty_slot: rows.clone().filter(|&row| empty(row) == 1).count() as u64,
        rows_dropped: 0,
        self_not_first: rows
            .filter(|&row| returned.first_id(row) != row as i64)
            .count() as u64,
    }
}
