//! The files of `faiss.write_index` as a tree of indexes, read into the stages of a [`Method`].
//!
//! | code | class | becomes |
//! |---|---|---|
//! | `IxF2` `IxFI` `IxFl` | `IndexFlat` | float32 rows, all looked at |
//! | `IxSQ`, `IxPq` | `IndexScalarQuantizer`, `IndexPQ` | codes, all looked at |
//! | `IwFl`, `IwSq`, `IwPQ` | `IndexIVFFlat`, `IndexIVFScalarQuantizer`, `IndexIVFPQ` | codes in cells |
//! | `IHNf`, `IHNs`, `IHNp` | `IndexHNSWFlat`, `IndexHNSWSQ`, `IndexHNSWPQ` | codes in a graph |
//! | `IHNc`, `IHc2` | `IndexHNSWCagra`, but of layer 0 alone | codes in a graph |
//! | `INSf`, `INSs`, `INSp` | `IndexNSGFlat`, `IndexNSGSQ`, `IndexNSGPQ` | codes in a navigating spreading-out graph |
//! | `IxMp`, `IxM2` | `IndexIDMap`, `IndexIDMap2` | labels |
//! | `IxPT` | `IndexPreTransform` | transforms |
//! | `IxRF` | `IndexRefineFlat` | rerank |
//!
//! Layouts as FAISS 1.7 to 1.15 write them (`impl/index_write.cpp`). Every length is checked against
//! the bytes left before anything is allocated.

mod inverted;
mod lists;
mod quantizers;
mod refused;
mod storage;
mod transforms;
mod tree;

use crate::diskann;
use crate::method::Method;
use crate::usearch;
use annatomy_formats::{ReadError, read_regular};
use annatomy_hnsw::import::SavedIndexError;
use annatomy_hnsw::import::diskann_file::is_diskann;
use annatomy_hnsw::import::faiss_file::npy_payload;
use annatomy_hnsw::import::usearch_file::is_usearch;
use annatomy_vectors::Metric;
use std::path::Path;

impl Method {
    /// Reads an index that FAISS, usearch or DiskANN saved; of DiskANN, the graph's file or that of its
    /// rows, with what lies next to it.
    ///
    /// # Errors
    /// If the file cannot be read, is of a class that is not read, or contradicts itself.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, SavedIndexError> {
        Self::read_under(path, None)
    }

    /// The same; `metric` is that of a DiskANN index whose files do not say it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_under(
        path: impl AsRef<Path>,
        metric: Option<Metric>,
    ) -> Result<Self, SavedIndexError> {
        let path = path.as_ref();
        let bytes = read_regular(path, u64::MAX).map_err(ReadError::from)?;
        if is_diskann(path, &bytes) {
            drop(bytes);
            return diskann::read(path, metric);
        }
        Self::from_bytes(&bytes)
    }

    /// Reads an index from its bytes.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SavedIndexError> {
        match npy_payload(bytes).unwrap_or(bytes) {
            bytes if is_usearch(bytes) => usearch::read(bytes),
            bytes => tree::read(bytes),
        }
    }
}
