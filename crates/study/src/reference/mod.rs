//! Reference values: the published figures, compared with those of a study.
//!
//! Input: [`StudyResults`](crate::results::StudyResults). Output: a [`Comparison`], a row per
//! figure that both have: mean and standard deviation over the ten published runs, the same over
//! ours, and the difference in published standard deviations. As a table in `reproduced.csv`, as a
//! page in `reproduced.html` (`annatomy_report::write_reproduced`).
//!
//! The reference values are `published.csv`, which `make_published.py` derives from the study's
//! result files. Both sides follow the published conventions, whose arithmetic is that of
//! `annatomy_measures::published`. Does not: say why two figures differ.

mod compare;
mod intervals;
mod table;

pub use compare::{Comparison, Row, Spread, compare};
pub use intervals::{
    PUBLISHED_ROWS, PublishedInterval, published_intervals, published_intervals_csv,
};
pub use table::Figure;
