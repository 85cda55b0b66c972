//! What is asked of an audit.

use super::predict::Prediction;
use super::target::Target;
use annatomy_hnsw::import::Arithmetic;
use annatomy_vectors::Metric;
use std::path::PathBuf;

/// What is at hand, and what is wanted of it.
#[derive(Clone, Debug)]
pub struct AuditRequest {
    /// Base rows; may be left out where `index` holds them.
    pub vectors: Option<PathBuf>,
    /// Queries that are no base rows; by default the base rows are the queries, each itself
    /// excluded by id.
    pub queries: Option<PathBuf>,
    /// A graph that FAISS or hnswlib saved; by default graphs are built here.
    pub index: Option<PathBuf>,
    /// Neighbor ids that an engine returned, one row per query.
    pub neighbors: Option<PathBuf>,
    /// Their distances, of the same shape.
    pub distances: Option<PathBuf>,
    /// Neighbors asked for; by default 10, 90 and 500, as far as there are rows.
    pub ks: Option<Vec<usize>>,
    /// What the advice is to reach.
    pub targets: Vec<Target>,
    /// Search efforts to look at besides the engines' defaults.
    pub efs: Vec<usize>,
    /// Queries to draw; by default all up to 10,000 rows, and 2,000 beyond.
    pub sample: Option<usize>,
    /// Of the sample and of the graphs built here.
    pub seed: u64,
    /// By default what the index says, or L2.
    pub metric: Option<Metric>,
    /// The arithmetic in which the index is searched; by default its engine's on this machine.
    pub arithmetic: Option<Arithmetic>,
    /// The graphs to build where there is no index.
    pub graphs: GraphRequest,
    /// Answers to write down.
    pub predictions: Vec<Prediction>,
    /// Whether the neighbors are to be repaired.
    pub repair: bool,
    /// Threads; 0 for as many as the machine has.
    pub threads: usize,
    /// Most bytes that tables of all pairs may take.
    pub memory_budget_bytes: u64,
}

/// Graphs to build here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphRequest {
    /// Whose rules.
    pub preset: annatomy_hnsw::Preset,
    /// M.
    pub m: usize,
    /// efConstruction.
    pub ef_construction: usize,
    /// How many, of seeds `seed`, `seed` + 1, …: the interval of the advice covers them.
    pub count: usize,
}

impl AuditRequest {
    /// Graphs are looked at unless answers alone are asked about.
    pub(super) fn wants_graphs(&self) -> bool {
        self.neighbors.is_none() || self.index.is_some() || !self.predictions.is_empty()
    }
}

impl Default for GraphRequest {
    fn default() -> Self {
        Self {
            preset: annatomy_hnsw::Preset::Faiss,
            m: 32,
            ef_construction: 200,
            count: 3,
        }
    }
}

impl Default for AuditRequest {
    fn default() -> Self {
        Self {
            vectors: None,
            queries: None,
            index: None,
            neighbors: None,
            distances: None,
            ks: None,
            targets: vec![Target::default()],
            efs: Vec::new(),
            sample: None,
            seed: 42,
            metric: None,
            arithmetic: None,
            graphs: GraphRequest::default(),
            predictions: Vec::new(),
            repair: false,
            threads: 0,
            memory_budget_bytes: 3 << 30,
        }
    }
}
