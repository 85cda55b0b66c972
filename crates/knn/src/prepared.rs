//! Rows made ready for products: what a metric does to them first, and how far a product may then be off.
//!
//! Enters: raw rows. Leaves: [`Prepared`] rows, their squared norms, and for each pair the **separation**, a value
//! that orders as the distance does: squared L2, cosine distance 1 − cos, or −⟨x, y⟩.
//!
//! * L2: rows are centered on the base's mean first. Distances do not change, norms shrink, and the rounding of
//!   ‖x‖² + ‖y‖² − 2⟨x, y⟩ shrinks with them.
//! * cosine: rows are scaled to unit length.
//! * inner product: rows stay as they are.

use crate::products::{Panels, Side, UNIT, interleave, product_error_factor};
use crate::source::RowSource;
use annatomy_vectors::{Matrix, MatrixView, Metric, kernels};
use rayon::prelude::*;
use std::ops::Range;

/// What has to be known of the base before any block of rows can be prepared.
#[derive(Clone, Debug)]
pub(crate) struct Preparation {
    metric: Metric,
    center: Vec<f64>,
}

/// A block of prepared rows with its squared norms.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) rows: Panels,
    pub(crate) norms_squared: Vec<f32>,
}

/// Rows read at a time when the whole source is walked through.
const BLOCK_ROWS: usize = 1024;
/// Columns whose means are taken by one task.
const COLUMNS: usize = 256;

impl Preparation {
    /// Looks at the whole base once (for L2, its mean).
    pub(crate) fn of(base: &dyn RowSource, metric: Metric) -> Self {
        let mut center = vec![0.0; if metric == Metric::L2 { base.columns() } else { 0 }];
        if metric == Metric::L2 {
            let mut block = Vec::new();
            for start in (0..base.rows()).step_by(BLOCK_ROWS) {
                let range = start..(start + BLOCK_ROWS).min(base.rows());
                block.resize(range.len() * base.columns(), 0.0);
                base.read_rows(range, &mut block);
                // Split by columns: each sum runs through the rows in order, whatever the number of threads.
                center.par_chunks_mut(COLUMNS).enumerate().for_each(|(part, center)| {
                    for row in block.chunks_exact(base.columns()) {
                        let values = &row[part * COLUMNS..];
                        center.iter_mut().zip(values).for_each(|(sum, &value)| *sum += f64::from(value));
                    }
                });
            }
            center.iter_mut().for_each(|sum| *sum /= base.rows() as f64);
        }
        Self { metric, center }
    }

    /// Reads and prepares the rows of `range` as right factors.
    pub(crate) fn read(&self, source: &dyn RowSource, range: Range<usize>) -> Prepared {
        if let Some(rows) = source.resident() {
            return self.prepare(rows.row_range(range), Side::Right);
        }
        let mut rows = Matrix::zeros(range.len(), source.columns());
        source.read_rows(range, rows.values_mut());
        self.prepare(rows.view(), Side::Right)
    }

    /// Prepares `rows`.
    pub(crate) fn prepare(&self, rows: MatrixView<'_>, side: Side) -> Prepared {
        let columns = rows.columns();
        let mut panels = Panels::zeros(side, rows.rows(), columns);
        let mut norms_squared = vec![0.0; rows.rows()];
        let width = panels.width();
        let values = panels.values_mut().par_chunks_mut((width * columns).max(1));
        values.zip(norms_squared.par_chunks_mut(width)).enumerate().for_each_init(
            || vec![0.0; columns],
            |row, (panel, (values, norms))| {
                for (place, norm) in norms.iter_mut().enumerate() {
                    row.copy_from_slice(rows.row(panel * width + place));
                    self.prepare_row(row);
                    *norm = kernels::dot_f64(row, row) as f32;
                    interleave(row, place, width, values);
                }
            },
        );
        Prepared { rows: panels, norms_squared }
    }

    fn prepare_row(&self, row: &mut [f32]) {
        match self.metric {
            Metric::L2 => {
                row.iter_mut().zip(&self.center).for_each(|(value, &mean)| *value = (f64::from(*value) - mean) as f32);
            }
            Metric::Cosine => {
                let scale = kernels::dot_f64(row, row).sqrt().recip();
                row.iter_mut().for_each(|value| *value = (f64::from(*value) * scale) as f32);
            }
            Metric::InnerProduct => {}
        }
    }

    /// Turns one row of products into separations.
    pub(crate) fn separations(&self, products: &[f32], norm_squared: f32, others: &[f32], separations: &mut [f32]) {
        let places = separations.iter_mut().zip(products);
        match self.metric {
            Metric::L2 => {
                for ((separation, &product), &other) in places.zip(others) {
                    *separation = (norm_squared + other - 2.0 * product).max(0.0);
                }
            }
            Metric::Cosine => places.for_each(|(separation, &product)| *separation = 1.0 - product),
            Metric::InnerProduct => places.for_each(|(separation, &product)| *separation = -product),
        }
    }

    /// A bound on |computed − true separation| between rows of the given squared norms.
    ///
    /// The product contributes c·‖x‖·‖y‖ (twice for L2), rounding the centered rows up to 2u(‖x‖ + ‖y‖)², the norms
    /// and the final additions up to 4u(‖x‖² + ‖y‖²); with ‖x‖·‖y‖ ≤ (‖x‖² + ‖y‖²)/2 all are multiples of the sum.
    /// Unit rows are off by u each, so their product by (c + 2u) and the subtraction by 2u more.
    pub(crate) fn error_bound(&self, columns: usize, norm_squared: f32, other: f32) -> f64 {
        let product = product_error_factor(columns);
        let sum = f64::from(norm_squared) + f64::from(other);
        match self.metric {
            Metric::L2 => (product + 10.0 * UNIT) * sum,
            Metric::Cosine => product + 6.0 * UNIT,
            Metric::InnerProduct => product * sum / 2.0,
        }
    }
}

/// The separation of two raw rows in float64: what certified orders are decided by.
pub(crate) fn exact_separation(metric: Metric, x: &[f32], y: &[f32]) -> f64 {
    match metric {
        Metric::L2 => kernels::l2_squared_f64(x, y),
        Metric::Cosine => 1.0 - kernels::dot_f64(x, y) / (kernels::dot_f64(x, x) * kernels::dot_f64(y, y)).sqrt(),
        Metric::InnerProduct => -kernels::dot_f64(x, y),
    }
}

/// The distance that a separation stands for: its square root for L2, itself otherwise.
pub(crate) fn distance_from_separation(metric: Metric, separation: f64) -> f32 {
    match metric {
        Metric::L2 => separation.max(0.0).sqrt() as f32,
        Metric::Cosine | Metric::InnerProduct => separation as f32,
    }
}

/// A base prepared whole, with its raw rows beside it for certification.
#[derive(Clone, Debug)]
pub(crate) struct PreparedBase<'a> {
    pub(crate) raw: MatrixView<'a>,
    pub(crate) preparation: Preparation,
    pub(crate) prepared: Prepared,
}

impl<'a> PreparedBase<'a> {
    pub(crate) fn new(raw: MatrixView<'a>, metric: Metric) -> Self {
        let preparation = Preparation::of(&raw, metric);
        let prepared = preparation.read(&raw, 0..raw.rows());
        Self { raw, preparation, prepared }
    }
}
