//! The published figures, held against a study's own.
//!
//! Enters: [`StudyResults`](crate::results::StudyResults). Leaves: a [`Comparison`], a row per
//! figure that both have: mean and spread over the ten published runs, mean and spread over ours,
//! the difference in units of the published spread. As a table in `reproduced.csv`, as a page in
//! `reproduced.html` (`annatomy_report::write_reproduced`).
//!
//! The published side is `published.csv`, which `make_published.py` beside it derives from the
//! study's result files. Both sides are in published conventions. Does not: say why two figures
//! differ.

mod compare;
mod table;

pub use compare::{Comparison, Row, Spread, compare};
pub use table::Figure;
