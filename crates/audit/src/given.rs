//! Inputs of an audit in memory, in the place of files.

use annatomy_formats::AnswerTable;
use annatomy_hnsw::import::EngineBuild;
use annatomy_hnsw::{EngineClass, Graph};
use annatomy_vectors::{Matrix, MatrixView, Metric};

/// Arrays and a graph; nothing is copied but rows that cosine has to scale to unit length.
#[derive(Debug, Default)]
pub struct Given<'g> {
    /// What a report calls the data.
    pub name: String,
    /// Base rows; may be left out where `index` has them.
    pub rows: Option<MatrixView<'g>>,
    /// Queries that are no base rows.
    pub queries: Option<MatrixView<'g>>,
    /// The rows of `queries`, or the base rows, that are measured, ascending; by default as
    /// [`draw_queries`](super::draw_queries) says.
    pub numbers: Option<Vec<usize>>,
    /// A graph over the base rows.
    pub index: Option<GivenIndex<'g>>,
    /// What an engine returned.
    pub answers: Option<GivenAnswers>,
}

/// A graph and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct GivenIndex<'g> {
    /// What a report calls it.
    pub source: &'g str,
    /// The graph; node i is row i of `rows`.
    pub graph: &'g Graph,
    /// As the engine keeps them.
    pub rows: MatrixView<'g>,
    /// What the engine calls each row, where that is not its number.
    pub labels: Option<&'g [i64]>,
    /// The engine in whose arithmetic it is searched; `None` for a graph built here.
    pub build: Option<EngineBuild>,
    /// What its engine does when k exceeds ef.
    pub class: EngineClass,
    /// What it was built for.
    pub metric: Metric,
    /// M.
    pub m: usize,
    /// efConstruction.
    pub ef_construction: usize,
    /// efSearch as it stands.
    pub ef_search: Option<usize>,
}

/// Ids that an engine returned, one row per query of the population, or per query measured.
#[derive(Clone, Debug)]
pub struct GivenAnswers {
    /// What a report calls them.
    pub name: String,
    /// Ids as the engine names its rows.
    pub ids: AnswerTable,
    /// Of the ids' shape.
    pub distances: Option<Matrix>,
}
