//! What was found about growth, as `audit.json` holds it.

use crate::target::Target;
use annatomy_measures::estimate::LogLaw;
use serde::Serialize;

/// The smallest ef at every size, and the laws.
#[derive(Clone, Debug, Serialize)]
pub struct GrowthResult {
    /// Rows of the largest size.
    pub rows: usize,
    /// Queries, the same at every size.
    pub queries: usize,
    /// M of the graphs.
    pub m: usize,
    /// Their efConstruction.
    pub ef_construction: usize,
    /// What each graph needs, by seed, size, k and target.
    pub points: Vec<GrowthPoint>,
    /// One for each k and target.
    pub laws: Vec<GrowthLaw>,
}

/// What one graph needs.
#[derive(Clone, Debug, Serialize)]
pub struct GrowthPoint {
    /// Rows of the sample.
    pub rows: usize,
    /// Of the sample and of the graph.
    pub seed: u64,
    /// Neighbors asked for.
    pub k: usize,
    /// What is to be reached.
    pub target: Target,
    /// The smallest ef whose estimate reaches it; `None` if no effort does.
    pub ef: Option<usize>,
    /// Distance evaluations a query there.
    pub distance_evaluations: Option<f64>,
}

/// The law of one k and target.
#[derive(Clone, Debug, Serialize)]
pub struct GrowthLaw {
    /// Neighbors asked for.
    pub k: usize,
    /// What is to be reached.
    pub target: Target,
    /// ef = a + b·log₂ n; `None` where the target is reached at fewer than four sizes.
    pub law: Option<LogLaw>,
    /// At the largest size, ten and a hundred times as many rows.
    pub forecasts: Vec<GrowthForecast>,
}

/// The ef of one graph over `rows` rows, as the law has it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GrowthForecast {
    /// Rows.
    pub rows: usize,
    /// On the law.
    pub ef: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}
