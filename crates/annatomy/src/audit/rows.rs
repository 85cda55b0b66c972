//! Rows that an audit owns or that are lent to it.

use annatomy_vectors::{Matrix, MatrixView};

/// Rows × columns, wherever they lie.
pub(super) enum Rows<'r> {
    /// Read from a file, or changed.
    Own(Matrix),
    /// The caller's memory.
    Lent(MatrixView<'r>),
}

impl Rows<'_> {
    pub(super) fn rows(&self) -> usize {
        self.view().rows()
    }

    pub(super) fn columns(&self) -> usize {
        self.view().columns()
    }

    pub(super) fn row(&self, index: usize) -> &[f32] {
        self.view().row(index)
    }

    pub(super) fn view(&self) -> MatrixView<'_> {
        match self {
            Self::Own(rows) => rows.view(),
            Self::Lent(rows) => *rows,
        }
    }
}

impl From<Matrix> for Rows<'_> {
    fn from(rows: Matrix) -> Self {
        Self::Own(rows)
    }
}
