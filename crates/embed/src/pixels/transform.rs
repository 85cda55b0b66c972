//! The two published preprocessing transforms of ResNet-50.
//!
//! | | shorter side to | crop | then |
//! |---|---|---|---|
//! | [`Transform::Published`] | 256 | 224, center | /255, − mean, / deviation |
//! | [`Transform::Recommended`] | 232 | 224, center | the same |
//!
//! Source: the study; `ResNet50_Weights.IMAGENET1K_V2.transforms`.

use super::preparation::{Preparation, Resize};

/// How a picture becomes 224 × 224 values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transform {
    /// As the study did: shorter side to 256.
    #[default]
    Published,
    /// As the V2 weights recommend: shorter side to 232.
    Recommended,
}

impl Transform {
    /// Its steps.
    pub fn preparation(self) -> Preparation {
        let shorter = match self {
            Self::Published => 256,
            Self::Recommended => 232,
        };
        Preparation::of_imagenet(Resize::Shorter(shorter), 224, 224)
    }
}
