//! Measures against independent values; one binary, so that the crate is linked once.

mod breakpoints;
mod corrected;
mod coverage;
mod difficulty;
mod lid;
mod published;
mod study_tables;
mod subsets;
