//! What is known of an index besides what it searches: where it comes from, with which settings it
//! was built, and how its engine answers.

use annatomy_hnsw::EngineClass;
use serde::{Deserialize, Serialize};

/// What is known of an index besides what it searches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexFacts {
    /// What a report calls it.
    pub source: String,
    /// What its engine does when k exceeds ef.
    pub class: EngineClass,
    /// Rows of each segment, where the graph joins several; empty for one.
    pub segments: Vec<usize>,
    /// M.
    pub m: usize,
    /// efConstruction.
    pub ef_construction: usize,
    /// efSearch, where the index says it.
    pub ef_search: Option<usize>,
}
