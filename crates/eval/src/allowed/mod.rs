//! Allowed rows: answers and exact neighbors under a filter, or with deleted rows.
//!
//! Enters: a mask over the base rows, one for all queries or one per query ([`Allowed`]), and the
//! engine's rule ([`FilterRule`](annatomy_hnsw::FilterRule)). Leaves: the exact neighbors among the
//! allowed ([`exact_among`]), and through [`QueryState`](crate::query_state::QueryState) every
//! measure of the answers that hold allowed rows alone.

mod exact_among;
mod mask;
#[cfg(test)]
mod segment_tests;
#[cfg(test)]
mod tests;

pub use exact_among::{AllowedError, exact_among};
pub use mask::{Allowed, Filter, MaskError};
