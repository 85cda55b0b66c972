//! The frozen graph, the links that searches read, which nodes they can reach, and what its base
//! layer looks like.

mod base_layer;
mod encoding;
mod frozen;
mod links;
mod reachability;
mod union;

pub use base_layer::BaseLayer;
pub use encoding::GraphBytesError;
pub use frozen::Graph;
pub use links::Links;
pub use reachability::reachable;
pub use union::{TooManyLinks, union};
