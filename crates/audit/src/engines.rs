//! Engines as they come: the rule each follows for k > ef, and the effort it searches with if
//! no ef is set.
//!
//! Defaults from the engines' documentation, 2026: FAISS `efSearch` 16, hnswlib `ef` 10, usearch
//! `expansion_search` 64, pgvector `hnsw.ef_search` 40, Weaviate's dynamic ef (8k within
//! 100..=500), Qdrant `hnsw_ef` = `ef_construct` 100, Redis `EF_RUNTIME` 10, Elasticsearch
//! `num_candidates` 1.5 k within 10,000, Lucene a beam of k.

use annatomy_hnsw::{EngineClass, FilterRule};

/// An engine and what it does when no ef is set.
#[derive(Clone, Copy, Debug)]
pub struct EngineDefault {
    /// The engine's name.
    pub name: &'static str,
    /// What it does when k exceeds ef.
    pub class: EngineClass,
    /// Its ef for k neighbors.
    pub ef: fn(usize) -> usize,
    /// How it searches where some rows alone are allowed.
    pub filter: FilterRule,
}

/// The engines that the verdict speaks of.
pub const ENGINES: [EngineDefault; 9] = [
    EngineDefault {
        name: "FAISS",
        class: EngineClass::StopEarly,
        ef: |_| 16,
        filter: FilterRule::CountAll,
    },
    EngineDefault {
        name: "hnswlib",
        class: EngineClass::Raise,
        ef: |_| 10,
        filter: FilterRule::CountAllowed,
    },
    EngineDefault {
        name: "usearch",
        class: EngineClass::Raise,
        ef: |_| 64,
        filter: FilterRule::CountAllowed,
    },
    EngineDefault {
        name: "Redis",
        class: EngineClass::Raise,
        ef: |_| 10,
        filter: FilterRule::CountAllowed,
    },
    EngineDefault {
        name: "Qdrant",
        class: EngineClass::Raise,
        ef: |_| 100,
        filter: FilterRule::CountAllowed,
    },
    EngineDefault {
        name: "Weaviate",
        class: EngineClass::Raise,
        ef: |k| (8 * k).clamp(100, 500),
        filter: FilterRule::CountAllowed,
    },
    EngineDefault {
        name: "pgvector",
        class: EngineClass::RowCap,
        ef: |_| 40,
        filter: FilterRule::AfterSearch,
    },
    EngineDefault {
        name: "Elasticsearch",
        class: EngineClass::Refuse,
        ef: |k| (k + k.div_ceil(2)).min(10_000),
        filter: FilterRule::CountAllowed,
    },
    EngineDefault {
        name: "Lucene",
        class: EngineClass::BeamIsK,
        ef: |k| k,
        filter: FilterRule::CountAllowed,
    },
];
