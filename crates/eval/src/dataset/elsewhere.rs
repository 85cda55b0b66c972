//! Rows that are not in memory: in a file, or in shards that other machines read.

use super::streamed::StreamError;
use annatomy_vectors::Matrix;
use std::fmt::Debug;
use std::ops::Range;

/// Base rows out of memory, as float32, of unit length under cosine.
///
/// Reading never fails: where a row cannot be had its values are placeholders, and
/// [`verify`](Self::verify) says so at the end.
pub trait RowsElsewhere: Debug + Send + Sync {
    /// Number of rows, n.
    fn rows(&self) -> usize;
    /// Number of columns, d.
    fn columns(&self) -> usize;
    /// Whether rows are scaled to unit length as they are read.
    fn are_scaled(&self) -> bool;
    /// Reads the rows of `range`.
    fn read(&self, range: Range<usize>, out: &mut [f32]);
    /// The given rows in the given order.
    fn select(&self, ids: &[usize]) -> Matrix;
    /// How many rows equal an earlier one.
    fn repeated(&self) -> usize;
    /// Says that these rows, ascending, will be read one by one.
    fn expect(&self, ids: &[usize]) {
        let _ = ids;
    }
    /// Whether every read so far has succeeded.
    ///
    /// # Errors
    /// The first that did not.
    fn verify(&self) -> Result<(), StreamError>;
}

impl<T: RowsElsewhere + ?Sized> RowsElsewhere for &T {
    fn rows(&self) -> usize {
        (**self).rows()
    }

    fn columns(&self) -> usize {
        (**self).columns()
    }

    fn are_scaled(&self) -> bool {
        (**self).are_scaled()
    }

    fn read(&self, range: Range<usize>, out: &mut [f32]) {
        (**self).read(range, out);
    }

    fn select(&self, ids: &[usize]) -> Matrix {
        (**self).select(ids)
    }

    fn repeated(&self) -> usize {
        (**self).repeated()
    }

    fn expect(&self, ids: &[usize]) {
        (**self).expect(ids);
    }

    fn verify(&self) -> Result<(), StreamError> {
        (**self).verify()
    }
}
