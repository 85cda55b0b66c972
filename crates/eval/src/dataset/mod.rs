//! A data set as every evaluation reads it: base rows, queries, metric, ids of rows.
//!
//! Enters: rows in memory or in a file. Leaves: [`Dataset`], with all rows of unit length under
//! cosine. Invariants: a query that is a base row is excluded from its neighbors by id; row i of
//! the base is node i of every graph over it.
//!
//! [`Base`] holds the base rows in memory, reads them from their file ([`StreamedRows`]) or has them
//! brought from shards ([`GatheredRows`]);
//! [`QueryRows`] names the queries that are measured.

mod base;
mod definition;
mod elsewhere;
mod gathered;
mod query_rows;
mod streamed;
mod unit_length;

pub use base::Base;
pub use definition::Dataset;
pub use elsewhere::RowsElsewhere;
pub use gathered::{FetchRows, GatherError, GatheredRows, RowDigest, ShardFacts};
pub use query_rows::QueryRows;
pub use streamed::{StreamError, StreamedRows};
pub use unit_length::{
    all_have_unit_length, check_and_normalize, check_and_normalize_as, has_unit_length,
};

#[cfg(test)]
mod tests;
