//! The study's own arithmetic, artefacts included, as `NumPy` carries it out.
//!
//! For each query and k take its [`row_mean`], [`row_lid`] and so on into a [`PublishedRow`], and
//! call [`Figures::of_rows`]. Tests compare with the study's tables, row by row.
//!
//! The conventions, all of them the study's: distances are squared; column 0 is taken for self; an
//! empty slot is id −1 at distance `FLT_MAX`; −1 indexes the last row; float32 throughout.

mod barycenter;
mod figures;
mod lid;
mod overlap;
mod pairwise;
mod rows;

pub use barycenter::row_barycenter_shift;
pub use figures::{Artefacts, Columns, Figures, NamedFigure, PublishedRow};
pub use lid::{row_lid, row_lid_plain, row_lids};
pub use overlap::row_overlap;
pub use pairwise::{column_mean, column_mean_f64, row_mean};
pub use rows::{EMPTY_DISTANCE, row_mean_of_slots};
