//! Rows made ready for products: what a metric does to them first, and how far a product may then be off.
//!
//! Enters: raw rows. Leaves: [`Prepared`] rows, their squared norms, and for each pair the **separation**, a value
//! that orders as the distance does: squared L2, cosine distance 1 − cos, or −⟨x, y⟩.
//!
//! * L2: rows are centered first, near the base's mean. Distances do not change, norms shrink, and the rounding of
//!   ‖x‖² + ‖y‖² − 2⟨x, y⟩ shrinks with them.
//! * cosine: rows are scaled to unit length.
//! * inner product: rows stay as they are.

use crate::certificate::Evaluate;
use crate::products::{Panels, Side, UNIT, interleave, product_error_factor};
use crate::source::RowSource;
use annatomy_vectors::{MatrixView, Metric, kernels};
use rayon::prelude::*;

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

/// Rows that tell where the base's mean is, nearly.
const CENTER_ROWS: usize = 1024;

impl Preparation {
    /// Looks at CENTER_ROWS of the base, evenly spaced (for L2, to center on their mean). Any center leaves distances as
    /// they are; the nearer it is to the base's own mean, the smaller the norms, and with them the errors of products.
    pub(crate) fn of(base: &dyn RowSource, metric: Metric) -> Self {
        if metric != Metric::L2 {
            return Self { metric, center: Vec::new() };
        }
        let mut center = vec![0.0; base.columns()];
        let mut row = vec![0.0; base.columns()];
        let looked_at = base.rows().min(CENTER_ROWS);
        for place in 0..looked_at {
            let id = place * base.rows() / looked_at;
            base.read_rows(id..id + 1, &mut row);
            center.iter_mut().zip(&row).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        center.iter_mut().for_each(|sum| *sum /= looked_at as f64);
        Self { metric, center }
    }

    /// Prepares the rows that `row_of` gives by number.
    pub(crate) fn prepare<'r>(
        &self,
        rows: usize,
        columns: usize,
        row_of: impl Fn(usize) -> &'r [f32] + Sync,
        side: Side,
    ) -> Prepared {
        let mut panels = Panels::zeros(side, rows, columns);
        let mut norms_squared = vec![0.0; rows];
        let width = panels.width();
        let values = panels.values_mut().par_chunks_mut((width * columns).max(1));
        values.zip(norms_squared.par_chunks_mut(width)).enumerate().for_each_init(
            || vec![0.0; columns],
            |row, (panel, (values, norms))| {
                for (place, norm) in norms.iter_mut().enumerate() {
                    row.copy_from_slice(row_of(panel * width + place));
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

    /// Turns one row of products into separations, in their place.
    pub(crate) fn separate(&self, products: &mut [f32], norm_squared: f32, others: &[f32]) {
        match self.metric {
            Metric::L2 => {
                for (product, &other) in products.iter_mut().zip(others) {
                    *product = (norm_squared + other - 2.0 * *product).max(0.0);
                }
            }
            Metric::Cosine => products.iter_mut().for_each(|product| *product = 1.0 - *product),
            Metric::InnerProduct => products.iter_mut().for_each(|product| *product = -*product),
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

/// The relative error of separations summed from differences, where the metric has such.
pub(crate) fn sharp_relative_error(metric: Metric, columns: usize) -> Option<f64> {
    (metric == Metric::L2).then(|| kernels::detected().l2_squared_relative_error(columns))
}

/// The separations of one raw row from rows in memory, for the certificate.
pub(crate) struct FromRows<'r> {
    pub(crate) metric: Metric,
    pub(crate) query: &'r [f32],
    pub(crate) rows: MatrixView<'r>,
}

impl Evaluate for FromRows<'_> {
    fn sharper(&self, ids: &[u32], separations: &mut Vec<f32>) -> Option<f64> {
        let error = sharp_relative_error(self.metric, self.query.len())?;
        let kernels = kernels::detected();
        let row = |id: u32| self.rows.row(id as usize);
        let (fours, rest) = ids.as_chunks();
        separations.extend(fours.iter().flat_map(|four: &[u32; 4]| kernels.l2_squared_x4(self.query, four.map(row))));
        separations.extend(rest.iter().map(|&id| kernels.l2_squared(self.query, row(id))));
        Some(error)
    }

    fn exact(&self, id: u32) -> f64 {
        exact_separation(self.metric, self.query, self.rows.row(id as usize))
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
        let prepared = preparation.prepare(raw.rows(), raw.columns(), |row| raw.row(row), Side::Right);
        Self { raw, preparation, prepared }
    }
}
