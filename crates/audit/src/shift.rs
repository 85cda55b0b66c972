//! Barycenter shifts, of some queries only: each costs O(k·d) and reads rows from all over the
//! base, and a mean needs no more.

use annatomy_eval::dataset::Dataset;
use annatomy_vectors::Metric;

/// Queries whose barycenters are computed, evenly spaced.
const SHIFT_QUERIES: usize = 500;

/// Whether barycenters are worth their cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Barycenters {
    Computed,
    LeftOut,
}

/// Whose shifts are computed.
pub(super) struct Shifts<'s> {
    data: &'s Dataset<'s>,
    /// From one query to the next; none where there are no shifts.
    step: Option<usize>,
}

impl<'s> Shifts<'s> {
    /// An inner product has no geometry, and no shifts.
    pub(super) fn new(data: &'s Dataset<'s>, barycenters: Barycenters) -> Self {
        let computed = barycenters == Barycenters::Computed && data.metric != Metric::InnerProduct;
        Self {
            data,
            step: computed.then(|| data.queries.count().div_ceil(SHIFT_QUERIES).max(1)),
        }
    }

    /// The shift of query number `query` from its exact to its returned neighbors; NaN where it is
    /// not among those computed.
    pub(super) fn of(
        &self,
        query: usize,
        exact: &[u32],
        returned: impl FnOnce() -> Vec<u32>,
    ) -> f64 {
        match self.step {
            Some(step) if query.is_multiple_of(step) => {
                self.data.base.barycenter_shift(exact, &returned())
            }
            _ => f64::NAN,
        }
    }
}
