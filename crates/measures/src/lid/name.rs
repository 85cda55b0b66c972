//! The estimators' names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An estimator of local intrinsic dimensionality from the distances dᵢ to the k nearest neighbors
/// of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Lid {
    /// −[1/(k−1) Σ_{i<k} ln(dᵢ/dₖ)]⁻¹, averaged over queries: Levina & Bickel 2004, eq. 8; Hill
    /// 1975; ELKI's Hill.
    MaximumLikelihood,
    /// −[1/k Σ_{i≤k} ln(dᵢ/dₖ)]⁻¹, averaged over queries: Amsaleg et al. 2015 (KDD), where the k-th
    /// term is 0 but counts.
    Amsaleg,
    /// As [`MaximumLikelihood`](Self::MaximumLikelihood) at a query; over queries the inverses are
    /// averaged: `MacKay` & Ghahramani 2005, comment on Levina & Bickel.
    MacKayGhahramani,
    /// μ/(w − μ), μ the mean and w the largest distance, averaged over queries: Amsaleg et al. 2018
    /// (Data Mining and Knowledge Discovery 32).
    MethodOfMoments,
    /// 1/ln(d₂/d₁) at a query; over queries N/Σ ln(d₂/d₁): Facco et al. 2017 (`TwoNN`), in its
    /// maximum-likelihood form, since ln(d₂/d₁) is exponential with rate d.
    TwoNn,
}

/// A name that is no estimator's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no LID estimator is called {name:?}; known: {}", Lid::ALL.map(Lid::name).join(", "))]
pub struct UnknownLid {
    /// The name given.
    pub name: String,
}

impl Lid {
    /// Every estimator.
    pub const ALL: [Self; 5] = [
        Self::MaximumLikelihood,
        Self::Amsaleg,
        Self::MacKayGhahramani,
        Self::MethodOfMoments,
        Self::TwoNn,
    ];

    /// The estimator's name, as [`FromStr`] reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::MaximumLikelihood => "maximum-likelihood",
            Self::Amsaleg => "amsaleg",
            Self::MacKayGhahramani => "mackay-ghahramani",
            Self::MethodOfMoments => "method-of-moments",
            Self::TwoNn => "two-nn",
        }
    }
}

impl fmt::Display for Lid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Lid {
    type Err = UnknownLid;

    fn from_str(name: &str) -> Result<Self, UnknownLid> {
        Self::ALL
            .into_iter()
            .find(|lid| lid.name() == name)
            .ok_or_else(|| UnknownLid {
                name: name.to_owned(),
            })
    }
}

impl From<Lid> for String {
    fn from(lid: Lid) -> Self {
        lid.name().to_owned()
    }
}

impl TryFrom<String> for Lid {
    type Error = UnknownLid;

    fn try_from(name: String) -> Result<Self, UnknownLid> {
        name.parse()
    }
}
