//! Rows laid out once for all the products they take part in.
//!
//! Enters: rows. Leaves: panels of a few rows, column by column, which the kernel reads from end to
//! end:
//!
//! panel 0: r0c0 r1c0 … r0c1 r1c1 …    then panel 1, …; the last is filled up with zeros
//!
//! Left panels hold as many rows as the kernel takes values from, right ones as many as it loads
//! into registers.

use super::shape::Shape;
use annatomy_runtime::Zeroed;
use std::ops::Range;

/// Values of a cache line: what is read of a row at once while its panel's part stays in the first
/// cache.
const LINE: usize = 16;

/// Which factor of a product the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Rows in panels.
#[derive(Debug)]
pub(crate) struct Panels {
    side: Side,
    rows: usize,
    columns: usize,
    width: usize,
    values: Zeroed<f32>,
}

impl Panels {
    /// Panels of zeros, for this machine's instruction set.
    pub(crate) fn zeros(side: Side, rows: usize, columns: usize) -> Self {
        Self::shaped(Shape::detected(), side, rows, columns)
    }

    /// Panels of zeros of a given shape.
    pub(super) fn shaped(shape: Shape, side: Side, rows: usize, columns: usize) -> Self {
        let width = match side {
            Side::Left => shape.left,
            Side::Right => shape.right,
        };
        Self {
            side,
            rows,
            columns,
            width,
            values: Zeroed::new(rows.next_multiple_of(width) * columns),
        }
    }

    /// Copies the rows `rows` of `source` over its own, as many as fit. Padding zeros of its last
    /// panel may be overwritten.
    pub(crate) fn regroup(&mut self, source: &Self, rows: Range<usize>) {
        let (width, columns) = (self.width, self.columns);
        self.set_rows(rows.len());
        for (panel, values) in self
            .values
            .chunks_exact_mut((width * columns).max(1))
            .enumerate()
        {
            let mut row = rows.start + panel * width;
            let end = (row + width).min(rows.end);
            while row < end {
                // As many as are contiguous in both.
                let (place, from) = ((row - rows.start) % width, row % source.width);
                let count = (end - row).min(source.width - from);
                let columns = source
                    .slice(row - from, &(0..columns))
                    .chunks_exact(source.width);
                for (values, source) in values.chunks_exact_mut(width).zip(columns) {
                    values[place..place + count].copy_from_slice(&source[from..from + count]);
                }
                row += count;
            }
        }
    }

    /// Makes them panels of `rows` rows, which must be no more than there was room for in the
    /// beginning.
    pub(crate) fn set_rows(&mut self, rows: usize) {
        assert!(
            rows.next_multiple_of(self.width) * self.columns <= self.values.len(),
            "{rows} rows"
        );
        self.rows = rows;
    }

    pub(crate) fn side(&self) -> Side {
        self.side
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Rows of one panel.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The values, panel after panel, each of columns × width.
    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// Some columns of the panel that begins with `row`.
    #[inline]
    pub(super) fn slice(&self, row: usize, columns: &Range<usize>) -> &[f32] {
        &self.values[row * self.columns + columns.start * self.width..]
            [..columns.len() * self.width]
    }
}

/// Writes rows, one after another in `rows`, column by column to a panel of `width` rows.
pub(crate) fn interleave(rows: &[f32], columns: usize, width: usize, panel: &mut [f32]) {
    for start in (0..columns).step_by(LINE) {
        let length = LINE.min(columns - start);
        let panel = &mut panel[start * width..][..length * width];
        for (place, row) in rows.chunks_exact(columns).enumerate() {
            for (slots, &value) in panel
                .chunks_exact_mut(width)
                .zip(&row[start..start + length])
            {
                slots[place] = value;
            }
        }
    }
}
