//! Estimates: a figure with its interval, from runs, shares or order statistics.
//!
//! All intervals are at 95 %. No bootstrap, hence no random numbers.

mod over_runs;
mod percentile;
mod quantile_interval;
mod share;

pub use over_runs::Estimate;
pub use percentile::percentile;
pub use quantile_interval::{QuantileInterval, quantile_interval};
pub use share::{Share, share};
