//! 8-bit scalar quantization (SQ8) as a lower-bound prefilter of L2 search; results are unchanged.
//!
//! Enters: rows. Leaves: for a query and a key, which rows may be closer than the key. Those are
//! scored exactly, the others could not enter a full queue. Most rows that a search reaches are too
//! far to matter, and a quarter of their bytes shows it.
//!
//! x̂ = offset + scale · code, column by column. The error ‖x − x̂‖ is known: at most `error` for
//! every row, exactly for a query. Offsets cancel, so that ‖x̂ − q̂‖² is scale² times an integer,
//! which is summed without rounding:
//!
//!   ‖x − q‖ ≥ ‖x̂ − q̂‖ − ‖x − x̂‖ − ‖q − q̂‖
//!
//! Cost: d bytes a row and two passes over the rows to make it; then d bytes read for each row
//! tested. Does not: cosine and inner products, whose rows are all scored.

use super::quantizer::{LINE, Quantizer, typical_distance};
use crate::queue::LowerBoundFilter;
use annatomy_runtime::Zeroed;
use annatomy_vectors::kernels::{self, Stored};
use annatomy_vectors::{MatrixView, Metric};

/// Rows of fewer columns are read as fast as their codes.
pub(super) const MIN_COLUMNS: usize = 48;
/// Rows of fewer bytes, all together, are in cache anyway.
const MIN_BYTES: usize = 8 << 20;
/// With up to this many columns a sum of squares fits 31 bits.
const MAX_COLUMNS: usize = 33_025;
/// Cache lines prefetched ahead: as many as a core has in flight at once.
const LINES_AHEAD: usize = 24;
/// Codes are made where errors are at most this share of a typical distance between rows: the rows
/// that a search reaches differ by tenths of it.
const MAX_RELATIVE_ERROR: f64 = 1.0 / 64.0;

/// The SQ8 codes of all rows.
#[derive(Debug)]
pub struct Sq8Codes {
    quantizer: Quantizer,
    codes: Zeroed<i8>,
    /// The largest ‖x − x̂‖ of any row.
    error: f64,
    /// Relative error bound of a reduced distance computed from rows.
    relative_error: f64,
}

/// The codes of one row or query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sq8Vector<'s> {
    rows: &'s Sq8Codes,
    codes: &'s [i8],
    /// ‖q − q̂‖.
    error: f64,
}

/// The codes of some queries: d bytes each.
#[derive(Debug)]
pub struct Sq8Queries<'s> {
    rows: &'s Sq8Codes,
    codes: Zeroed<i8>,
    errors: Vec<f64>,
}

impl Sq8Codes {
    /// The codes of `rows`, on the current rayon pool; `None` where the bound would reject few
    /// rows: short rows, outliers that make every step coarse, and metrics other than L2.
    pub fn of<S: Stored>(rows: MatrixView<'_, S>, metric: Metric) -> Option<Self> {
        let columns = rows.columns();
        if metric != Metric::L2
            || rows.rows() < 2
            || !(MIN_COLUMNS..=MAX_COLUMNS).contains(&columns)
        {
            return None;
        }
        let quantizer = Quantizer::of(rows);
        // Estimated first: a value is off by half a step at most, evenly distributed.
        let expected = quantizer.scale * (columns as f64 / 12.0).sqrt();
        if !quantizer.scale.is_normal() || expected > MAX_RELATIVE_ERROR * typical_distance(rows) {
            return None;
        }
        let (codes, errors) = quantizer.encode_all(rows);
        let error = errors.into_iter().fold(0.0, f64::max);
        let relative_error = kernels::detected().l2_squared_relative_error(columns);
        Some(Self {
            quantizer,
            codes,
            error,
            relative_error,
        })
    }

    /// The same where searches are faster for it; `None` as well where the rows fit in cache.
    pub fn if_worthwhile<S: Stored>(rows: MatrixView<'_, S>, metric: Metric) -> Option<Self> {
        if size_of_val(rows.values()) < MIN_BYTES {
            None
        } else {
            Self::of(rows, metric)
        }
    }

    /// The codes of queries with as many columns as the rows, on the current rayon pool.
    pub fn queries<Q: Stored>(&self, queries: MatrixView<'_, Q>) -> Sq8Queries<'_> {
        let (codes, errors) = self.quantizer.encode_all(queries);
        Sq8Queries {
            rows: self,
            codes,
            errors,
        }
    }

    /// The codes of row `id`.
    #[inline]
    pub(crate) fn row(&self, id: u32) -> Sq8Vector<'_> {
        Sq8Vector {
            rows: self,
            codes: self.codes_of(id),
            error: self.error,
        }
    }

    #[inline]
    fn codes_of(&self, id: u32) -> &[i8] {
        let stride = self.quantizer.stride;
        &self.codes[id as usize * stride..][..stride]
    }
}

impl Sq8Queries<'_> {
    pub(crate) fn query(&self, number: u32) -> Sq8Vector<'_> {
        let (number, stride) = (number as usize, self.rows.quantizer.stride);
        let codes = &self.codes[number * stride..][..stride];
        Sq8Vector {
            rows: self.rows,
            codes,
            error: self.errors[number],
        }
    }
}

impl Sq8Vector<'_> {
    /// The filter for reduced distances below `bound`.
    #[inline]
    pub(crate) fn filter_below(self, bound: f32) -> LowerBoundFilter {
        // What underflowing squares may take away is smaller than it.
        const MIN_BOUND: f64 = 1e-30;
        /// More than float64 rounds anywhere here, sums over all columns included, as a share and
        /// in steps.
        const ROUNDING: f64 = 1e-6;
        let Self { rows, error, .. } = self;
        let reduced = f64::from(bound).max(MIN_BOUND) / (1.0 - rows.relative_error);
        let steps = (reduced.sqrt() + error + rows.error) / rows.quantizer.scale * (1.0 + ROUNDING)
            + ROUNDING;
        LowerBoundFilter {
            // Saturates at what no sum reaches.
            threshold: ((steps * steps) as u32).saturating_add(1),
            codes_ahead: (LINES_AHEAD * LINE / rows.quantizer.stride).max(1),
            kernels: kernels::detected(),
        }
    }

    /// Whether the reduced distance of row `id` may be below the bound of `filter`.
    #[inline]
    pub(crate) fn may_be_closer(self, id: u32, filter: LowerBoundFilter) -> bool {
        filter
            .kernels
            .l2_squared_bytes(self.codes, self.rows.codes_of(id))
            < filter.threshold
    }

    /// Prefetches what [`Self::may_be_closer`] reads.
    #[inline]
    pub(crate) fn prefetch(self, id: u32) {
        kernels::prefetch_whole(self.rows.codes_of(id));
    }
}
