//! The graph of a live engine: what it saved, checked against the caller's rows.
//!
//! Enters: a [`SavedIndex`], which holds a copy of every vector. Leaves: the same graph over the
//! caller's own rows where those hold the same values, so that the copy can go; otherwise with the
//! engine's rows.

use super::{Index, IndexError, IndexFacts};
use annatomy_hnsw::import::{Arithmetic, EngineBuild, SavedIndex};
use annatomy_vectors::transform::normalize_rows;
use annatomy_vectors::{Matrix, MatrixView, Metric, validate};
use std::borrow::Cow;

/// What an engine saved, taken apart.
#[derive(Debug)]
pub struct EngineIndex {
    /// The graph, searched in the engine's own order of summation.
    pub index: Index,
    /// The engine's rows, n × d, where they are not the caller's.
    pub rows: Option<Matrix>,
    /// What the engine calls each row, n labels, where that is not its number.
    pub labels: Option<Vec<i64>>,
}

/// Where two matrices of one shape first differ by more than rounding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The row.
    pub row: usize,
    /// The column.
    pub column: usize,
    /// The value in the first matrix.
    pub found: f32,
    /// The value in the second one.
    pub expected: f32,
}

/// The first place, row by row, where `given` and `kept` differ by more than rounding.
pub fn first_difference(given: MatrixView<'_>, kept: MatrixView<'_>) -> Option<Difference> {
    let differ = |found: f32, expected: f32| {
        (found - expected).abs() > 1e-5 * found.abs().max(expected.abs()).max(1e-3)
    };
    (0..given.rows()).find_map(|row| {
        let mut pairs = given.row(row).iter().zip(kept.row(row)).enumerate();
        let found = pairs.find(|(_, (found, expected))| differ(**found, **expected));
        found.map(|(column, (&found, &expected))| Difference {
            row,
            column,
            found,
            expected,
        })
    })
}

impl EngineIndex {
    /// `metric` where the engine does not save it; `arithmetic` by default that of this machine;
    /// `rows` are the vectors that were added, in the order of their ids.
    pub fn new(
        saved: SavedIndex,
        metric: Option<Metric>,
        arithmetic: Option<Arithmetic>,
        rows: Option<MatrixView<'_>>,
    ) -> Result<Self, IndexError> {
        validate::check_finite(saved.vectors.view()).map_err(|source| IndexError::Values {
            what: "index",
            source,
        })?;
        let metric = choose_metric(metric, saved.metric)?;
        let kept = saved.vectors.view();
        let same = rows.is_some_and(|rows| same_values(rows, kept));
        if let Some(rows) = rows.filter(|_| !same) {
            compare(rows, kept, metric, saved.labels.is_some())?;
        }
        let mut taken = Self::of_saved(saved, metric, arithmetic);
        if same {
            taken.rows = None;
        }
        Ok(taken)
    }

    /// The parts of `saved`, searched under `metric`; nothing is compared.
    pub fn of_saved(saved: SavedIndex, metric: Metric, arithmetic: Option<Arithmetic>) -> Self {
        let facts = IndexFacts {
            source: format!("{} index", saved.engine),
            class: saved.engine.class(),
            m: saved.m,
            ef_construction: saved.ef_construction,
            ef_search: saved.ef_search,
        };
        let build = EngineBuild::new(saved.engine, arithmetic);
        let columns = saved.vectors.columns();
        Self {
            index: Index::of_engine(saved.graph, metric, columns, build, facts),
            rows: Some(saved.vectors),
            labels: saved.labels,
        }
    }
}

fn choose_metric(asked: Option<Metric>, built: Option<Metric>) -> Result<Metric, IndexError> {
    match (asked, built) {
        // Of unit length, rows are compared alike by both; what the index says decides its
        // arithmetic.
        (Some(Metric::Cosine), Some(Metric::InnerProduct)) => Ok(Metric::InnerProduct),
        (Some(asked), Some(built)) if asked != built => Err(IndexError::Metric { asked, built }),
        (asked, built) => Ok(built.or(asked).unwrap_or(Metric::L2)),
    }
}

fn same_values(given: MatrixView<'_>, kept: MatrixView<'_>) -> bool {
    given.columns() == kept.columns() && given.values() == kept.values()
}

/// Rows that the engine calls by other names than their numbers are compared in shape alone.
fn compare(
    given: MatrixView<'_>,
    kept: MatrixView<'_>,
    metric: Metric,
    labeled: bool,
) -> Result<(), IndexError> {
    if (given.rows(), given.columns()) != (kept.rows(), kept.columns()) {
        return Err(IndexError::OtherRows {
            rows: given.rows(),
            columns: given.columns(),
            expected_rows: kept.rows(),
            expected_columns: kept.columns(),
        });
    }
    let unusable = |source| IndexError::Values { what: "X", source };
    validate::check(given, metric).map_err(unusable)?;
    if labeled {
        return Ok(());
    }
    let mut scaled = Cow::Borrowed(given.values());
    if metric == Metric::Cosine {
        let mut copy = given.to_matrix();
        normalize_rows(&mut copy).map_err(unusable)?;
        scaled = Cow::Owned(copy.values().to_vec());
    }
    let scaled = MatrixView::new(given.rows(), given.columns(), &scaled)
        .expect("the shape of the rows given");
    match first_difference(scaled, kept) {
        None => Ok(()),
        Some(Difference {
            row,
            column,
            found,
            expected,
        }) => Err(IndexError::OtherValues {
            row,
            column,
            found,
            expected,
        }),
    }
}
