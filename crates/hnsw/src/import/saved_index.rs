//! What a saved index holds, whatever engine wrote it.

use super::error::SavedIndexError;
use super::layers::renamed;
use super::{faiss, hnswlib};
use crate::graph::Graph;
use crate::search::EngineClass;
use annatomy_formats::MappedFile;
use annatomy_vectors::{Matrix, Metric};
use std::fmt;
use std::path::Path;

/// Who wrote an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// FAISS `IndexHNSWFlat`.
    Faiss,
    /// hnswlib.
    Hnswlib,
}

impl Engine {
    /// What it does when k exceeds ef, unless told otherwise.
    pub fn class(self) -> EngineClass {
        match self {
            Self::Faiss => EngineClass::StopEarly,
            Self::Hnswlib => EngineClass::Raise,
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Faiss => "FAISS",
            Self::Hnswlib => "hnswlib",
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
    /// M.
    pub m: usize,
    /// efConstruction.
    pub ef_construction: usize,
    /// efSearch, where the file says it.
    pub ef_search: Option<usize>,
}

impl SavedIndex {
    /// Reads an index by its content.
    ///
    /// # Errors
    /// If the file cannot be read, is of no known kind, or contradicts itself; see
    /// [`SavedIndexError`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self, SavedIndexError> {
        Self::from_bytes(&MappedFile::open(path)?)
    }

    /// Reads an index from its bytes.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SavedIndexError> {
        let index = match bytes {
            bytes if faiss::is_faiss(bytes) => faiss::read(bytes)?,
            bytes if hnswlib::is_hnswlib(bytes) => hnswlib::read(bytes)?,
            _ => {
                let begin = String::from_utf8_lossy(&bytes[..bytes.len().min(8)]).into_owned();
                return Err(SavedIndexError::Unrecognized { begin });
            }
        };
        Ok(index.in_order_of_labels())
    }

    /// Rows in the order of their labels, if those are a permutation of the row numbers.
    fn in_order_of_labels(mut self) -> Self {
        let Some(names) = self.labels.as_deref().and_then(permutation) else {
            return self;
        };
        self.labels = None;
        if !names.is_sorted() {
            self.graph = renamed(&self.graph, &names);
            let mut vectors = Matrix::zeros(self.vectors.rows(), self.vectors.columns());
            for (row, &name) in names.iter().enumerate() {
                vectors
                    .row_mut(name as usize)
                    .copy_from_slice(self.vectors.row(row));
            }
            self.vectors = vectors;
        }
        self
    }
}

/// The labels as row numbers, if each row number occurs once.
fn permutation(labels: &[i64]) -> Option<Vec<u32>> {
    let mut taken = vec![false; labels.len()];
    labels
        .iter()
        .map(|&label| {
            let place = usize::try_from(label)
                .ok()
                .filter(|&place| place < taken.len())?;
            (!std::mem::replace(&mut taken[place], true)).then_some(place as u32)
        })
        .collect()
}
