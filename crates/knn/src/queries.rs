//! Queries of an exact search: base rows, which are no neighbors of themselves, or other vectors.

use annatomy_vectors::MatrixView;

/// The queries of a search.
#[derive(Clone, Copy, Debug)]
pub enum Queries<'a> {
    /// Every base row, itself excluded by id. The rows must also be in memory.
    AllRows(MatrixView<'a>),
    /// The base rows of the given ids, each itself excluded.
    SomeRows(MatrixView<'a>, &'a [usize]),
    /// The same where the base is not in memory: the rows alone, one per id.
    DrawnRows(MatrixView<'a>, &'a [usize]),
    /// Other vectors; nothing is excluded.
    HeldOut(MatrixView<'a>),
}

impl<'a> Queries<'a> {
    /// Number of queries.
    pub fn count(&self) -> usize {
        match self {
            Self::AllRows(rows) | Self::HeldOut(rows) => rows.rows(),
            Self::SomeRows(_, ids) | Self::DrawnRows(_, ids) => ids.len(),
        }
    }

    /// The matrix that the queries are in.
    pub(crate) fn rows(&self) -> MatrixView<'a> {
        match *self {
            Self::AllRows(rows)
            | Self::HeldOut(rows)
            | Self::SomeRows(rows, _)
            | Self::DrawnRows(rows, _) => rows,
        }
    }

    /// The vector of a query.
    pub fn row(&self, query: usize) -> &'a [f32] {
        match *self {
            Self::AllRows(rows) | Self::HeldOut(rows) | Self::DrawnRows(rows, _) => rows.row(query),
            Self::SomeRows(rows, ids) => rows.row(ids[query]),
        }
    }

    /// Whether the queries are base rows, each left out of its own neighbors.
    pub fn are_base_rows(&self) -> bool {
        !matches!(self, Self::HeldOut(_))
    }

    /// The base row that a query is, which is no neighbor of itself.
    pub fn own_id(&self, query: usize) -> Option<u32> {
        match self {
            Self::AllRows(_) => Some(query as u32),
            Self::SomeRows(_, ids) | Self::DrawnRows(_, ids) => Some(ids[query] as u32),
            Self::HeldOut(_) => None,
        }
    }
}
