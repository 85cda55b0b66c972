//! The frozen graph and the links that searches read.

mod frozen;
mod reachability;

pub use frozen::{Graph, Links};
pub use reachability::reachable;
