//! What an engine returns when k results are asked of search effort ef: five rules, all lookups in
//! one record.
//!
//! | class | engines | rule |
//! |---|---|---|
//! | stop early | FAISS (default) | search at ef whatever k is; the k best of what was visited, then empty slots |
//! | raise | hnswlib, usearch, Qdrant, Weaviate, Redis, FAISS with an unbounded queue | ef ← max(ef, k) |
//! | row cap | pgvector (iterative scan off) | beam ef, at most ef rows |
//! | refuse | Milvus, DiskANN, Elasticsearch | k > ef is an error |
//! | beam is k | Lucene | ef ← k |

use super::filter_rule::FilterRule;
use super::trace::{Visit, Visits};
use crate::queue::{Beam, QueueRule};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How an engine treats k > ef.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineClass {
    /// Searches at ef and returns what it has.
    StopEarly,
    /// Searches at max(ef, k).
    Raise,
    /// Returns at most ef rows.
    RowCap,
    /// Refuses k > ef.
    Refuse,
    /// Searches at k.
    BeamIsK,
}

/// An engine class name that is not known.
#[derive(Debug, thiserror::Error)]
#[error("unknown engine class {0:?}: expected stop-early, raise, row-cap, refuse or beam-is-k")]
pub struct UnknownEngineClass(String);

/// What an engine would answer to (ef, k).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An error: k exceeds ef.
    Refused,
    /// The `rows` nearest of the first `visited` visits, as many as there are.
    Rows {
        /// Size of the visited set.
        visited: usize,
        /// Most rows returned.
        rows: usize,
    },
}

impl EngineClass {
    /// Every class, in the order of the module's table.
    pub const ALL: [Self; 5] = [
        Self::StopEarly,
        Self::Raise,
        Self::RowCap,
        Self::Refuse,
        Self::BeamIsK,
    ];

    /// The effort the traversal must have been recorded to for (ef, k) to be read.
    pub fn effort(self, ef: usize, k: usize) -> usize {
        match self {
            Self::StopEarly | Self::RowCap | Self::Refuse => ef,
            Self::Raise => ef.max(k),
            Self::BeamIsK => k,
        }
    }

    /// What it answers to (ef, k), where a search visits V(effort) = `visited` rows.
    pub fn answer(self, ef: usize, k: usize, visited: impl FnOnce(usize) -> usize) -> Answer {
        let rows = match self {
            Self::Refuse if k > ef => return Answer::Refused,
            Self::RowCap => k.min(ef),
            _ => k,
        };
        Answer::Rows {
            visited: visited(self.effort(ef, k)),
            rows,
        }
    }
}

impl EngineClass {
    /// The queue and the beam by which a graph whose queue is `rule` answers (ef, k) as an engine of this
    /// class does; `None` where the engine refuses, or where only a queue of FAISS has an answer of k > ef
    /// rows. A FAISS that raises ef has a queue without a limit.
    pub fn queue(self, rule: QueueRule, ef: usize, k: usize) -> Option<(QueueRule, Beam)> {
        let is_faiss = matches!(rule, QueueRule::Faiss | QueueRule::FaissSimilarity);
        let effort = self.effort(ef, k);
        match self {
            Self::Refuse if k > ef => None,
            Self::StopEarly if k > ef && !is_faiss => None,
            Self::RowCap => Some((rule, Beam { ef, k: k.min(ef) })),
            Self::Raise => Some((rule.unbounded(), Beam { ef: effort, k })),
            _ => Some((rule, Beam { ef: effort, k })),
        }
    }
}

impl QueueRule {
    /// The engine's queue without a limit, where it has two.
    fn unbounded(self) -> Self {
        match self {
            Self::Faiss => Self::FaissUnbounded,
            Self::FaissSimilarity => Self::FaissSimilarityUnbounded,
            other => other,
        }
    }

    /// Whether the engine filters by `rule` while its queue runs.
    pub fn filters_by(self, rule: FilterRule) -> bool {
        match self {
            Self::Faiss | Self::FaissSimilarity => rule == FilterRule::CountAll,
            Self::FaissUnbounded | Self::FaissSimilarityUnbounded => false,
            Self::Hnswlib | Self::Usearch => rule == FilterRule::CountAllowed,
        }
    }
}

impl FromStr for EngineClass {
    type Err = UnknownEngineClass;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|class| class.to_string() == name)
            .ok_or_else(|| UnknownEngineClass(name.to_owned()))
    }
}

impl fmt::Display for EngineClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StopEarly => "stop-early",
            Self::Raise => "raise",
            Self::RowCap => "row-cap",
            Self::Refuse => "refuse",
            Self::BeamIsK => "beam-is-k",
        })
    }
}

impl Visits {
    /// What an engine of `class` answers to (ef, k).
    ///
    /// # Panics
    /// If the traversal was recorded to less than [`EngineClass::effort`].
    pub fn answer(&self, class: EngineClass, ef: usize, k: usize) -> Answer {
        class.answer(ef, k, |effort| self.visited(effort))
    }

    /// The first `visited` visits, nearest first.
    pub fn among_first(&self, visited: usize) -> impl Iterator<Item = &Visit> + Clone {
        self.nearest_first()
            .iter()
            .filter(move |visit| (visit.arrival as usize) < visited)
    }

    /// The ids of an answer, nearest first; none if it was refused.
    pub fn rows(&self, answer: Answer) -> impl Iterator<Item = u32> + '_ {
        let (visited, rows) = match answer {
            Answer::Refused => (0, 0),
            Answer::Rows { visited, rows } => (visited, rows),
        };
        self.among_first(visited).take(rows).map(|visit| visit.id)
    }
}
