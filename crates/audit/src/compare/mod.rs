//! Two audits of the same queries, paired: is the change real, and whom does it hurt?
//!
//! Enters: two folders that `audit --out` left, each with `audit.json` and `per_query.npz`. Leaves:
//! [`Comparison`]: per k and measure the mean difference with its interval, an exact test, Holm's
//! adjustment over all tests, and the queries that changed most.
//!
//! `read` → a [`Side`] each → `pair`: the same queries at the same k, the same effort where a side has
//! several → `test`. Does not: look at vectors, indexes or answers again.

mod pair;
mod read;

pub use read::CompareError;

use annatomy_formats::Column;
use annatomy_measures::estimate::{PairedDifference, SignFlipTest};
use serde::Serialize;
use std::path::Path;

/// One of the two audits.
#[derive(Clone, Debug, Serialize)]
pub struct SideFacts {
    /// Its folder.
    pub folder: String,
    /// The data set, as its audit calls it.
    pub data: String,
    /// Base rows.
    pub rows: usize,
    /// The graph or the answers that it looked at.
    pub source: String,
}

/// Both audits, compared.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The first.
    pub a: SideFacts,
    /// The second.
    pub b: SideFacts,
    /// Queries that both measured.
    pub queries: usize,
    /// One per k and measure.
    pub changes: Vec<Change>,
    /// (k, effort) that only one side has.
    pub unpaired: usize,
    /// Version of annatomy.
    pub version: String,
}

/// A measure at one k, b against a.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// `overlap` or `fill`.
    pub measure: &'static str,
    /// Neighbors asked for.
    pub k: usize,
    /// The first's effort.
    pub ef_a: Option<usize>,
    /// The second's effort.
    pub ef_b: Option<usize>,
    /// The first's mean.
    pub a: f64,
    /// The second's mean.
    pub b: f64,
    /// b − a with its 95 % interval over queries, and how many gained and lost.
    #[serde(flatten)]
    pub paired: PairedDifference,
    /// Whether gains and losses are as likely as each other.
    pub test: SignFlipTest,
    /// The test's p, adjusted for the number of tests (Holm 1979).
    pub adjusted_p: f64,
    /// Whether the adjusted p is below .05.
    pub is_significant: bool,
    /// The queries that changed most, losses first.
    pub most_changed: Vec<ChangedQuery>,
    /// All that changed, the largest loss first.
    #[serde(skip)]
    pub changed: Vec<ChangedQuery>,
}

/// A query and how much of its neighborhood came back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangedQuery {
    /// What the audits call it.
    pub query: String,
    /// In the first.
    pub a: f64,
    /// In the second.
    pub b: f64,
}

impl Comparison {
    /// Every query that changed, a row per measure and k: the columns of `changed.csv`.
    pub fn changed_columns(&self) -> Vec<Column> {
        let mut rows: Vec<(&Change, &ChangedQuery)> = Vec::new();
        for change in &self.changes {
            rows.extend(change.changed.iter().map(|query| (change, query)));
        }
        let rows = || rows.iter();
        let names = rows().map(|(_, query)| query.query.clone());
        let measures = rows().map(|(change, _)| change.measure.to_owned());
        vec![
            Column::texts("query", names.collect()),
            Column::texts("measure", measures.collect()),
            Column::integers("k", rows().map(|(change, _)| change.k as i64).collect()),
            Column::reals("a", rows().map(|(_, query)| query.a).collect()),
            Column::reals("b", rows().map(|(_, query)| query.b).collect()),
        ]
    }
}

/// Compares the audits that were left in two folders.
///
/// # Errors
/// If a folder holds no audit, or the two measured different queries.
pub fn compare(a: &Path, b: &Path) -> Result<Comparison, CompareError> {
    let (a, b) = (read::Side::read(a)?, read::Side::read(b)?);
    a.check_same_queries(&b)?;
    Ok(pair::compare(&a, &b))
}
