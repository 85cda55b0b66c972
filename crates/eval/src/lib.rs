//! Everything between a method and a figure, once: exact, visited and returned lists, distance sources, the (effort, k)
//! surface, why a neighbor is missing, measures of answers.

#![deny(missing_docs)]

pub mod allowed;
pub mod answers;
pub mod barycenter;
pub mod dataset;
pub mod distance_source;
pub mod engines;
pub mod every_effort;
pub mod explored;
pub mod fidelity;
pub mod ground_truth;
pub mod index;
pub mod lists;
pub mod method_state;
pub mod missing;
pub mod query_state;
pub mod surface;

#[cfg(test)]
mod testing;
