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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{dataset, line};

    fn data(queries: usize) -> Dataset<'static> {
        let points: Vec<f32> = (0..queries).map(|row| row as f32).collect();
        dataset(line(&points), None)
    }

    #[test]
    fn at_most_five_hundred_queries_evenly_spaced() {
        for (queries, computed) in [(1, 1), (500, 500), (501, 251), (1_000, 500), (1_001, 334)] {
            let data = data(queries);
            let shifts = Shifts::new(&data, Barycenters::Computed);
            let has = |query: &usize| !shifts.of(*query, &[0], || vec![0]).is_nan();
            let found: Vec<usize> = (0..queries).filter(has).collect();
            assert_eq!(found.len(), computed, "{queries} queries");
            let steps: Vec<usize> = found.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(
                steps.windows(2).all(|pair| pair[0] == pair[1]),
                "{queries} queries"
            );
        }
    }

    #[test]
    fn a_shift_is_in_radii_of_the_exact_neighborhood() {
        let data = data(40);
        let shifts = Shifts::new(&data, Barycenters::Computed);
        // Rows 1, 3, 5, 7: mean 4, root mean square distance √5. Rows 1, 3, 5, 27: mean 9.
        let shift = shifts.of(0, &[1, 3, 5, 7], || vec![1, 3, 5, 27]);
        assert!((shift - 5.0 / 5f64.sqrt()).abs() < 1e-6, "{shift}");
        assert_eq!(shifts.of(0, &[1, 3, 5, 7], || vec![7, 5, 3, 1]), 0.0);
    }

    #[test]
    fn nothing_is_read_where_no_shift_is_wanted_or_none_exists() {
        let mut data = data(3);
        let read = || -> Vec<u32> { panic!("not wanted") };
        let left_out = Shifts::new(&data, Barycenters::LeftOut);
        assert!(left_out.of(0, &[1], read).is_nan());
        data.metric = Metric::InnerProduct;
        let product = Shifts::new(&data, Barycenters::Computed);
        assert!(product.of(0, &[1], read).is_nan(), "no geometry");
    }
}
