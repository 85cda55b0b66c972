//! How faithful an engine's answers are to the exact ones, query by query, in both conventions.
//!
//! Enters: rows, queries, a table of exact ids and one of returned ids, as any engine hands them
//! over. Leaves: [`Fidelity`], every measure per query and k, and the study's figures per k.
//! Distances are taken from the rows themselves in float64, so that nothing depends on what the
//! engine reports.
//!
//! Cost: O(q·K·d) for each k, for the barycenters. Does not: say why a neighbor is missing, which
//! needs the graph.

mod error;
mod ids;
mod measure;
mod published;
mod trustworthiness;

pub use annatomy_measures::published::PublishedRow;
pub use error::FidelityError;
pub use ids::IdTable;
pub use measure::{Fidelity, QueryRow, fidelity};
pub use trustworthiness::trustworthiness;

use annatomy_vectors::{MatrixView, Metric};

/// Whose answers are measured.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The base.
    pub rows: MatrixView<'a>,
    /// Held-out queries; `None` if every row is a query, itself left out by id.
    pub queries: Option<MatrixView<'a>>,
    /// How far apart two vectors are; inner product has no geometry to measure.
    pub metric: Metric,
}

impl Subject<'_> {
    /// Number of queries.
    pub fn count(&self) -> usize {
        self.queries
            .map_or(self.rows.rows(), |queries| queries.rows())
    }
}
