//! Barycenter shifts of many neighbor lists at once, by incremental symmetric differences.
//!
//! Enters: per query its exact neighbors E and returned lists A at many k, in one or both
//! conventions. Leaves: one shift per list and k. [`BarycenterShifts`] is the one face.
//!
//! Everything follows from D = ΣE − ΣA, and D from the rows of E △ A alone. Consecutive lists share
//! most of their rows, so sums are kept and only the rows that change are added or removed; the
//! vectors are read once for a block of queries.
//!
//! ```text
//! shifts            one block of queries: begin, add lists and answers, finish
//!   query_shifts    which sums one query needs, and in which cells their norms belong
//!     *_difference  E △ A_k as k grows: one list for all k, one answer per k, or directly
//!       prefix_encoding   A ∩ E as a prefix less its misses, or as its hits
//!     signed_sums   the sums as a packed list of additions
//!   accumulate      the additions, over blocks of columns, by SIMD
//!     column_blocks the centered vectors, block by block
//! ```

mod accumulate;
mod answer_difference;
mod changes;
mod column_blocks;
mod direct_difference;
mod list_difference;
mod prefix_encoding;
mod query_shifts;
mod shifts;
mod signed_sums;
#[cfg(test)]
mod tests;

pub use column_blocks::ColumnBlocks;
pub use query_shifts::{Cell, Convention};
pub use shifts::{AnswerShift, BarycenterShifts, ListShifts};
