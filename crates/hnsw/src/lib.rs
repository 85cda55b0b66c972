//! HNSW and Vamana: deterministic batched construction, best-first search, and a trace of every visit.
//!
//! The path through this crate: [`Parameters`] → [`Graph::build`] over a [`DistanceComputer`] →
//! [`Traversal`] per query → [`Visits`], from which the answer of any [`EngineClass`] at any (ef,
//! k) is a lookup.

#![deny(missing_docs)]

mod build;
mod distance;
mod graph;
pub mod import;
mod queue;
mod search;

pub use build::{
    BuildError, ForwardLinks, InsertionOrder, Parameters, Preset, RedundantLinks, ShortLists,
    UnknownPreset, VamanaParameters, medoid,
};
pub use distance::{
    DistanceComputer, PairDistances, PairScorer, RankDistances, RankScorer, ReducedKeys, Sq8Codes,
    Sq8Queries, VectorDistances, VectorScorer,
};
pub use graph::{BaseLayer, Graph, GraphBytesError, Links, TooManyLinks, reachable, union};
pub use queue::{
    Beam, BitsetQueue, CandidateQueue, Coverage, HeapQueue, LowerBoundFilter, QueryScorer,
    QueueRule, RowLinks, Scored,
};
pub use search::{
    Answer, EngineClass, EngineSearch, FilterRule, ScanRecord, Search, Traversal,
    UnknownEngineClass, UnknownFilterRule, Visit, VisitCounts, Visits,
};
