//! What a saved index holds, whatever engine wrote it.

use super::cursor::reserved;
use super::error::SavedIndexError;
use super::layers::renamed;
use super::row_ids::as_row_numbers;
use crate::graph::Graph;
use crate::queue::QueueRule;
use crate::search::EngineClass;
use annatomy_vectors::{Matrix, Metric};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who wrote an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Engine {
    /// FAISS `IndexHNSWFlat`.
    Faiss,
    /// hnswlib.
    Hnswlib,
    /// usearch.
    Usearch,
    /// DiskANN's index in memory.
    DiskAnn,
}

impl Engine {
    /// What it does when k exceeds ef, unless a caller says otherwise.
    pub fn class(self) -> EngineClass {
        match self {
            Self::Faiss => EngineClass::StopEarly,
            Self::Hnswlib | Self::Usearch | Self::DiskAnn => EngineClass::Raise,
        }
    }

    /// Its queue; `None` for DiskANN, where ties go by id ([`QueryScorer::ties_go_by_id`]).
    ///
    /// [`QueryScorer::ties_go_by_id`]: crate::QueryScorer::ties_go_by_id
    pub fn queue_rule(self, metric: Metric) -> Option<QueueRule> {
        match self {
            Self::Faiss if metric == Metric::L2 => Some(QueueRule::Faiss),
            Self::Faiss => Some(QueueRule::FaissSimilarity),
            Self::Hnswlib => Some(QueueRule::Hnswlib),
            Self::Usearch => Some(QueueRule::Usearch),
            Self::DiskAnn => None,
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Faiss => "FAISS",
            Self::Hnswlib => "hnswlib",
            Self::Usearch => "usearch",
            Self::DiskAnn => "DiskANN",
        })
    }
}

/// A graph that an engine saved, with its vectors.
#[derive(Clone, Debug)]
pub struct SavedIndex {
    /// Who wrote it.
    pub engine: Engine,
    /// The graph; node i is row i of `vectors`.
    pub graph: Graph,
    /// n × d, as the engine keeps them (hnswlib's cosine space: scaled to unit length).
    pub vectors: Matrix,
    /// The metric, where the file says it.
    pub metric: Option<Metric>,
    /// What the engine calls each row in its answers; `None`: by its number.
    pub labels: Option<Vec<i64>>,
    /// Rows that are marked deleted, ascending: a search expands them and never returns them.
    pub deleted: Vec<u32>,
    /// Bytes of the file after the index, which are not looked at.
    pub bytes_after: usize,
    /// M.
    pub m: usize,
    /// efConstruction; 0 where the file does not say it.
    pub ef_construction: usize,
    /// efSearch, where the file says it.
    pub ef_search: Option<usize>,
}

impl SavedIndex {
    /// Whether it was saved without them.
    pub(super) fn lacks_vectors(&self) -> bool {
        self.vectors.rows() == 0
    }

    /// Rows in the order of their labels, if those are a permutation of the row numbers.
    pub(super) fn in_order_of_labels(mut self) -> Result<Self, SavedIndexError> {
        let Some(names) = self.labels.as_deref().and_then(as_row_numbers) else {
            return Ok(self);
        };
        self.labels = None;
        if names.is_sorted() {
            return Ok(self);
        }
        self.graph = renamed(&self.graph, &names)?;
        for row in &mut self.deleted {
            *row = names[*row as usize];
        }
        self.deleted.sort_unstable();
        if !self.lacks_vectors() {
            let (rows, columns) = (self.vectors.rows(), self.vectors.columns());
            let mut values = reserved("the vectors", rows * columns)?;
            values.resize(rows * columns, 0.0);
            let mut vectors = Matrix::new(rows, columns, values).expect("rows × columns values");
            for (row, &name) in names.iter().enumerate() {
                vectors
                    .row_mut(name as usize)
                    .copy_from_slice(self.vectors.row(row));
            }
            self.vectors = vectors;
        }
        Ok(self)
    }
}
