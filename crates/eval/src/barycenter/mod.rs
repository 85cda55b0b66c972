//! Barycenter shifts of many neighbor lists at once.
//!
//! Enters: per query its exact neighbors and returned lists at many k, in one or both conventions.
//! Leaves: one shift per list and k. Two lists share most of their rows, so sums are kept and only
//! the symmetric difference is added or subtracted; the vectors are read once for a block of queries.

mod kernel;
mod shifts;
mod symmetric_difference;

pub use kernel::ColumnBlocks;
pub use shifts::{Place, QueryShifts, Reader};
pub use symmetric_difference::{Apart, Difference, Reach};

/// Computes the norms behind the shifts of a block of queries.
pub fn compute(queries: &mut [QueryShifts], columns: &ColumnBlocks) {
    kernel::squared_norms(queries.iter_mut().map(|query| &mut query.sums), columns);
}
