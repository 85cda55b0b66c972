//! Vectors as every other tier sees them: matrices, metrics, and the files they come from.

#![deny(missing_docs)]

mod fence;
pub mod formats;
pub mod interrupt;
pub mod kernels;
mod matrix;
mod metric;
mod printable;
mod regular_file;
pub mod subset;
mod tasks;
pub mod transform;
pub mod validate;
mod zeroed;

pub use fence::fenced;
pub use matrix::{Matrix, MatrixError, MatrixView, PointId, Rows};
pub use metric::{Metric, UnknownMetric};
pub use printable::{printable, printable_bytes, printable_message, printable_path};
pub use regular_file::{NotRegular, open_regular, read_regular, read_regular_text};
pub use tasks::{PerThread, TASK_QUERIES};
pub use zeroed::Zeroed;
