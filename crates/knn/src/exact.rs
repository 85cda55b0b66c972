//! Exact k-nearest neighbors under a certificate, in bounded memory.
//!
//! Enters: base rows (in memory or read in blocks) and queries. Leaves: a [`NeighborTable`] whose
//! ids equal a float64 brute force, ascending by (distance, id).
//!
//! rows that occur more than MARGIN times              `repeats`: once, over distinct rows
//! all rows of a base in memory, within the budget     `all_pairs`: half the products, unless integer ones cost less
//! otherwise                                           `streaming`
//!
//! Cost 2·q·n·d flops, or half of them; memory: see the two.

use crate::all_pairs;
use crate::int8::Prefiltering;
use crate::neighbors::NeighborTable;
use crate::product_counts::ProductCounts;
use crate::queries::Queries;
use crate::refine::{MARGIN, limit};
use crate::repeats::{DistinctRows, expand_all};
use crate::scaled::{Pass, ScaledSource, scale_for};
use crate::source::RowSource;
use crate::streaming::{Overflow, streamed};
use crate::topk_buffers::TopKBuffers;
use annatomy_vectors::validate::representatives;
use annatomy_vectors::{Matrix, Metric, PointId, PowerOfTwoScale};

/// With fewer queries, looking for repeated rows costs as much as it may save.
const MIN_QUERIES: usize = 32;

/// Why exact neighbors cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum ExactError {
    /// More neighbors are wanted than there are rows to be neighbors.
    #[error("k = {k} neighbors out of {available} rows: k must be between 1 and {available}")]
    TooManyNeighbors {
        /// Neighbors wanted.
        k: usize,
        /// Rows that can be neighbors.
        available: usize,
    },
    /// The candidates, the neighbors and the rows in panels do not fit.
    #[error(transparent)]
    Memory(#[from] annatomy_runtime::NotEnoughMemory),
    /// Queries and base differ in length.
    #[error("queries have {queries} columns and the base has {base}")]
    Columns {
        /// Columns of the queries.
        queries: usize,
        /// Columns of the base.
        base: usize,
    },
}

/// The exact `k` nearest base rows of every query; distances in the metric's unit, true (not
/// squared) for L2.
///
/// With `budget_bytes` large enough for a second copy of the rows and the candidates, queries over
/// all rows of a base in memory take half the products. Runs on the current rayon pool; the result
/// does not depend on its size. Rows whose squares float32 cannot hold are scaled by a power of two
/// while they are searched.
pub fn exact_knn(
    base: &dyn RowSource,
    queries: Queries<'_>,
    k: usize,
    metric: Metric,
    budget_bytes: u64,
) -> Result<NeighborTable, ExactError> {
    let (ids, distances) = exact_knn_as(base, queries, k, metric, budget_bytes)?;
    Ok(NeighborTable::new(k, ids, distances))
}

/// As [`exact_knn`], with ids in a form of the caller's, such as `i64`: ids and distances, queries
/// × k row after row.
pub fn exact_knn_as<I: From<PointId> + Clone + Send>(
    base: &dyn RowSource,
    queries: Queries<'_>,
    k: usize,
    metric: Metric,
    budget_bytes: u64,
) -> Result<(Vec<I>, Vec<f32>), ExactError> {
    let counts = ProductCounts::default();
    exact_knn_counted(base, queries, k, metric, budget_bytes, &counts)
}

/// As [`exact_knn_as`]; `counts` say by which products.
pub fn exact_knn_counted<I: From<PointId> + Clone + Send>(
    base: &dyn RowSource,
    queries: Queries<'_>,
    k: usize,
    metric: Metric,
    budget_bytes: u64,
    counts: &ProductCounts,
) -> Result<(Vec<I>, Vec<f32>), ExactError> {
    let available =
        base.rows() - usize::from(!matches!(queries, Queries::HeldOut(_)) && base.rows() > 0);
    if k == 0 || k > available {
        return Err(ExactError::TooManyNeighbors { k, available });
    }
    if queries.rows().columns() != base.columns() {
        return Err(ExactError::Columns {
            queries: queries.rows().columns(),
            base: base.columns(),
        });
    }
    let what = format!(
        "the {k} exact neighbors of each of {} queries",
        queries.count()
    );
    annatomy_runtime::check_memory(what, streaming_bytes(base, &queries, k))?;
    let unscaled = (base, queries);
    let search = Search {
        k,
        metric,
        budget_bytes,
        counts,
    };
    let mut scale = scale_for(base, &queries, metric, Pass::Sample);
    loop {
        let found = match scale {
            None => search_any(unscaled.0, unscaled.1, search),
            Some(scale) => search_scaled(unscaled, search, scale),
        };
        if let Ok(found) = found {
            return Ok(found);
        }
        // A base that is not in memory has larger values than its sample.
        scale = scale_for(base, &queries, metric, Pass::Whole);
    }
}

/// Bytes of the way that needs least: the queries in panels, their candidates, and the neighbors.
fn streaming_bytes(base: &dyn RowSource, queries: &Queries<'_>, k: usize) -> u64 {
    let values = match Prefiltering::detected(base.columns(), k, base.rows()).kernels() {
        // Panels, slices (up to twice as many values as a row has), and codes.
        Some(_) => 13,
        None => 4,
    };
    let per_query = values * base.columns() as u64
        + TopKBuffers::bytes(limit(k), base.rows())
        + k as u64 * size_of::<(u64, f32)>() as u64;
    per_query.saturating_mul(queries.count() as u64)
}

/// What is searched for.
#[derive(Clone, Copy)]
struct Search<'c> {
    k: usize,
    metric: Metric,
    budget_bytes: u64,
    counts: &'c ProductCounts,
}

/// Whether integer products of all pairs take clearly less time than float32 ones of half of them, within the budget.
fn streams_faster(
    base: &dyn RowSource,
    queries: &Queries<'_>,
    k: usize,
    budget_bytes: u64,
) -> bool {
    const HALF_OF_THE_PRODUCTS: f64 = 0.5;
    let share = Prefiltering::expected_share(base.columns(), k, base.rows());
    share.is_some_and(|share| share < 0.9 * HALF_OF_THE_PRODUCTS)
        && fits(streaming_bytes(base, queries, k), budget_bytes)
}

/// Whether `bytes` are within the budget and available.
fn fits(bytes: u64, budget_bytes: u64) -> bool {
    bytes <= budget_bytes && annatomy_runtime::available_memory().is_none_or(|left| bytes <= left)
}

/// The neighbors of scaled queries among scaled rows, with the distances of the rows themselves.
fn search_scaled<I: From<PointId> + Clone + Send>(
    (base, queries): (&dyn RowSource, Queries<'_>),
    what: Search<'_>,
    scale: PowerOfTwoScale,
) -> Result<(Vec<I>, Vec<f32>), Overflow> {
    let copy = scale.scaled(queries.rows());
    let rows = copy.view();
    let scaled_queries = match queries {
        Queries::AllRows(_) => Queries::AllRows(rows),
        Queries::SomeRows(_, ids) => Queries::SomeRows(rows, ids),
        Queries::DrawnRows(_, ids) => Queries::DrawnRows(rows, ids),
        Queries::HeldOut(_) => Queries::HeldOut(rows),
    };
    let is_base = matches!(queries, Queries::AllRows(_) | Queries::SomeRows(..));
    let base_copy = match base.resident() {
        Some(rows) if !is_base => Some(scale.scaled(rows)),
        _ => None,
    };
    let source = ScaledSource { base, scale };
    let views = (base_copy.as_ref().map(Matrix::view), rows);
    let base: &dyn RowSource = match (&views.0, base.resident()) {
        (Some(copy), _) => copy,
        (None, Some(_)) => &views.1,
        (None, None) => &source,
    };
    let (ids, mut distances) = search_any(base, scaled_queries, what)?;
    for distance in &mut distances {
        *distance = scale.distance(what.metric, *distance);
    }
    Ok((ids, distances))
}

/// The neighbors of valid queries, among distinct rows where many rows are equal.
fn search_any<I: From<PointId> + Clone + Send>(
    base: &dyn RowSource,
    queries: Queries<'_>,
    what: Search<'_>,
) -> Result<(Vec<I>, Vec<f32>), Overflow> {
    if queries.count() >= MIN_QUERIES
        && let Some(rows) = base.resident()
        && let Some(representatives) = representatives(rows, MARGIN)
    {
        let distinct = DistinctRows::new(rows, &representatives);
        return among_distinct(&distinct, queries, what);
    }
    search(base, queries, what)
}

/// The neighbors of valid queries.
fn search<I: From<PointId> + Clone + Send>(
    base: &dyn RowSource,
    queries: Queries<'_>,
    what: Search<'_>,
) -> Result<(Vec<I>, Vec<f32>), Overflow> {
    let Search {
        k,
        metric,
        budget_bytes,
        counts,
    } = what;
    if let Queries::AllRows(rows) = queries
        && rows.rows() == base.rows()
        && !streams_faster(base, &queries, k, budget_bytes)
        && fits(
            all_pairs::bytes(rows.rows(), rows.columns(), k),
            budget_bytes,
        )
    {
        return Ok(all_pairs::all_pairs(rows, metric, k));
    }
    streamed(base, queries, (k, metric), counts)
}

/// The neighbors among rows that repeat: those among distinct rows, expanded.
fn among_distinct<I: From<PointId>>(
    distinct: &DistinctRows,
    queries: Queries<'_>,
    what: Search<'_>,
) -> Result<(Vec<I>, Vec<f32>), Overflow> {
    let Search { k, metric, .. } = what;
    let rows = distinct.view();
    let ids: Vec<usize> = match queries {
        Queries::HeldOut(_) => Vec::new(),
        Queries::AllRows(_) => (0..queries.count()).collect(),
        Queries::SomeRows(_, ids) | Queries::DrawnRows(_, ids) => ids.to_vec(),
    };
    let (own, places) = distinct.distinct_queries(&ids);
    let (distinct_queries, others) = match queries {
        Queries::HeldOut(vectors) => (Queries::HeldOut(vectors), distinct.count()),
        Queries::AllRows(_) => (Queries::AllRows(rows), distinct.count() - 1),
        Queries::SomeRows(..) | Queries::DrawnRows(..) => {
            (Queries::SomeRows(rows, &own), distinct.count() - 1)
        }
    };
    let per_query = k.min(others);
    let (nearest, distances): (Vec<DistinctId>, Vec<f32>) = if per_query == 0 {
        (Vec::new(), Vec::new())
    } else {
        let what = Search {
            k: per_query,
            ..what
        };
        search(&rows, distinct_queries, what)?
    };
    let nearest: Vec<u32> = nearest.into_iter().map(|DistinctId(id)| id).collect();
    let place_of = |query: usize| places.get(query).copied().unwrap_or(query);
    Ok(expand_all(
        distinct,
        &queries,
        (k, metric),
        place_of,
        (per_query, &nearest, &distances),
    ))
}

/// The number of a distinct row.
#[derive(Clone, Copy)]
struct DistinctId(u32);

impl From<PointId> for DistinctId {
    fn from(id: PointId) -> Self {
        Self(id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_vectors::Matrix;

    /// A million times a million neighbors: 16 TB at least.
    #[cfg(target_os = "linux")]
    #[test]
    fn more_neighbors_than_memory_holds_are_refused_with_k_and_the_queries() {
        let base = Matrix::zeros(1_000_000, 1);
        let queries = Queries::HeldOut(base.view());
        let error = exact_knn(&base.view(), queries, 1_000_000, Metric::L2, u64::MAX);
        let said = error.expect_err("too much").to_string();
        for words in [
            " TB of memory are needed for the 1000000 exact neighbors of each of 1000000 queries, and ",
            " available",
        ] {
            assert!(said.contains(words), "{said}");
        }
    }
}
