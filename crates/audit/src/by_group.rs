//! Loss by group, as plain data.

use annatomy_measures::estimate::Estimate;
use serde::Serialize;

/// Every group at one k and effort.
#[derive(Clone, Debug, Serialize)]
pub struct GroupsAt {
    /// Neighbors asked for.
    pub k: usize,
    /// Search effort; `None` for answers given.
    pub ef: Option<usize>,
    /// The least overlap first.
    pub groups: Vec<Group>,
}

/// Queries of one group.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Queries measured.
    pub queries: usize,
    /// Mean overlap, over the queries of the group.
    pub overlap: Option<Estimate>,
    /// Mean fill.
    pub fill: f64,
    /// Mean LID of the exact neighbors; `None` where no query has one.
    pub lid: Option<f64>,
    /// Share of the queries measured.
    pub share_of_queries: f64,
    /// Share of all missing neighbors; `None` where none is missing.
    pub share_of_loss: Option<f64>,
}
