//! Why a JPEG cannot be decoded.

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
    /// More pixels than are taken on.
    #[error("{width} × {height} pixels are more than {most}")]
    TooLarge {
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
        /// Pixels allowed.
        most: usize,
    },
}

pub(super) fn damaged(problem: &'static str) -> JpegError {
    JpegError::Damaged { problem }
}

pub(super) fn unsupported(feature: &'static str) -> JpegError {
    JpegError::Unsupported { feature }
}
