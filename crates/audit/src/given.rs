//! Inputs of an audit in memory, in the place of files.

use super::exact::ExactSearch;
use annatomy_eval::dataset::RowsElsewhere;
use annatomy_eval::index::Index;
use annatomy_formats::{IdTable, RowIds, Selection};
use annatomy_methods::Method;
use annatomy_vectors::{Matrix, MatrixView};
use std::sync::Arc;

/// Arrays and a graph; nothing is copied but rows that cosine has to scale to unit length.
#[derive(Clone, Debug, Default)]
pub struct Given<'g> {
    /// What a report calls the data.
    pub name: String,
    /// Base rows.
    pub rows: Option<MatrixView<'g>>,
    /// Base rows that are not in memory, in the place of `rows`: answers to held-out queries are audited over them.
    pub elsewhere: Option<&'g dyn RowsElsewhere>,
    /// Who finds the exact neighbors of held-out queries among all rows; by default they are searched for here.
    pub exact: Option<&'g dyn ExactSearch>,
    /// What the index calls each base row, where that is not its number.
    pub labels: Option<&'g [i64]>,
    /// Primary keys of the base rows.
    pub ids: Option<Arc<RowIds>>,
    /// Queries that are no base rows.
    pub queries: Option<MatrixView<'g>>,
    /// The rows of `queries`, or the base rows, that are measured, ascending; by default as
    /// [`draw_queries`](super::draw_queries) says.
    pub numbers: Option<Vec<usize>>,
    /// An index over `rows`.
    pub index: Option<&'g Index>,
    /// Rows that the index holds as deleted: searched through, never returned.
    pub deleted: &'g [u32],
    /// Rows that queries may be answered with; by default all.
    pub allowed: Option<Selection>,
    /// A group per query of the population.
    pub groups: Option<Vec<String>>,
    /// An index that is more than a graph over float32 rows, in the place of `index`; `rows` may be
    /// left out where it keeps them.
    pub method: Option<&'g Method>,
    /// What an engine returned.
    pub answers: Option<GivenAnswers>,
}

/// Ids that an engine returned, one row per query of the population, or per query measured.
#[derive(Clone, Debug)]
pub struct GivenAnswers {
    /// What a report calls them.
    pub name: String,
    /// Ids as the engine names its rows.
    pub ids: IdTable,
    /// Of the ids' shape.
    pub distances: Option<Matrix>,
}
