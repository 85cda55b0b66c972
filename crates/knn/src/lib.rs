//! Exact k-nearest neighbors, and the tables that hold neighbors.
//!
//! * [`exact_knn`]: exact ids under a certificate, in bounded memory, for all rows or held-out
//!   queries;
//! * [`exact_knn_float64`]: the same with the float64 values that decide the order;
//! * [`PartialSearch`]: the neighbors among a range of base rows, to be merged with those of others;
//! * [`PairTable`]: every pair's reduced distance at once, when n² float32 values are wanted and
//!   fit;
//! * [`RankTable`]: the same table reduced to what a graph needs, the order of each row;
//! * [`Rotation`]: what comes before 8-bit codes where rows have far values;
//! * [`settle`]: candidates that another processor found, in the order of float64, with the same certificate;
//! * [`NeighborTable`]: q queries × k slots of (id, distance).

#![deny(missing_docs)]

mod all_pairs;
mod exact;
mod float64;
mod gemm;
mod int8;
mod neighbors;
mod pair_table;
mod partial;
mod prepared;
mod product_counts;
mod queries;
mod rank_table;
mod refine;
mod repeats;
mod scaled;
mod settle;
mod source;
mod streaming;
mod threshold;
mod topk_buffers;

pub use exact::{ExactError, exact_knn, exact_knn_as, exact_knn_counted};
pub use float64::{exact_knn_float64, reduced_float64};
pub use int8::Rotation;
pub use neighbors::NeighborTable;
pub use pair_table::{PairTable, TableError};
pub use partial::{
    BaseIdentity, Checksum256, FileSearchError, MergeError, NodeCost, Partial, PartialError,
    PartialFileError, PartialHeader, PartialPlan, PartialQueries, PartialRequest, PartialSearch,
    identity_of, merge_order, partial_of_file, valid_rows,
};
pub use product_counts::ProductCounts;
pub use queries::Queries;
pub use rank_table::{MAX_RANKED_ROWS, RankRow, RankTable};
pub use settle::{Candidates, Settled, settle};
pub use source::RowSource;
