//! Where base rows come from: memory, or a file read block by block.

use annatomy_vectors::MatrixView;
use annatomy_vectors::kernels::Stored;
use std::ops::Range;

/// Rows that can be read in blocks, from several threads at once.
pub trait RowSource: Sync {
    /// Number of rows, n.
    fn rows(&self) -> usize;
    /// Number of columns, d.
    fn columns(&self) -> usize;
    /// Copies `range` to `out`, row after row; `out` holds exactly `range.len()` × d values.
    fn read_rows(&self, range: Range<usize>, out: &mut [f32]);
    /// The rows themselves, where they are in memory.
    fn resident(&self) -> Option<MatrixView<'_>> {
        None
    }
}

/// Rows in float16 are widened block by block.
impl<S: Stored> RowSource for MatrixView<'_, S> {
    fn rows(&self) -> usize {
        MatrixView::rows(self)
    }

    fn columns(&self) -> usize {
        MatrixView::columns(self)
    }

    fn read_rows(&self, range: Range<usize>, out: &mut [f32]) {
        S::widen_all(self.row_range(range).values(), out);
    }

    fn resident(&self) -> Option<MatrixView<'_>> {
        self.as_f32()
    }
}
