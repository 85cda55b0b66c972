//! Exact k-nearest neighbors, and the tables that hold neighbors.
//!
//! * [`exact_knn`]: exact ids under a certificate, in bounded memory, for all rows or held-out
//!   queries;
//! * [`PairTable`]: every pair's separation at once, when n² float32 values are wanted and
//!   fit;
//! * [`RankTable`]: the same table reduced to what a graph needs, the order of each row;
//! * [`NeighborTable`]: q queries × k slots of (id, distance).

#![deny(missing_docs)]

mod certificate;
mod exact;
mod kept;
mod neighbors;
mod pairs;
mod prepared;
mod products;
mod ranks;
mod sample;
mod select;
mod separations;
mod settle;
mod source;

pub use exact::{ExactError, Queries, exact_knn, exact_knn_as};
pub use neighbors::NeighborTable;
pub use ranks::{MAX_RANKED_ROWS, RankRow, RankTable};
pub use separations::{PairTable, TableError};
pub use source::RowSource;
