//! The measures of a neighbor search: fill, overlap, distances, barycenter shift, local intrinsic
//! dimensionality.
//!
//! Enters: neighbor lists and distances, as slices. Leaves: one figure per query and k, and
//! estimates over queries and runs.
//!
//! * [`corrected`]: the measures as they should be taken, for one query over many k;
//! * [`published`]: the study's own arithmetic, artefacts included;
//! * [`lid`]: estimators of local intrinsic dimensionality, by name;
//! * [`estimate`]: means, shares, percentiles and paired differences with their intervals and tests;
//! * [`breakpoints`]: where a curve over k breaks;
//! * [`difficulty`]: hubness, contrast, trustworthiness, continuity;
//! * [`graded`]: overlap graded by rank and by distance.
//!
//! Does no input or output and knows no graph.

#![deny(missing_docs)]

pub mod breakpoints;
pub mod corrected;
pub mod difficulty;
pub mod estimate;
pub mod graded;
pub mod lid;
pub mod published;
