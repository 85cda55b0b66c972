//! Where a curve over k breaks: the study's kinds of breakpoint and the corrected ones, per run and
//! over runs.
//!
//! Both take one run's curve over an ascending grid of k and give each breakpoint as k and as k/ef,
//! or `None` where it does not happen within the grid.

mod corrected;
mod over_runs;
mod point;
mod published;

pub use corrected::{CorrectedBreakpointEstimates, CorrectedBreakpoints, CorrectedCurve};
pub use over_runs::BreakpointEstimate;
pub use point::Breakpoint;
pub use published::{
    PublishedBreakpointEstimates, PublishedBreakpoints, PublishedCurve, PublishedParameters,
};
