//! Distance computers: from ranks, from vectors, with SQ8 codes as a lower-bound prefilter.

mod computer;
mod sq8;

pub(crate) use computer::key_of_reduced_distance;
pub use computer::{
    DistanceComputer, QueryScorer, RankDistances, RankScorer, VectorDistances, VectorScorer,
};
pub use sq8::{LowerBoundFilter, Sq8Codes, Sq8Queries};
