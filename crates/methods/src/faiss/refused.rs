//! What is refused of a FAISS file: classes that are not read, values that cannot be.

use annatomy_hnsw::import::SavedIndexError;

/// What is read, as an error says it.
pub(super) const READ: &str = "read are IndexFlat, ScalarQuantizer, PQ, IVFFlat, IVFScalarQuantizer, IVFPQ, HNSWFlat, HNSWSQ, HNSWPQ, HNSWCagra, NSGFlat, NSGSQ, NSGPQ, and IDMap, PreTransform, RefineFlat around them";

pub(super) fn unsupported<T>(kind: &str, reason: &'static str) -> Result<T, SavedIndexError> {
    Err(SavedIndexError::Unsupported {
        kind: kind.to_owned(),
        reason,
    })
}

pub(super) fn value<T>(
    what: &'static str,
    found: impl Into<i128>,
    expected: String,
) -> Result<T, SavedIndexError> {
    Err(SavedIndexError::Value {
        what,
        found: found.into(),
        expected,
    })
}

/// Refuses a count that is not `expected`.
pub(super) fn same(
    what: &'static str,
    found: usize,
    expected: usize,
) -> Result<(), SavedIndexError> {
    if found == expected {
        return Ok(());
    }
    value(what, found as i128, expected.to_string())
}
