//! Vectors as every other tier sees them: matrices, metrics, distance kernels, bit sets, NumPy's
//! subsets.

#![deny(missing_docs)]

mod bit_set;
pub mod kernels;
mod matrix;
mod metric;
mod order;
mod range;
pub mod subset;
pub mod transform;
pub mod validate;

pub use bit_set::{BitSet, RankedBitSet};
pub use matrix::{Matrix, MatrixError, MatrixView, PointId, Rows};
pub use metric::{Metric, UnknownMetric};
pub use order::{order_key, sort_by_32_bits, value_of_order_key};
pub use range::{PowerOfTwoScale, largest_magnitude};
