//! Errors of a study from raw data.

use std::path::PathBuf;

use annatomy_embed::KeptError;
use annatomy_embed::weights::WeightsError;
use annatomy_fetch::{FetchError, UnpackError};
use annatomy_vectors::subset::SubsetError;

use crate::RecipeError;

/// Why a study cannot be carried out from raw data.
#[derive(Debug, thiserror::Error)]
pub enum ReproduceError {
    /// A file cannot be downloaded.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// An archive does not give what it should.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// The weights are no ResNet-50's.
    #[error("{}: {error}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: WeightsError,
    },
    /// Embeddings cannot be made or kept.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// The recipe cannot be carried out.
    #[error("the recipe's {0}")]
    Recipe(#[from] RecipeError),
    /// The subsets cannot be drawn.
    #[error(transparent)]
    Subset(#[from] SubsetError),
}

impl ReproduceError {
    /// A way out, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Fetch(FetchError::Offline { path, url }) => {
                Some(format!("without --offline it is downloaded; or put {url} there as {}", path.display()))
            }
            Self::Fetch(FetchError::Damaged { path, .. }) => {
                Some(format!("remove {} and it is downloaded again", path.display()))
            }
            Self::Fetch(FetchError::GaveUp { .. }) => Some("the same command resumes where it stopped".to_owned()),
            Self::Fetch(FetchError::WrongBytes { .. } | FetchError::TooLong { .. } | FetchError::Status { .. }) => {
                Some("the same command tries again; --recipe FILE names another address for the same file".to_owned())
            }
            Self::Kept(KeptError::Foreign { path, .. }) => {
                Some(format!("remove {} and the embeddings are computed again", path.display()))
            }
            Self::Fetch(FetchError::Busy { .. }) | Self::Kept(KeptError::Busy { .. }) => {
                Some("wait for the other process, or give this one its own --data-dir".to_owned())
            }
            Self::Subset(SubsetError::TooFew { .. }) => Some("the recipe's subset is larger than its images".to_owned()),
            _ => None,
        }
    }
}
