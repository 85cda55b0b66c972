//! The three lists of one query, from which every measure is read: exact, visited, returned.
//!
//! Enters: exact neighbors and a recorded traversal. Leaves: [`ExactList`], [`VisitedList`], and for
//! any effort and k an [`Answer`]. Lists are columns (ids, distances, ranks), so that an answer is
//! selected and compressed by SIMD; their memory is reused from query to query.

mod exact;
mod returned;
mod visited;

pub use annatomy_measures::corrected::UNKNOWN_RANK;
pub use exact::ExactList;
pub(crate) use returned::Prefix;
pub use returned::{Answer, Columns, ReturnedRows};
pub use visited::{Kept, NEVER, VisitedList};
