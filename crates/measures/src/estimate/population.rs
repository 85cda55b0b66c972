//! What a sample of queries was drawn from, and what that does to an interval.

use serde::{Deserialize, Serialize};

/// What the queries measured are a sample of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Population {
    /// Queries without end, of which those measured are a few: held-out queries stand for those to
    /// come.
    Unlimited,
    /// This many queries, drawn from without replacement: base rows as queries.
    Finite(u64),
}

impl Population {
    /// The finite-population factor (N − n)/(N − 1) of the variance of a mean (Cochran 1977,
    /// theorem 2.2): 1 for a population without end, 0 if all of it was measured.
    pub fn factor(self, sample: usize) -> f64 {
        match self {
            Self::Unlimited => 1.0,
            Self::Finite(size) if size <= 1 || sample as u64 >= size => 0.0,
            Self::Finite(size) => (size - sample as u64) as f64 / (size - 1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_census_leaves_no_variance() {
        assert_eq!(Population::Unlimited.factor(7), 1.0);
        assert_eq!(Population::Finite(10).factor(10), 0.0);
        assert_eq!(Population::Finite(1).factor(1), 0.0);
        assert_eq!(Population::Finite(101).factor(51), 0.5);
        assert_eq!(Population::Finite(5).factor(1), 1.0);
    }
}
