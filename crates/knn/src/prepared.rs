//! Rows prepared for products: centered (L2) or of unit length (cosine), in panels, with the
//! rounding bound of their reduced distances.
//!
//! Enters: raw rows. Leaves: [`Prepared`] rows, their squared norms, and for each pair the
//! **reduced distance**, a value that orders as the distance does: squared L2, cosine distance 1 − cos,
//! or −⟨x, y⟩.
//!
//! * L2: rows are centered first, near the base's mean. Distances do not change, norms shrink, and
//!   the rounding of ‖x‖² + ‖y‖² − 2⟨x, y⟩ shrinks with them.
//! * cosine: rows are scaled to unit length.
//! * inner product: rows stay as they are.
//!
//! Columns are put in the order with the smallest rounding bound.

use crate::gemm::{Panels, RoundingCoefficients, Side, UNIT, interleave};
use crate::refine::UNDERFLOW;
use crate::source::RowSource;
use annatomy_vectors::{MatrixView, Metric, kernels};
use rayon::prelude::*;

/// What has to be known of the base before any block of rows can be prepared.
#[derive(Clone, Debug)]
pub(crate) struct Preparation {
    metric: Metric,
    coefficient: RoundingCoefficients,
    /// In the order in which products sum them: each column, and the center's value there, for L2.
    columns: Vec<(u32, f32)>,
}

/// A block of prepared rows as the factor of a product, with what reduced distances and their
/// errors need of each row.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) factor: Panels,
    pub(crate) norms_squared: Vec<f32>,
    coefficients: Vec<f32>,
}

/// What the rounding bound of a prepared row's reduced distances needs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RowMagnitude {
    norm_squared: f32,
    coefficient: f32,
}

/// What float32 bounds are multiplied by, so that an interval around a computed value holds the value
/// that float64 sums give, and not the true one alone. Those sums of d terms in 32 lanes are off by
/// at most (d/32 + 11)·2⁻⁵³ of what float32 is bounded by 2⁻²⁴ of: less than 2⁻¹⁰ of the bound, for up
/// to 2²³ columns. Values whose intervals do not meet are thus in the order of float64.
pub(crate) const FLOAT64_SLACK: f64 = 1.0 + 1.0 / 1024.0;

/// Squared norms up to here leave room for sums of several.
const MAX_NORM_SQUARED: f32 = f32::MAX / 64.0;

impl RowMagnitude {
    /// Whether float32 holds the row's squares.
    pub(crate) fn fits(self) -> bool {
        self.norm_squared <= MAX_NORM_SQUARED
    }

    pub(crate) fn norm_squared(self) -> f32 {
        self.norm_squared
    }

    /// The row's rounding coefficient.
    pub(crate) fn coefficient(self) -> f32 {
        self.coefficient
    }

    /// At least as large as both.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            norm_squared: self.norm_squared.max(other.norm_squared),
            coefficient: self.coefficient.max(other.coefficient),
        }
    }
}

impl Prepared {
    /// The sizes of all rows.
    pub(crate) fn magnitudes(&self) -> impl Iterator<Item = RowMagnitude> {
        let size = |(&norm_squared, &coefficient)| RowMagnitude {
            norm_squared,
            coefficient,
        };
        self.norms_squared.iter().zip(&self.coefficients).map(size)
    }
}

/// Panels that a task prepares, at most.
const TASK_PANELS: usize = 8;
/// Rows that tell where the base's mean is, nearly, and which columns vary most.
const ROWS_LOOKED_AT: usize = 1024;

impl Preparation {
    /// Looks at some rows of the base, evenly spaced. Any center and any order of columns leave
    /// distances as they are; the nearer the center to the base's own mean, and the later in its
    /// slice a column of large values, the smaller the errors of products.
    pub(crate) fn of(base: &dyn RowSource, metric: Metric) -> Self {
        let mut row = vec![0.0; base.columns()];
        let (mut sums, mut squares) = (vec![0.0; base.columns()], vec![0.0; base.columns()]);
        let looked_at = base.rows().min(ROWS_LOOKED_AT);
        for place in 0..looked_at {
            let id = place * base.rows() / looked_at;
            base.read_rows(id..id + 1, &mut row);
            for ((&value, sum), square) in row.iter().zip(&mut sums).zip(&mut squares) {
                *sum += f64::from(value);
                *square += f64::from(value) * f64::from(value);
            }
        }
        let center = |sum: f64| {
            if metric == Metric::L2 {
                sum / looked_at.max(1) as f64
            } else {
                0.0
            }
        };
        let energies: Vec<f64> = sums
            .iter()
            .zip(&squares)
            .map(|(&sum, &square)| square - center(sum) * sum)
            .collect();
        let coefficient = RoundingCoefficients::new(base.columns());
        let order = coefficient.order(&energies).into_iter();
        let columns = order
            .map(|column| (column, center(sums[column as usize]) as f32))
            .collect();
        Self {
            metric,
            coefficient,
            columns,
        }
    }

    /// Prepares the rows that `row_of` gives by number, as the factor of a product.
    pub(crate) fn prepare<'r>(
        &self,
        rows: usize,
        row_of: impl Fn(usize) -> &'r [f32] + Sync,
        side: Side,
    ) -> Prepared {
        let mut prepared = self.with_capacity(rows, side);
        self.prepare_in(&mut prepared, rows, row_of);
        prepared
    }

    /// Room for up to `rows` prepared rows.
    pub(crate) fn with_capacity(&self, rows: usize, side: Side) -> Prepared {
        let factor = Panels::zeros(side, rows, self.columns.len());
        Prepared {
            factor,
            norms_squared: Vec::with_capacity(rows),
            coefficients: Vec::with_capacity(rows),
        }
    }

    /// As [`Self::prepare`], in room that may have been used before.
    pub(crate) fn prepare_in<'r>(
        &self,
        prepared: &mut Prepared,
        rows: usize,
        row_of: impl Fn(usize) -> &'r [f32] + Sync,
    ) {
        let columns = self.columns.len();
        let Prepared {
            factor,
            norms_squared,
            coefficients,
        } = prepared;
        factor.set_rows(rows);
        norms_squared.resize(rows, 0.0);
        coefficients.resize(rows, 0.0);
        let width = factor.width();
        let panels = factor.values_mut().par_chunks_mut((width * columns).max(1));
        let magnitudes = norms_squared
            .par_chunks_mut(width)
            .zip(coefficients.par_chunks_mut(width));
        panels
            .zip(magnitudes)
            .enumerate()
            .with_max_len(TASK_PANELS)
            .for_each_init(
                || (vec![0.0; width * columns], Vec::new()),
                |(block, scratch), (panel, (values, (norms, coefficients)))| {
                    let block = &mut block[..norms.len() * columns];
                    let magnitudes = norms.iter_mut().zip(coefficients);
                    for ((place, row), (norm, coefficient)) in block
                        .chunks_exact_mut(columns.max(1))
                        .enumerate()
                        .zip(magnitudes)
                    {
                        let number = panel * width + place;
                        // Its columns are taken in another order than that of memory.
                        if number + 1 < rows {
                            kernels::prefetch_whole(row_of(number + 1));
                        }
                        self.prepare_row(row_of(number), row);
                        let magnitude = self.magnitude(row, scratch);
                        *norm = magnitude.norm_squared;
                        *coefficient = magnitude.coefficient;
                    }
                    interleave(block, columns, width, values);
                },
            );
    }

    /// The size of a prepared row.
    pub(crate) fn magnitude(&self, row: &[f32], scratch: &mut Vec<f32>) -> RowMagnitude {
        RowMagnitude {
            norm_squared: kernels::dot_f64(row, row) as f32,
            coefficient: self.coefficient.of(row, scratch),
        }
    }

    pub(crate) fn metric(&self) -> Metric {
        self.metric
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The largest rounding coefficient of a row of norm 1.
    pub(crate) fn largest_root(&self) -> f64 {
        self.coefficient.largest_root()
    }

    /// Writes a raw row as products take it.
    pub(crate) fn prepare_row(&self, raw: &[f32], row: &mut [f32]) {
        let columns = row
            .iter_mut()
            .zip(&self.columns)
            .map(|(value, &(column, center))| (value, raw[column as usize], center));
        match self.metric {
            Metric::L2 => columns.for_each(|(value, raw, center)| *value = raw - center),
            Metric::InnerProduct => columns.for_each(|(value, raw, _)| *value = raw),
            Metric::Cosine => {
                let scale = kernels::dot_f64(raw, raw).sqrt().recip();
                columns.for_each(|(value, raw, _)| *value = (f64::from(raw) * scale) as f32);
            }
        }
    }

    /// Turns one row of products into reduced distances, in place.
    pub(crate) fn reduce(&self, products: &mut [f32], norm_squared: f32, others: &[f32]) {
        match self.metric {
            Metric::L2 => {
                for (product, &other) in products.iter_mut().zip(others) {
                    *product = (norm_squared + other - 2.0 * *product).max(0.0);
                }
            }
            Metric::Cosine => products
                .iter_mut()
                .for_each(|product| *product = 1.0 - *product),
            Metric::InnerProduct => products.iter_mut().for_each(|product| *product = -*product),
        }
    }

    /// A bound on |computed − true reduced distance| between rows of the given sizes.
    ///
    /// The product contributes u·W(x)·W(y) (twice for L2), rounding the centered rows up to
    /// 2u(‖x‖ + ‖y‖)², the norms and the final additions up to 4u(‖x‖² + ‖y‖²); with
    /// ‖x‖·‖y‖ ≤ (‖x‖² + ‖y‖²)/2 these are multiples of the sum. Unit rows are off by u each, so their product by 2u
    /// and the subtraction by 2u more. [`FLOAT64_SLACK`] makes it a bound on the distance from the
    /// float64 value too.
    pub(crate) fn error_bound(&self, size: RowMagnitude, other: RowMagnitude) -> f64 {
        let product = UNIT * f64::from(size.coefficient) * f64::from(other.coefficient);
        FLOAT64_SLACK * self.rounding_bound(product, size, other)
    }

    fn rounding_bound(&self, product: f64, size: RowMagnitude, other: RowMagnitude) -> f64 {
        match self.metric {
            Metric::L2 => {
                UNDERFLOW
                    + 2.0 * product
                    + 10.0 * UNIT * (f64::from(size.norm_squared) + f64::from(other.norm_squared))
            }
            Metric::Cosine => product + 6.0 * UNIT,
            Metric::InnerProduct => product + UNDERFLOW,
        }
    }
}

/// A base prepared whole, with its raw rows beside it for certification.
#[derive(Debug)]
pub(crate) struct PreparedBase<'a> {
    pub(crate) raw: MatrixView<'a>,
    pub(crate) preparation: Preparation,
    pub(crate) prepared: Prepared,
}

impl<'a> PreparedBase<'a> {
    pub(crate) fn new(raw: MatrixView<'a>, metric: Metric) -> Self {
        let preparation = Preparation::of(&raw, metric);
        let prepared = preparation.prepare(raw.rows(), |row| raw.row(row), Side::Right);
        Self {
            raw,
            preparation,
            prepared,
        }
    }
}
