//! The graph: built deterministically, searched by one written-once loop, and traversed with a
//! record of every visit.
//!
//! The path through this crate: [`Parameters`] → [`Graph::build`] over an [`Oracle`] →
//! [`Traversal`] per query → [`Visits`], from which the answer of any [`EngineClass`] at any (ef,
//! k) is a lookup.

#![deny(missing_docs)]

mod build;
mod engine;
mod frontier;
mod graph;
pub mod import;
mod levels;
mod oracle;
mod parameters;
mod reach;
mod search;
mod selection;
mod sketch;
mod visits;

pub use build::BuildError;
pub use engine::{Answer, EngineClass, UnknownEngineClass};
pub use frontier::{BitsetFrontier, Frontier, HeapFrontier, Seen};
pub use graph::{Graph, Links};
pub use oracle::{Oracle, RankOracle, RankView, VectorOracle, VectorView, View};
pub use parameters::{ForwardLinks, InsertionOrder, Parameters, ShortLists, UnknownPreset};
pub use reach::reachable;
pub use search::{Search, Traversal};
pub use sketch::{Sieve, Sketch, SketchedQueries};
pub use visits::{Visit, Visits};
