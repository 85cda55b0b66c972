//! Vectors as every other tier sees them: matrices, metrics, distance kernels, NumPy's subsets.

#![deny(missing_docs)]

pub mod kernels;
mod matrix;
mod metric;
pub mod subset;
pub mod transform;
pub mod validate;

pub use matrix::{Matrix, MatrixError, MatrixView, PointId, Rows};
pub use metric::{Metric, UnknownMetric};
