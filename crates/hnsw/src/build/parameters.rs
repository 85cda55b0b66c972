//! What decides a graph, with the engines' presets.
//!
//! Engines follow the same paper and differ in three points that show in the curves: how many links
//! a new node takes on layer 0, in which order nodes are inserted, and whether a list shorter than
//! its limit is pruned at all.

use crate::search::EngineClass;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How many links a new node takes on layer 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardLinks {
    /// Up to M, as hnswlib and the paper do; the list later grows to 2M by other nodes' links.
    M,
    /// Up to 2M at once, as FAISS does.
    TwoM,
}

/// In which order nodes enter the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertionOrder {
    /// By id.
    AsGiven,
    /// A seeded permutation.
    Shuffled,
    /// Highest level first, a seeded permutation within each level, as FAISS adds a batch.
    HighestLevelFirst,
}

/// What happens to a new node's candidates when they are fewer than the links it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortLists {
    /// All are linked, without the neighbor-selection heuristic (FAISS, hnswlib). At
    /// `ef_construction` < 2M this makes FAISS graphs denser than those of a larger
    /// `ef_construction`.
    KeepAll,
    /// The heuristic always runs (the paper).
    Prune,
}

/// Everything that decides a graph, given the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Links per node on upper layers; twice as many on layer 0.
    pub m: usize,
    /// Beam width while inserting.
    pub ef_construction: usize,
    /// Links a new node takes on layer 0.
    pub forward_links: ForwardLinks,
    /// Order of insertion.
    pub insertion_order: InsertionOrder,
    /// Treatment of candidate lists below the limit.
    pub short_lists: ShortLists,
    /// Seed of levels and order.
    pub seed: u64,
}

/// Whose construction rules a graph follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// FAISS `IndexHNSWFlat`.
    #[default]
    Faiss,
    /// hnswlib.
    Hnswlib,
    /// Malkov & Yashunin (2018), nodes in random order.
    Paper,
}

/// A preset name that is not known.
#[derive(Debug, thiserror::Error)]
#[error("unknown graph preset {0:?}: expected faiss, hnswlib or paper")]
pub struct UnknownPreset(String);

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 3] = [Self::Faiss, Self::Hnswlib, Self::Paper];

    /// How the engine of this preset treats k > ef. The paper's search returns full lists, as
    /// hnswlib's does.
    pub fn engine_class(self) -> EngineClass {
        match self {
            Self::Faiss => EngineClass::StopEarly,
            Self::Hnswlib | Self::Paper => EngineClass::Raise,
        }
    }

    /// The parameters of a graph built by this preset's rules.
    pub fn parameters(self, m: usize, ef_construction: usize, seed: u64) -> Parameters {
        match self {
            Self::Faiss => Parameters::faiss(m, ef_construction, seed),
            Self::Hnswlib => Parameters::hnswlib(m, ef_construction, seed),
            Self::Paper => Parameters::paper(m, ef_construction, seed),
        }
    }
}

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.to_string() == name)
            .ok_or_else(|| UnknownPreset(name.to_owned()))
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Faiss => "faiss",
            Self::Hnswlib => "hnswlib",
            Self::Paper => "paper",
        })
    }
}

impl Parameters {
    /// As FAISS `IndexHNSWFlat` builds.
    pub fn faiss(m: usize, ef_construction: usize, seed: u64) -> Self {
        Self {
            m,
            ef_construction,
            forward_links: ForwardLinks::TwoM,
            insertion_order: InsertionOrder::HighestLevelFirst,
            short_lists: ShortLists::KeepAll,
            seed,
        }
    }

    /// As hnswlib builds.
    pub fn hnswlib(m: usize, ef_construction: usize, seed: u64) -> Self {
        Self {
            forward_links: ForwardLinks::M,
            insertion_order: InsertionOrder::AsGiven,
            ..Self::faiss(m, ef_construction, seed)
        }
    }

    /// As Malkov & Yashunin (2018) describe, nodes in random order.
    pub fn paper(m: usize, ef_construction: usize, seed: u64) -> Self {
        Self {
            forward_links: ForwardLinks::M,
            insertion_order: InsertionOrder::Shuffled,
            short_lists: ShortLists::Prune,
            ..Self::faiss(m, ef_construction, seed)
        }
    }

    /// The most links a node holds on `level`.
    pub fn capacity(&self, level: usize) -> usize {
        if level == 0 { 2 * self.m } else { self.m }
    }

    /// The most links a new node takes on `level`.
    pub(crate) fn forward_limit(&self, level: usize) -> usize {
        match (level, self.forward_links) {
            (0, ForwardLinks::TwoM) => 2 * self.m,
            _ => self.m,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_presets_and_unknown_ones_are_named() {
        for preset in Preset::ALL {
            assert_eq!(preset.to_string().parse::<Preset>().expect("known"), preset);
        }
        let unknown = "annoy".parse::<Preset>().unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "unknown graph preset \"annoy\": expected faiss, hnswlib or paper"
        );
    }

    #[test]
    fn only_faiss_stops_early() {
        let classes = Preset::ALL.map(Preset::engine_class);
        let expected = [
            EngineClass::StopEarly,
            EngineClass::Raise,
            EngineClass::Raise,
        ];
        assert_eq!(classes, expected);
    }
}
