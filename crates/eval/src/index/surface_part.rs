//! What some queries count of a surface: integers that add up to the whole in any order, and travel
//! between processes as bytes.

use super::Index;
use crate::surface::{Counts, Grid, SelfMatch, SurfaceGrid, Ties};
use annatomy_hnsw::EngineClass;
use annatomy_hnsw::import::EngineBuild;
use annatomy_vectors::Metric;
use serde::{Deserialize, Serialize};

/// Which format the bytes of a part have. Those of the first began with the number of efs, which is never 0.
const FORMAT: [u8; 2] = [0, 2];

/// The counts of some queries, and of which surface they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurfacePart {
    asked: Asked,
    counts: Counts,
}

/// What the parts of one surface have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    efs: Vec<usize>,
    ks: Vec<usize>,
    class: EngineClass,
    self_match: SelfMatch,
    shape: (usize, usize),
    metric: Metric,
    build: Option<EngineBuild>,
}

/// Why a part is none of a surface.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SurfacePartError {
    /// Bytes that this version writes no part as.
    #[error("no part of a surface, or one that another version of annatomy counted")]
    Bytes,
    /// Parts of two surfaces.
    #[error("a part of another surface: {what} {found}, and of the parts before {expected}")]
    Other {
        /// In what they differ.
        what: &'static str,
        /// Of this part.
        found: String,
        /// Of those before.
        expected: String,
    },
}

impl SurfacePart {
    pub(super) fn new(asked: Asked, counts: Counts) -> Self {
        Self { asked, counts }
    }

    /// Number of queries counted.
    pub fn queries(&self) -> u64 {
        self.counts.queries()
    }

    /// Whose rule for k > ef was counted.
    pub fn class(&self) -> EngineClass {
        self.asked.class
    }

    /// Whether a smaller grid would be searched with the queue of the graph's engine where distances are equal, and
    /// this one is read from traces.
    pub fn is_too_dense(&self) -> bool {
        self.asked.has_a_queue() && !self.asked.is_searched()
    }

    /// Whether cells are searched with the queue of the graph's engine where distances are equal.
    pub fn follows_a_queue(&self) -> bool {
        self.asked.has_a_queue() && self.asked.is_searched()
    }

    /// The effort where most of the queues ends among rows of equal distance, with these; `None` where that is not
    /// much.
    pub fn most_tied(&self) -> Option<(usize, Ties)> {
        self.counts.most_tied()
    }

    /// Adds the queries of `other`, which must be none of these.
    ///
    /// # Errors
    /// If it is a part of another surface: of other cells, another index or another arithmetic.
    pub fn merge(&mut self, other: &Self) -> Result<(), SurfacePartError> {
        self.asked.check_same(&other.asked)?;
        self.counts.merge(&other.counts);
        Ok(())
    }

    /// The means over all queries of the parts merged.
    pub fn finish(self) -> SurfaceGrid {
        let grid = self.asked.grid().expect("checked when the part was made");
        self.counts.surface(&grid)
    }

    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_extend(self, FORMAT.to_vec()).expect("plain data in memory")
    }

    /// From what [`to_bytes`](Self::to_bytes) gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SurfacePartError> {
        let bytes = bytes.strip_prefix(&FORMAT).ok_or(SurfacePartError::Bytes)?;
        let part: Self = postcard::from_bytes(bytes).map_err(|_| SurfacePartError::Bytes)?;
        match part.asked.grid() {
            Some(grid) if part.counts.fit(&grid) => Ok(part),
            _ => Err(SurfacePartError::Bytes),
        }
    }
}

impl Asked {
    pub(super) fn new(grid: &Grid<'_>, index: &Index, rows: usize, columns: usize) -> Self {
        Self {
            efs: grid.efs().to_vec(),
            ks: grid.ks().to_vec(),
            class: grid.class(),
            self_match: grid.self_match(),
            shape: (rows, columns),
            metric: index.metric(),
            build: index.engine(),
        }
    }

    fn grid(&self) -> Option<Grid<'_>> {
        Grid::new(&self.efs, &self.ks, self.class, self.self_match).ok()
    }

    /// Whether the graph is of an engine whose queue can be followed.
    fn has_a_queue(&self) -> bool {
        let rule = |build: EngineBuild| build.engine.queue_rule(self.metric);
        self.build.and_then(rule).is_some()
    }

    fn is_searched(&self) -> bool {
        self.grid().is_some_and(|grid| grid.is_searched())
    }

    fn check_same(&self, other: &Self) -> Result<(), SurfacePartError> {
        let arithmetic = |asked: &Self| match asked.build {
            Some(build) => format!("{} {}", build.engine, build.arithmetic),
            None => "ours".to_owned(),
        };
        let queries = |asked: &Self| match asked.self_match {
            SelfMatch::LeftOut => "rows".to_owned(),
            SelfMatch::None => "held out".to_owned(),
        };
        let shape = |asked: &Self| format!("{} × {}", asked.shape.0, asked.shape.1);
        let compared = [
            (
                "the efs are",
                format!("{:?}", other.efs),
                format!("{:?}", self.efs),
            ),
            (
                "the ks are",
                format!("{:?}", other.ks),
                format!("{:?}", self.ks),
            ),
            (
                "the rule is",
                other.class.to_string(),
                self.class.to_string(),
            ),
            ("queries are", queries(other), queries(self)),
            ("the rows are", shape(other), shape(self)),
            (
                "the metric is",
                other.metric.to_string(),
                self.metric.to_string(),
            ),
            ("the arithmetic is", arithmetic(other), arithmetic(self)),
        ];
        for (what, found, expected) in compared {
            if found != expected {
                return Err(SurfacePartError::Other {
                    what,
                    found,
                    expected,
                });
            }
        }
        Ok(())
    }
}
