//! Rows laid out once for all the products they take part in.
//!
//! Enters: rows. Leaves: panels of a few rows, column by column, which the kernel reads from end to end:
//!
//! panel 0: r0c0 r1c0 … r0c1 r1c1 …    then panel 1, …; the last is filled up with zeros
//!
//! Left panels hold as many rows as the kernel takes values from, right ones as many as it loads into registers.

use super::kernel::Shape;
use std::ops::Range;

/// Which factor of a product the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Rows in panels.
#[derive(Clone, Debug)]
pub(crate) struct Panels {
    side: Side,
    rows: usize,
    columns: usize,
    width: usize,
    values: Vec<f32>,
}

impl Panels {
    /// Panels of zeros, for the instruction set at hand.
    pub(crate) fn zeros(side: Side, rows: usize, columns: usize) -> Self {
        Self::shaped(Shape::detected(), side, rows, columns)
    }

    /// Panels of zeros of a given shape.
    pub(super) fn shaped(shape: Shape, side: Side, rows: usize, columns: usize) -> Self {
        let width = match side {
            Side::Left => shape.left,
            Side::Right => shape.right,
        };
        Self { side, rows, columns, width, values: vec![0.0; rows.next_multiple_of(width) * columns] }
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
        &self.values[row * self.columns + columns.start * self.width..][..columns.len() * self.width]
    }
}

/// Writes `row` into its place in a panel of `width` rows.
pub(crate) fn interleave(row: &[f32], place: usize, width: usize, panel: &mut [f32]) {
    for (slot, &value) in panel.iter_mut().skip(place).step_by(width).zip(row) {
        *slot = value;
    }
}
