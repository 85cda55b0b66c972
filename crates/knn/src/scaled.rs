//! Rows whose squares float32 cannot hold, read in another unit: a power of two times the rows'.
//!
//! Neighbors are those of the rows themselves, and distances are turned back exactly.

use crate::queries::Queries;
use crate::source::RowSource;
use annatomy_vectors::{MatrixView, Metric, PowerOfTwoScale, largest_magnitude};
use std::ops::Range;

/// Rows read at once in a pass over a base that is not in memory.
const BLOCK_ROWS: usize = 1024;

/// A base that is scaled as it is read.
pub(crate) struct ScaledSource<'s> {
    pub(crate) base: &'s dyn RowSource,
    pub(crate) scale: PowerOfTwoScale,
}

impl RowSource for ScaledSource<'_> {
    fn rows(&self) -> usize {
        self.base.rows()
    }

    fn columns(&self) -> usize {
        self.base.columns()
    }

    fn read_rows(&self, range: Range<usize>, out: &mut [f32]) {
        self.base.read_rows(range, out);
        self.scale.scale(out);
    }
}

/// How much of a base that is not in memory is read for its largest value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Some rows, evenly spaced.
    Sample,
    /// Every row.
    Whole,
}

/// The scale that `base` and `queries` need under `metric`, if any.
pub(crate) fn scale_for(
    base: &dyn RowSource,
    queries: &Queries<'_>,
    metric: Metric,
    pass: Pass,
) -> Option<PowerOfTwoScale> {
    if metric == Metric::Cosine {
        return None;
    }
    let of_base = base
        .resident()
        .map_or_else(|| largest_read(base, pass), largest_magnitude);
    PowerOfTwoScale::for_largest(of_base.max(largest_magnitude(queries.rows())))
}

fn largest_read(base: &dyn RowSource, pass: Pass) -> f32 {
    let (rows, columns) = (base.rows(), base.columns());
    let (height, step) = match pass {
        Pass::Sample => (1, rows.div_ceil(BLOCK_ROWS).max(1)),
        Pass::Whole => (BLOCK_ROWS, BLOCK_ROWS),
    };
    let mut values = vec![0.0; height.min(rows) * columns];
    let mut largest: f32 = 0.0;
    for start in (0..rows).step_by(step) {
        annatomy_runtime::check();
        let count = height.min(rows - start);
        let values = &mut values[..count * columns];
        base.read_rows(start..start + count, values);
        let block = MatrixView::new(count, columns, values).expect("count rows were read");
        largest = largest.max(largest_magnitude(block));
    }
    largest
}
