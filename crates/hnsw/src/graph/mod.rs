//! The frozen graph, the links that searches read, and which nodes they can reach.

mod frozen;
mod links;
mod reachability;
mod union;

pub use frozen::Graph;
pub use links::Links;
pub use reachability::reachable;
pub use union::{TooManyLinks, union};
