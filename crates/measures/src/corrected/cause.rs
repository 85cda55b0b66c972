//! Why a true neighbor is missing from an answer.

use serde::{Deserialize, Serialize};

/// Why a true neighbor was not returned: exhaustive and disjoint.
///
/// With exact distances a visited true neighbor cannot be lost except to another at the same
/// distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// No path leads from the entry point to it: no search effort finds it.
    Unreachable,
    /// Reachable, but the search stopped before it: more effort finds it.
    Unvisited,
    /// Visited, and displaced by another point at the same distance.
    Tied,
}
