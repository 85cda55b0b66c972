//! What is found of the health of a graph, and when it is a warning.

use annatomy_measures::estimate::Estimate;
use serde::Serialize;

/// A larger share of rows outside the largest component, of those that are neither confined nor
/// unreachable, is a warning.
const MOST_OUTSIDE: f64 = 0.01;
/// A smaller share of rows that find themselves is a warning.
const LEAST_SELF_RECALL: f64 = 0.99;
/// A larger share of visits on one row in a hundred, in shares of visits at random, is a warning where rows
/// do not find themselves either: in 39 of 39 settings beyond it, of 68, they did not (docs/measures/graph-health.md).
const MOST_UNEVEN: f64 = 5.0;

/// The base layer of one graph, or of one segment, and how searches move on it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GraphHealth {
    /// Rows of the graph or segment.
    pub rows: usize,
    /// Strongly connected components of the base layer (Tarjan 1972).
    pub components: usize,
    /// Rows of the largest of them.
    pub largest_component: usize,
    /// Rows from which no path leads to the largest: a search that enters among them sees no others.
    pub confined: usize,
    /// Rows to which no path leads from the entry point, on any layer.
    pub unreachable: usize,
    /// Links that point to a row, on the base layer.
    pub in_degree: InDegree,
    /// Share of the links that the neighbor-selection heuristic would prune, since a nearer linked row
    /// lies between their ends; `None` without links.
    pub redundant_links: Option<f64>,
    /// The effort of the searches behind `self_recall` and `hubs`.
    pub ef: usize,
    /// Share of base rows that a search for them visits; `None` under inner product, where a row need
    /// not be its own nearest.
    pub self_recall: Option<Estimate>,
    /// How evenly searches visit rows.
    pub hubs: Option<Hubs>,
    /// What is wrong.
    pub warnings: Vec<HealthWarning>,
}

/// How many links point to a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct InDegree {
    /// Rows to which no link points.
    pub zero: usize,
    /// Mean.
    pub mean: f64,
    /// Least.
    pub min: u32,
    /// 1st percentile, nearest rank.
    pub p1: u32,
    /// 5th percentile.
    pub p5: u32,
    /// Median.
    pub p50: u32,
    /// 95th percentile.
    pub p95: u32,
    /// 99th percentile.
    pub p99: u32,
    /// Most.
    pub max: u32,
}

/// How visits are spread over rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Hubs {
    /// Queries whose visits are counted.
    pub queries: usize,
    /// Their visits.
    pub visits: u64,
    /// Share of the visits on the most visited 1 % of the rows.
    pub top_share: f64,
    /// The same of as many visits to rows drawn at random (Poisson): more than .01, since a few visits
    /// are uneven by chance.
    pub random_share: f64,
}

/// What is wrong with a graph.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
pub enum HealthWarning {
    /// Rows to which no path leads from the entry point.
    Unreachable {
        /// How many.
        rows: usize,
    },
    /// Many other rows are not strongly connected with the rest.
    Fragmented {
        /// Components.
        components: usize,
        /// Rows outside the largest.
        outside: usize,
    },
    /// Rows whose links lead to one another alone.
    Confined {
        /// How many.
        rows: usize,
    },
    /// Rows that a search for them does not find.
    LosesItself {
        /// Effort.
        ef: usize,
        /// Share of rows that are found.
        self_recall: f64,
    },
    /// Few rows take many of the visits.
    Hubs {
        /// Their share.
        top_share: f64,
        /// That of visits at random.
        random_share: f64,
    },
}

impl GraphHealth {
    /// What is wrong, by the figures.
    pub(super) fn found_wrong(&self) -> Vec<HealthWarning> {
        let mut warnings = Vec::new();
        if self.unreachable > 0 {
            warnings.push(HealthWarning::Unreachable {
                rows: self.unreachable,
            });
        }
        let outside = self.rows - self.largest_component;
        let others = outside.saturating_sub(self.confined + self.unreachable);
        if others as f64 > MOST_OUTSIDE * self.rows as f64 {
            warnings.push(HealthWarning::Fragmented {
                components: self.components,
                outside,
            });
        }
        if self.confined > 0 {
            warnings.push(HealthWarning::Confined {
                rows: self.confined,
            });
        }
        if let Some(found) = self.self_recall
            && found.point < LEAST_SELF_RECALL
        {
            warnings.push(HealthWarning::LosesItself {
                ef: self.ef,
                self_recall: found.point,
            });
        }
        // Queries that are near one another meet the same rows, and lose nothing by it.
        let may_be_lost = |found: Estimate| found.point < LEAST_SELF_RECALL;
        if let Some(hubs) = self.hubs
            && hubs.top_share > MOST_UNEVEN * hubs.random_share
            && self.self_recall.is_none_or(may_be_lost)
        {
            warnings.push(HealthWarning::Hubs {
                top_share: hubs.top_share,
                random_share: hubs.random_share,
            });
        }
        warnings
    }
}
