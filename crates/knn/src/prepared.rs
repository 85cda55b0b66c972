//! Rows made ready for products: what a metric does to them first, and how far a product may then
//! be off.
//!
//! Enters: raw rows. Leaves: [`Prepared`] rows, their squared norms, and for each pair the
//! **separation**, a value that orders as the distance does: squared L2, cosine distance 1 − cos,
//! or −⟨x, y⟩.
//!
//! * L2: rows are centered first, near the base's mean. Distances do not change, norms shrink, and
//!   the rounding of ‖x‖² + ‖y‖² − 2⟨x, y⟩ shrinks with them.
//! * cosine: rows are scaled to unit length.
//! * inner product: rows stay as they are.
//!
//! Columns are put in the order that exposes products to the least rounding.

use crate::certificate::Evaluate;
use crate::products::{Exposure, Panels, Side, UNIT, interleave};
use crate::source::RowSource;
use annatomy_vectors::kernels::{self, Kernels};
use annatomy_vectors::{MatrixView, Metric};
use rayon::prelude::*;

/// What has to be known of the base before any block of rows can be prepared.
#[derive(Clone, Debug)]
pub(crate) struct Preparation {
    metric: Metric,
    exposure: Exposure,
    /// In the order in which products sum them: each column, and the center's value there, for L2.
    columns: Vec<(u32, f32)>,
}

/// A block of prepared rows as the factor of a product, with what separations and their errors need
/// of each row.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) factor: Panels,
    pub(crate) norms_squared: Vec<f32>,
    exposures: Vec<f32>,
}

/// How large a prepared row is, for the errors of its separations.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    norm_squared: f32,
    exposure: f32,
}

impl Size {
    /// At least as large as both.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            norm_squared: self.norm_squared.max(other.norm_squared),
            exposure: self.exposure.max(other.exposure),
        }
    }
}

impl Prepared {
    /// The sizes of all rows.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = Size> {
        let size = |(&norm_squared, &exposure)| Size {
            norm_squared,
            exposure,
        };
        self.norms_squared.iter().zip(&self.exposures).map(size)
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
        let exposure = Exposure::new(base.columns());
        let order = exposure.order(&energies).into_iter();
        let columns = order
            .map(|column| (column, center(sums[column as usize]) as f32))
            .collect();
        Self {
            metric,
            exposure,
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
        let mut prepared = self.room(rows, side);
        self.prepare_in(&mut prepared, rows, row_of);
        prepared
    }

    /// Room for up to `rows` prepared rows.
    pub(crate) fn room(&self, rows: usize, side: Side) -> Prepared {
        let factor = Panels::zeros(side, rows, self.columns.len());
        Prepared {
            factor,
            norms_squared: Vec::with_capacity(rows),
            exposures: Vec::with_capacity(rows),
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
            exposures,
        } = prepared;
        factor.set_rows(rows);
        norms_squared.resize(rows, 0.0);
        exposures.resize(rows, 0.0);
        let width = factor.width();
        let panels = factor.values_mut().par_chunks_mut((width * columns).max(1));
        let sizes = norms_squared
            .par_chunks_mut(width)
            .zip(exposures.par_chunks_mut(width));
        panels
            .zip(sizes)
            .enumerate()
            .with_max_len(TASK_PANELS)
            .for_each_init(
                || (vec![0.0; width * columns], Vec::new()),
                |(block, room), (panel, (values, (norms, exposures)))| {
                    let block = &mut block[..norms.len() * columns];
                    let sizes = norms.iter_mut().zip(exposures);
                    for ((place, row), (norm, exposure)) in block
                        .chunks_exact_mut(columns.max(1))
                        .enumerate()
                        .zip(sizes)
                    {
                        self.prepare_row(row_of(panel * width + place), row);
                        *norm = kernels::dot_f64(row, row) as f32;
                        *exposure = self.exposure.of(row, room);
                    }
                    interleave(block, columns, width, values);
                },
            );
    }

    fn prepare_row(&self, raw: &[f32], row: &mut [f32]) {
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

    /// Turns one row of products into separations, in their place.
    pub(crate) fn separate(&self, products: &mut [f32], norm_squared: f32, others: &[f32]) {
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

    /// A bound on |computed − true separation| between rows of the given sizes.
    ///
    /// The product contributes u·W(x)·W(y) (twice for L2), rounding the centered rows up to 2u(‖x‖
    /// + ‖y‖)², the norms and the final additions up to 4u(‖x‖² + ‖y‖²); with ‖x‖·‖y‖ ≤ (‖x‖² +
    /// ‖y‖²)/2 these are multiples of the sum. Unit rows are off by u each, so their product by 2u
    /// and the subtraction by 2u more.
    pub(crate) fn error_bound(&self, size: Size, other: Size) -> f64 {
        let product = UNIT * f64::from(size.exposure) * f64::from(other.exposure);
        match self.metric {
            Metric::L2 => {
                2.0 * product
                    + 10.0 * UNIT * (f64::from(size.norm_squared) + f64::from(other.norm_squared))
            }
            Metric::Cosine => product + 6.0 * UNIT,
            Metric::InnerProduct => product,
        }
    }
}

/// The separation of two raw rows in float64: what certified orders are decided by.
pub(crate) fn exact_separation(metric: Metric, x: &[f32], y: &[f32]) -> f64 {
    match metric {
        Metric::L2 => kernels::l2_squared_f64(x, y),
        Metric::Cosine => {
            1.0 - kernels::dot_f64(x, y) / (kernels::dot_f64(x, x) * kernels::dot_f64(y, y)).sqrt()
        }
        Metric::InnerProduct => -kernels::dot_f64(x, y),
    }
}

/// Columns whose squared differences are summed in float32; the sums of such pieces are added in
/// float64.
const PIECE: usize = 512;

/// Separations summed from differences, with a bound on their relative error, where the metric has
/// such.
pub(crate) struct Differences {
    kernels: Kernels,
    pub(crate) relative_error: f64,
}

impl Differences {
    pub(crate) fn of(metric: Metric, columns: usize) -> Option<Self> {
        let kernels = kernels::detected();
        // One rounding more is that of the whole to float32; those in float64 do not show beside
        // it.
        let relative_error = kernels.l2_squared_relative_error(columns.min(PIECE)) + 2.0 * UNIT;
        (metric == Metric::L2).then_some(Self {
            kernels,
            relative_error,
        })
    }

    pub(crate) fn separation(&self, x: &[f32], y: &[f32]) -> f32 {
        let pieces = x.chunks(PIECE).zip(y.chunks(PIECE));
        pieces
            .map(|(x, y)| f64::from(self.kernels.l2_squared(x, y)))
            .sum::<f64>() as f32
    }

    /// The same of four rows, bit for bit; meanwhile `next` are fetched, since rows contested lie
    /// anywhere in memory.
    fn separation_x4(&self, x: &[f32], rows: [&[f32]; 4], next: [&[f32]; 4]) -> [f32; 4] {
        let mut sums = [0.0; 4];
        for start in (0..x.len()).step_by(PIECE) {
            let piece = start..(start + PIECE).min(x.len());
            next.iter()
                .for_each(|row| kernels::prefetch_whole(&row[piece.clone()]));
            let pieces = self
                .kernels
                .l2_squared_x4(&x[piece.clone()], rows.map(|row| &row[piece.clone()]));
            sums.iter_mut()
                .zip(pieces)
                .for_each(|(sum, piece)| *sum += f64::from(piece));
        }
        sums.map(|sum| sum as f32)
    }
}

/// The separations of one raw row from rows in memory, for the certificate.
pub(crate) struct FromRows<'r> {
    pub(crate) metric: Metric,
    pub(crate) query: &'r [f32],
    pub(crate) rows: MatrixView<'r>,
}

impl Evaluate for FromRows<'_> {
    fn sharper(&self, ids: &[u32], separations: &mut Vec<f32>) -> Option<f64> {
        let differences = Differences::of(self.metric, self.query.len())?;
        let row = |id: u32| self.rows.row(id as usize);
        let (fours, rest) = ids.as_chunks();
        for (place, four) in fours.iter().enumerate() {
            let next = fours.get(place + 1).unwrap_or(four);
            separations.extend(differences.separation_x4(self.query, four.map(row), next.map(row)));
        }
        separations.extend(
            rest.iter()
                .map(|&id| differences.separation(self.query, row(id))),
        );
        Some(differences.relative_error)
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

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_vectors::Matrix;

    #[test]
    fn differences_keep_their_bound_at_any_number_of_pieces_and_rows() {
        let mut state = 5u32;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1u32 << 24) as f32
        };
        for columns in [1, PIECE - 1, PIECE, PIECE + 1, 4 * PIECE + 7] {
            let rows =
                Matrix::new(8, columns, (0..8 * columns).map(|_| draw()).collect()).expect("shape");
            let evaluate = FromRows {
                metric: Metric::L2,
                query: rows.row(7),
                rows: rows.view(),
            };
            let mut separations = Vec::new();
            // Four of them together, three one by one.
            let ids = [0, 1, 2, 3, 4, 5, 6];
            let relative_error = evaluate
                .sharper(&ids, &mut separations)
                .expect("L2 has differences");
            let differences = Differences::of(Metric::L2, columns).expect("L2 has differences");
            for (id, separation) in ids.into_iter().zip(separations) {
                assert_eq!(
                    separation,
                    differences.separation(rows.row(7), rows.row(id as usize)),
                    "one by one"
                );
                let exact = evaluate.exact(id);
                let error = (f64::from(separation) - exact).abs();
                assert!(
                    error <= relative_error * exact,
                    "{columns} columns: an error of {error}"
                );
            }
        }
        let [piece, pieces] =
            [PIECE, 4 * PIECE].map(|columns| Differences::of(Metric::L2, columns));
        assert_eq!(
            piece.map(|of| of.relative_error),
            pieces.map(|of| of.relative_error),
            "no more for more pieces"
        );
        assert!(Differences::of(Metric::Cosine, 1).is_none());
    }
}
