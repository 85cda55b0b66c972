//! Estimates: a figure with its interval, from queries, runs, shares or order statistics; and
//! comparisons of two searches of the same queries.
//!
//! All intervals are at 95 %. No bootstrap, hence no random numbers.

mod bounded_mean;
mod holm;
mod log_law;
mod over_runs;
mod over_subsets;
mod paired;
mod percentile;
mod population;
mod quantile_interval;
mod rank_correlation;
mod sample_until;
mod share;
mod sign_flip;
mod variance_components;

pub use bounded_mean::{bounded_mean, bounded_mean_knowing};
pub use holm::holm;
pub use log_law::{Forecast, LEAST_SIZES, LogLaw};
pub use over_runs::Estimate;
pub use over_subsets::{Drawn, Scale, SubsetIntervals, over_subsets};
pub use paired::{PairedDifference, paired_difference};
pub use percentile::percentile;
pub use population::Population;
pub use quantile_interval::{QuantileInterval, quantile_interval, quantile_interval_of};
pub use rank_correlation::spearman;
pub use sample_until::{PILOT, SampledUntil, Stage, queries_for_half_width, sample_until};
pub use share::{Share, share, share_of};
pub use sign_flip::{SignFlipTest, sign_flip_test};
pub use variance_components::{Component, DesignError, Factor, variance_components};
