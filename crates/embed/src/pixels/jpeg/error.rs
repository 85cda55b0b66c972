//! Errors of the JPEG decoder.

use crate::pixels::limit::{NoMemory, TooManyPixels};

/// What stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JpegError {
    /// The file ends within a picture.
    #[error("the file is truncated")]
    Truncated,
    /// The content contradicts itself or the standard.
    #[error("damaged JPEG: {problem}")]
    Damaged {
        /// What is wrong.
        problem: &'static str,
    },
    /// A kind of JPEG that is not read.
    #[error("unsupported JPEG: {feature}")]
    Unsupported {
        /// What it would take.
        feature: &'static str,
    },
    /// The header claims more pixels than are allowed.
    #[error(transparent)]
    TooManyPixels(#[from] TooManyPixels),
    /// The system gives no memory for the pixels.
    #[error(transparent)]
    NoMemory(#[from] NoMemory),
    /// The scans visit the blocks more often than a picture of this size and length needs.
    #[error("scan {scan} exceeds the work limit: {visits} visits of blocks, {most} are allowed")]
    TooManyScans {
        /// Number of the scan, from 1.
        scan: usize,
        /// Visits of blocks by all scans up to this one.
        visits: u64,
        /// Visits allowed.
        most: u64,
    },
}

pub(super) fn damaged(problem: &'static str) -> JpegError {
    JpegError::Damaged { problem }
}

pub(super) fn unsupported(feature: &'static str) -> JpegError {
    JpegError::Unsupported { feature }
}
