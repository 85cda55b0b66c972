//! Vectors as every other tier sees them: matrices, metrics, and the files they come from.

#![deny(missing_docs)]

mod fence;
pub mod formats;
pub mod interrupt;
pub mod kernels;
mod matrix;
mod metric;
pub mod subset;
mod tasks;
pub mod transform;
pub mod validate;
mod zeroed;

pub use fence::fenced;
pub use matrix::{Matrix, MatrixError, MatrixView, PointId, Rows};
pub use metric::{Metric, UnknownMetric};
pub use tasks::{PerThread, TASK_QUERIES};
pub use zeroed::Zeroed;
