//! What decides a graph, with the engines' presets.
//!
//! Engines follow the same paper and differ in three points that show in the curves: how many links
//! a new node takes on layer 0, in which order nodes are inserted, and whether a list shorter than
//! its limit is pruned at all.

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

/// A preset name that is not known.
#[derive(Debug, thiserror::Error)]
#[error("unknown graph preset {0:?}: expected faiss, hnswlib or paper")]
pub struct UnknownPreset(String);

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

    /// The preset called `name`.
    pub fn preset(
        name: &str,
        m: usize,
        ef_construction: usize,
        seed: u64,
    ) -> Result<Self, UnknownPreset> {
        match name {
            "faiss" => Ok(Self::faiss(m, ef_construction, seed)),
            "hnswlib" => Ok(Self::hnswlib(m, ef_construction, seed)),
            "paper" => Ok(Self::paper(m, ef_construction, seed)),
            other => Err(UnknownPreset(other.to_owned())),
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
