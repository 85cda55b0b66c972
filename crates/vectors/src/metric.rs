//! The metrics a user may ask for, and what each means by "distance".

use std::fmt;
use std::str::FromStr;

/// How far apart two vectors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Euclidean distance ‖x − y‖.
    L2,
    /// Cosine distance 1 − cos(x, y); zero vectors are refused.
    Cosine,
    /// Negated inner product −⟨x, y⟩: smaller is nearer, may be negative.
    InnerProduct,
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
