//! Reads a saved index by its content: the engine's name is in its first bytes, not in the file's.

use super::error::{SavedIndexError, within};
use super::saved_index::SavedIndex;
use super::{diskann, faiss, hnswlib, usearch};
use crate::graph::Links;
use annatomy_formats::{Bytes, ReadError, read_regular};
use annatomy_vectors::Matrix;
use std::path::Path;

/// Bytes that tell hnswlib's files.
const HEAD_BYTES: u64 = 8;

impl SavedIndex {
    /// Reads an index by its content.
    ///
    /// # Errors
    /// If the file cannot be read, is of no known kind, or contradicts itself; see
    /// [`SavedIndexError`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self, SavedIndexError> {
        let path = path.as_ref();
        let file = Bytes::open(path)?;
        if hnswlib::is_hnswlib(&file.head(HEAD_BYTES)?) {
            let index = hnswlib::read(&file)?;
            file.check_unchanged()?;
            return index.with_vectors();
        }
        drop(file);
        let bytes = read_regular(path, u64::MAX).map_err(ReadError::from)?;
        if is_diskann(path, &bytes) {
            return Err(no_float32_graph());
        }
        let index = parse(&bytes)?;
        // Putting rows in order takes another copy of them.
        drop(bytes);
        index.with_vectors()
    }

    /// Reads an index from its bytes, or from those of a `.npy` array of bytes, which
    /// `numpy.save(path, faiss.serialize_index(index))` leaves.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SavedIndexError> {
        parse(bytes)?.with_vectors()
    }

    fn with_vectors(self) -> Result<Self, SavedIndexError> {
        if self.lacks_vectors() {
            return Err(SavedIndexError::NoVectors {
                rows: self.graph.nodes(),
                columns: self.vectors.columns(),
            });
        }
        self.in_order_of_labels()
    }

    /// Reads a FAISS graph that was saved without its vectors (`IO_FLAG_SKIP_STORAGE`), which are
    /// `vectors`: in the order of the ids, where these are the row numbers, else as they were added.
    ///
    /// # Errors
    /// As [`read`](Self::read), and if the vectors are not of the graph's shape.
    pub fn read_over(path: impl AsRef<Path>, vectors: Matrix) -> Result<Self, SavedIndexError> {
        let bytes = read_regular(path.as_ref(), u64::MAX).map_err(ReadError::from)?;
        let index = parse(&bytes)?;
        drop(bytes);
        index.over(vectors)
    }

    /// [`read_over`](Self::read_over) from bytes.
    ///
    /// # Errors
    /// As there.
    pub fn from_bytes_over(bytes: &[u8], vectors: Matrix) -> Result<Self, SavedIndexError> {
        parse(bytes)?.over(vectors)
    }

    fn over(self, vectors: Matrix) -> Result<Self, SavedIndexError> {
        if !self.lacks_vectors() {
            return self.in_order_of_labels();
        }
        let (rows, columns) = (self.graph.nodes(), self.vectors.columns());
        if (vectors.rows(), vectors.columns()) != (rows, columns) {
            return Err(SavedIndexError::OtherVectors {
                rows,
                columns,
                found_rows: vectors.rows(),
                found_columns: vectors.columns(),
            });
        }
        let mut index = self.in_order_of_labels()?;
        index.vectors = vectors;
        Ok(index)
    }
}

/// An index by its first bytes, its rows in the order of the file.
fn parse(bytes: &[u8]) -> Result<SavedIndex, SavedIndexError> {
    match npy_payload(bytes).unwrap_or(bytes) {
        bytes if faiss::is_faiss(bytes) => faiss::read(bytes),
        bytes if usearch::is_usearch(bytes) => usearch::read(bytes),
        bytes if hnswlib::is_hnswlib(bytes) => hnswlib::read(bytes),
        bytes if diskann::is_graph(bytes) => Err(no_float32_graph()),
        bytes => Err(SavedIndexError::unrecognized(bytes)),
    }
}

/// Whether the file at `path` is the graph or the rows of a DiskANN index: by its content, or, where
/// that is damaged, because the other of the two is there.
pub fn is_diskann(path: &Path, bytes: &[u8]) -> bool {
    if diskann::is_graph(bytes) {
        return true;
    }
    let of_others = faiss::is_faiss(bytes)
        || usearch::is_usearch(bytes)
        || hnswlib::is_hnswlib(bytes)
        || npy_payload(bytes).is_some();
    let has_other = || diskann::data_path(path).is_file() || diskann::graph_path(path).is_some();
    !of_others && (diskann::is_on_disk(path) || has_other())
}

fn no_float32_graph() -> SavedIndexError {
    within(diskann::CLASS)(SavedIndexError::Unsupported {
        kind: "a graph with its vectors in a file of their own".to_owned(),
        reason: "both are read together",
    })
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
