//! The one in-memory form of vectors: a dense row-major matrix, float32 unless it says float16.
//!
//! Enters: rows of numbers. Leaves: [`Matrix`] (owned) and [`MatrixView`] (borrowed), row by row.
//! Does not: know files (see `formats`) or distances (see `kernels`).

use crate::kernels::Stored;
use std::ops::Range;

/// Index of a row of the base matrix. A missing neighbor is `None`, never a special id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointId(pub u32);

impl PointId {
    /// The row index this id stands for.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl From<PointId> for i64 {
    /// As engines number rows.
    fn from(id: PointId) -> Self {
        Self::from(id.0)
    }
}

/// Rows × columns, row-major, owned.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix<S = f32> {
    rows: usize,
    columns: usize,
    values: Vec<S>,
}

/// Why values do not form a matrix.
#[derive(Debug, thiserror::Error)]
pub enum MatrixError {
    /// The number of values is not rows × columns.
    #[error("{values} values do not fill {rows} rows of {columns} columns")]
    Shape {
        /// Rows asked for.
        rows: usize,
        /// Columns asked for.
        columns: usize,
        /// Values given.
        values: usize,
    },
}

impl Matrix {
    /// A matrix of zeros.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            values: vec![0.0; rows * columns],
        }
    }
}

impl<S: Stored> Matrix<S> {
    /// A matrix over `values`, row after row.
    pub fn new(rows: usize, columns: usize, values: Vec<S>) -> Result<Self, MatrixError> {
        if rows.checked_mul(columns) != Some(values.len()) {
            return Err(MatrixError::Shape {
                rows,
                columns,
                values: values.len(),
            });
        }
        Ok(Self {
            rows,
            columns,
            values,
        })
    }

    /// Number of rows, n.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns, d.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Row `index` as a slice of d values.
    pub fn row(&self, index: usize) -> &[S] {
        &self.values[index * self.columns..(index + 1) * self.columns]
    }

    /// Row `index`, writable.
    pub fn row_mut(&mut self, index: usize) -> &mut [S] {
        &mut self.values[index * self.columns..(index + 1) * self.columns]
    }

    /// All values, row after row.
    pub fn values(&self) -> &[S] {
        &self.values
    }

    /// All values, row after row, taken out.
    pub fn into_values(self) -> Vec<S> {
        self.values
    }

    /// All values, row after row, writable.
    pub fn values_mut(&mut self) -> &mut [S] {
        &mut self.values
    }

    /// The matrix of the given rows, in the given order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        self.view().select(rows)
    }

    /// A borrowed view of every row.
    pub fn view(&self) -> MatrixView<'_, S> {
        MatrixView {
            rows: self.rows,
            columns: self.columns,
            values: &self.values,
        }
    }
}

/// Rows × columns, row-major, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct MatrixView<'a, S = f32> {
    rows: usize,
    columns: usize,
    values: &'a [S],
}

impl<'a, S: Stored> MatrixView<'a, S> {
    /// A view over `values`, row after row.
    pub fn new(rows: usize, columns: usize, values: &'a [S]) -> Result<Self, MatrixError> {
        if rows.checked_mul(columns) != Some(values.len()) {
            return Err(MatrixError::Shape {
                rows,
                columns,
                values: values.len(),
            });
        }
        Ok(Self {
            rows,
            columns,
            values,
        })
    }

    /// Number of rows, n.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns, d.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Row `index` as a slice of d values.
    pub fn row(&self, index: usize) -> &'a [S] {
        &self.values[index * self.columns..(index + 1) * self.columns]
    }

    /// All values, row after row.
    pub fn values(&self) -> &'a [S] {
        self.values
    }

    /// The matrix of the given rows, in the given order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Matrix<S> {
        let mut values = Vec::with_capacity(rows.len() * self.columns);
        for &row in rows {
            values.extend_from_slice(self.row(row));
        }
        Matrix {
            rows: rows.len(),
            columns: self.columns,
            values,
        }
    }

    /// A copy of every row.
    #[must_use]
    pub fn to_matrix(&self) -> Matrix<S> {
        Matrix {
            rows: self.rows,
            columns: self.columns,
            values: self.values.to_vec(),
        }
    }

    /// The view of a range of rows.
    #[must_use]
    pub fn row_range(&self, rows: Range<usize>) -> Self {
        let values = &self.values[rows.start * self.columns..rows.end * self.columns];
        Self {
            rows: rows.len(),
            columns: self.columns,
            values,
        }
    }

    /// The rows themselves, where they are float32.
    pub fn as_f32(&self) -> Option<MatrixView<'a>> {
        S::as_f32(self.values).map(|values| MatrixView {
            rows: self.rows,
            columns: self.columns,
            values,
        })
    }

    /// Every row in float32, exactly: a copy only where they are not that already.
    #[must_use]
    pub fn float32(&self) -> Rows<'a> {
        self.as_f32()
            .map_or_else(|| Rows::Own(self.widened()), Rows::Lent)
    }

    /// A float32 copy of every row, exact.
    #[must_use]
    pub fn widened(&self) -> Matrix {
        let mut copy = Matrix::zeros(self.rows, self.columns);
        S::widen_all(self.values, &mut copy.values);
        copy
    }
}

/// Float32 rows, owned or lent.
#[derive(Debug)]
pub enum Rows<'r> {
    /// Read from a file, or changed.
    Own(Matrix),
    /// The caller's memory.
    Lent(MatrixView<'r>),
}

impl Rows<'_> {
    /// The rows, wherever they lie.
    pub fn view(&self) -> MatrixView<'_> {
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
