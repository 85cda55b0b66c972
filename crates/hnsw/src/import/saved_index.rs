//! What a saved index holds, whatever engine wrote it.

use super::cursor::reserved;
use super::error::SavedIndexError;
use super::layers::renamed;
use super::row_ids::as_row_numbers;
use super::{faiss, hnswlib, usearch};
use crate::graph::{Graph, Links};
use crate::search::EngineClass;
use annatomy_formats::{ReadError, read_regular};
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
    /// usearch.
    Usearch,
}

impl Engine {
    /// What it does when k exceeds ef, unless a caller says otherwise.
    pub fn class(self) -> EngineClass {
        match self {
            Self::Faiss => EngineClass::StopEarly,
            Self::Hnswlib | Self::Usearch => EngineClass::Raise,
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Faiss => "FAISS",
            Self::Hnswlib => "hnswlib",
            Self::Usearch => "usearch",
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
    /// Reads an index by its content.
    ///
    /// # Errors
    /// If the file cannot be read, is of no known kind, or contradicts itself; see
    /// [`SavedIndexError`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self, SavedIndexError> {
        let bytes = read_regular(path.as_ref(), u64::MAX).map_err(ReadError::from)?;
        Self::from_bytes(&bytes)
    }

    /// Reads an index from its bytes, or from those of a `.npy` array of bytes, which
    /// `numpy.save(path, faiss.serialize_index(index))` leaves.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SavedIndexError> {
        let index = parse(bytes)?;
        if index.lacks_vectors() {
            return Err(SavedIndexError::NoVectors {
                rows: index.graph.nodes(),
                columns: index.vectors.columns(),
            });
        }
        index.in_order_of_labels()
    }

    /// Reads a FAISS graph that was saved without its vectors (`IO_FLAG_SKIP_STORAGE`), which are
    /// `vectors`: in the order of the ids, where these are the row numbers, else as they were added.
    ///
    /// # Errors
    /// As [`read`](Self::read), and if the vectors are not of the graph's shape.
    pub fn read_over(path: impl AsRef<Path>, vectors: Matrix) -> Result<Self, SavedIndexError> {
        let bytes = read_regular(path.as_ref(), u64::MAX).map_err(ReadError::from)?;
        Self::from_bytes_over(&bytes, vectors)
    }

    /// [`read_over`](Self::read_over) from bytes.
    ///
    /// # Errors
    /// As there.
    pub fn from_bytes_over(bytes: &[u8], vectors: Matrix) -> Result<Self, SavedIndexError> {
        let index = parse(bytes)?;
        if !index.lacks_vectors() {
            return index.in_order_of_labels();
        }
        let (rows, columns) = (index.graph.nodes(), index.vectors.columns());
        if (vectors.rows(), vectors.columns()) != (rows, columns) {
            return Err(SavedIndexError::OtherVectors {
                rows,
                columns,
                found_rows: vectors.rows(),
                found_columns: vectors.columns(),
            });
        }
        let mut index = index.in_order_of_labels()?;
        index.vectors = vectors;
        Ok(index)
    }

    fn lacks_vectors(&self) -> bool {
        self.vectors.rows() == 0
    }

    /// Rows in the order of their labels, if those are a permutation of the row numbers.
    fn in_order_of_labels(mut self) -> Result<Self, SavedIndexError> {
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

/// An index by its first bytes, its rows in the order of the file.
fn parse(bytes: &[u8]) -> Result<SavedIndex, SavedIndexError> {
    match npy_payload(bytes).unwrap_or(bytes) {
        bytes if faiss::is_faiss(bytes) => faiss::read(bytes),
        bytes if usearch::is_usearch(bytes) => usearch::read(bytes),
        bytes if hnswlib::is_hnswlib(bytes) => hnswlib::read(bytes),
        bytes => Err(SavedIndexError::unrecognized(bytes)),
    }
}

/// The values of a one-dimensional `.npy` array of bytes; `None` for any other file.
pub fn npy_payload(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (&[version, _], rest) = rest.split_first_chunk()?;
    let (length, rest) = if version == 1 {
        let (length, rest) = rest.split_first_chunk()?;
        (usize::from(u16::from_le_bytes(*length)), rest)
    } else {
        let (length, rest) = rest.split_first_chunk()?;
        (u32::from_le_bytes(*length) as usize, rest)
    };
    let (header, payload) = rest.split_at_checked(length)?;
    let header = std::str::from_utf8(header).ok()?;
    let of_bytes = header.contains("'|u1'") || header.contains("'|i1'");
    let shape = format!("({},)", payload.len());
    (of_bytes && header.contains(&shape)).then_some(payload)
}
