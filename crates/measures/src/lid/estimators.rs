//! The estimators themselves.
//!
//! Enters: true distances of one query's neighbors, ascending, or the queries' estimates. Leaves:
//! one dimension, or `None` where the formula has no finite value. Zero distances (duplicates of
//! the query) are left out. Cost: O(k). Does not: measure many k at once (see
//! [`corrected`](crate::corrected)).

use super::Lid;
use crate::corrected::sum_of_logarithms;

impl Lid {
    /// The estimate at one query from its neighbors' true distances, ascending.
    ///
    /// `None` with fewer than two positive distances, or if all (for [`TwoNn`](Self::TwoNn): the
    /// first two) are equal, where every formula is infinite.
    pub fn of_query(self, distances: &[f32]) -> Option<f64> {
        let positive = &distances[distances.partition_point(|&distance| distance <= 0.0)..];
        let read = if self == Self::TwoNn {
            positive.get(..2)?
        } else {
            positive
        };
        let (&first, &last) = (read.first()?, read.last()?);
        (first < last).then(|| self.of_positive(read))
    }

    /// `distances` are positive, ascending and not all equal.
    fn of_positive(self, distances: &[f32]) -> f64 {
        let count = distances.len() as f64;
        match self {
            Self::MaximumLikelihood | Self::MacKayGhahramani | Self::TwoNn => {
                (count - 1.0) / logarithms_below_largest(distances)
            }
            Self::Amsaleg => count / logarithms_below_largest(distances),
            Self::MethodOfMoments => method_of_moments(distances),
        }
    }

    /// One figure from the estimates of many queries: their mean, or the inverse of the mean of
    /// their inverses.
    ///
    /// `None` without estimates. Queries without an estimate are left out by the caller.
    pub fn over_queries(self, estimates: &[f64]) -> Option<f64> {
        let count = estimates.len() as f64;
        if estimates.is_empty() {
            return None;
        }
        Some(match self {
            Self::MaximumLikelihood | Self::Amsaleg | Self::MethodOfMoments => {
                estimates.iter().sum::<f64>() / count
            }
            Self::MacKayGhahramani | Self::TwoNn => {
                count / estimates.iter().map(|estimate| 1.0 / estimate).sum::<f64>()
            }
        })
    }
}

/// Σ ln(dₖ/dᵢ).
fn logarithms_below_largest(distances: &[f32]) -> f64 {
    let largest = f64::from(distances[distances.len() - 1]).ln();
    distances.len() as f64 * largest - sum_of_logarithms(distances)
}

fn method_of_moments(distances: &[f32]) -> f64 {
    let mean = distances
        .iter()
        .map(|&distance| f64::from(distance))
        .sum::<f64>()
        / distances.len() as f64;
    mean / (f64::from(distances[distances.len() - 1]) - mean)
}
