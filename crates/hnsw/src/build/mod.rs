//! Building a graph: parameters and presets, levels, batched insertion, the prune heuristic.

mod builder;
mod growing;
mod levels;
mod parameters;
mod prune;
mod redundant;
mod vamana;

pub use builder::BuildError;
pub use parameters::{ForwardLinks, InsertionOrder, Parameters, Preset, ShortLists, UnknownPreset};
pub use redundant::RedundantLinks;
pub use vamana::{VamanaParameters, medoid};
