//! Metrics, with their true and their reduced distance.
//!
//! The **reduced distance** (scikit-learn's `rdist`) orders as the distance does and is cheaper:
//! squared L2, cosine distance 1 − cos, or −⟨x, y⟩. Only for L2 the two differ, by a square root.

use crate::kernels;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How far apart two vectors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Metric {
    /// Euclidean distance ‖x − y‖.
    #[serde(rename = "l2", alias = "euclidean")]
    L2,
    /// Cosine distance 1 − cos(x, y); zero vectors are refused.
    #[serde(rename = "cosine", alias = "angular")]
    Cosine,
    /// Negated inner product −⟨x, y⟩: smaller is nearer, may be negative.
    #[serde(rename = "ip", alias = "inner_product", alias = "inner-product")]
    InnerProduct,
}

impl Metric {
    /// The distance that a reduced distance stands for, in the metric's own unit. What rounding
    /// left below zero is zero for L2.
    ///
    /// ```
    /// use annatomy_vectors::Metric;
    ///
    /// assert_eq!(Metric::L2.true_distance(9.0), 3.0);
    /// assert_eq!(Metric::Cosine.true_distance(0.25), 0.25);
    /// ```
    #[inline]
    pub fn true_distance(self, reduced_distance: f32) -> f32 {
        match self {
            Self::L2 => reduced_distance.max(0.0).sqrt(),
            Self::Cosine | Self::InnerProduct => reduced_distance,
        }
    }

    /// The distance that geometry is measured by, from a reduced one: ‖x − y‖ for L2; for cosine the
    /// chord ‖x/‖x‖ − y/‖y‖‖ = √(2(1 − cos)), since 1 − cos is half a squared length, which would
    /// halve every LID; −⟨x, y⟩ for inner product, which has no geometry.
    ///
    /// ```
    /// use annatomy_vectors::Metric;
    ///
    /// // Unit vectors 60° apart: cos = 1/2, and the chord is as long as the radius.
    /// assert_eq!(Metric::Cosine.geometric_distance(0.5), 1.0);
    /// ```
    #[inline]
    pub fn geometric_distance(self, reduced_distance: f32) -> f32 {
        match self {
            Self::L2 => reduced_distance.max(0.0).sqrt(),
            Self::Cosine => (2.0 * reduced_distance).max(0.0).sqrt(),
            Self::InnerProduct => reduced_distance,
        }
    }

    /// [`geometric_distance`](Self::geometric_distance) of a true distance.
    #[inline]
    pub fn geometric_of_true(self, true_distance: f32) -> f32 {
        match self {
            Self::L2 => true_distance,
            Self::Cosine | Self::InnerProduct => self.geometric_distance(true_distance),
        }
    }

    /// [`true_distance`](Self::true_distance) in float64.
    #[inline]
    pub fn true_distance_f64(self, reduced_distance: f64) -> f64 {
        match self {
            Self::L2 => reduced_distance.max(0.0).sqrt(),
            Self::Cosine | Self::InnerProduct => reduced_distance,
        }
    }

    /// The reduced distance of a distance: its square for L2, itself otherwise.
    #[inline]
    pub fn reduced_distance(self, true_distance: f32) -> f32 {
        match self {
            Self::L2 => true_distance * true_distance,
            Self::Cosine | Self::InnerProduct => true_distance,
        }
    }

    /// The reduced distance between two vectors of equal length, summed in float64; for cosine they
    /// need not have unit length.
    #[inline]
    pub fn reduced_distance_f64(self, x: &[f32], y: &[f32]) -> f64 {
        match self {
            Self::L2 => kernels::l2_squared_f64(x, y),
            Self::Cosine => {
                let lengths = (kernels::dot_f64(x, x) * kernels::dot_f64(y, y)).sqrt();
                1.0 - kernels::dot_f64(x, y) / lengths
            }
            Self::InnerProduct => -kernels::dot_f64(x, y),
        }
    }
}

/// A metric name that is not known.
#[derive(Debug, thiserror::Error)]
#[error("unknown metric {0:?}: expected l2, cosine or ip")]
pub struct UnknownMetric(String);

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "l2" | "euclidean" => Ok(Self::L2),
            "cosine" | "angular" => Ok(Self::Cosine),
            "ip" | "inner_product" | "inner-product" => Ok(Self::InnerProduct),
            other => Err(UnknownMetric(other.to_owned())),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::L2 => "l2",
            Self::Cosine => "cosine",
            Self::InnerProduct => "ip",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_and_reduced_distances_lead_to_one_another() {
        let (x, y) = ([3.0, 0.0], [0.0, 4.0]);
        assert_eq!(Metric::L2.reduced_distance_f64(&x, &y), 25.0);
        assert_eq!(Metric::L2.true_distance(25.0), 5.0);
        assert_eq!(Metric::L2.true_distance_f64(25.0), 5.0);
        assert_eq!(Metric::L2.reduced_distance(5.0), 25.0);
        assert_eq!(Metric::L2.true_distance(-1e-9), 0.0, "rounding below zero");
        assert_eq!(Metric::Cosine.reduced_distance_f64(&x, &y), 1.0);
        assert_eq!(Metric::InnerProduct.reduced_distance_f64(&x, &x), -9.0);
        for metric in [Metric::Cosine, Metric::InnerProduct] {
            assert_eq!(metric.true_distance(-0.5), -0.5);
            assert_eq!(metric.reduced_distance(-0.5), -0.5);
        }
    }
}
