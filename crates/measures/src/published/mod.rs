//! The study's own arithmetic, artefacts included, as `NumPy` carries it out.
//!
//! Two ways lead to the same [`Figures`]: [`whole_table`] takes the study's tables as FAISS hands
//! them over; the fast way takes for each query and k its [`row_mean`], [`row_lid`] and so on,
//! gathers them in [`Columns`] and calls [`Columns::figures`].
//!
//! The conventions, all of them the study's: distances are squared; column 0 is taken for self; an
//! empty slot is id −1 at distance `FLT_MAX`; −1 indexes the last row; float32 throughout.

mod barycenter;
mod figures;
mod lid;
mod overlap;
mod pairwise;
mod rows;
mod table;

pub use barycenter::row_barycenter_shift;
pub use figures::{Artefacts, Columns, Figures};
pub use lid::{row_lid, row_lid_plain, row_lids};
pub use overlap::row_overlap;
pub use pairwise::{column_mean, column_mean_f64, row_mean};
pub use rows::row_mean_of_slots;
pub use table::{EMPTY_DISTANCE, EMPTY_ID, Table, TableError, whole_table};
