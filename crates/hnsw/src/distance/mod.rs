//! Distance computers: from ranks, from a table of all pairs, from vectors, with SQ8 codes as a lower-bound prefilter.

mod computer;
mod pairs;
mod ranks;
mod sq8;
mod vectors;

pub use computer::{DistanceComputer, ReducedKeys};
pub use pairs::{PairDistances, PairScorer};
pub use ranks::{RankDistances, RankScorer};
pub use sq8::{Sq8Codes, Sq8Queries};
pub use vectors::{VectorDistances, VectorScorer};
